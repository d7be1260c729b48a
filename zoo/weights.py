"""Weights files: float16 safetensors, keyed by the names that builders give to layers."""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import MissingExtraError, WeightsError
from zoo.files import replacing

if TYPE_CHECKING:
    import keras

_HEADER, _PACKED = "rnn_zoo", "rnn_zoo_xz"
_LONG = 8192  # from that many bytes a header is packed: vocabularies become half as long
_LONGEST = 64 * 2**20


def weight_arrays(model: keras.Model) -> dict[str, np.ndarray]:
    """A model's weights as numpy arrays, keyed "layer/position.name"; seed states are left out."""
    return {key: np.asarray(variable.numpy()) for key, variable in _variables(model).items()}


def save_weights(
    model: keras.Model, path: Path, header: Mapping[str, Any], dtype: str = "float16"
) -> None:
    """Writes a model's weights and a JSON header, whole or not at all.

    Args:
        model: Any model whose layers all have names of their own.
        path: The file to write.
        header: JSON-able facts that belong to the weights (fitted processing, the run).
        dtype: Of floating-point weights on disk.
    """
    numpy_io = _safetensors()
    arrays = {
        key: np.ascontiguousarray(value.astype(dtype) if value.dtype.kind == "f" else value)
        for key, value in weight_arrays(model).items()
    }
    with replacing(path) as temporary:
        numpy_io.save_file(arrays, temporary, metadata=_packed(header))


def load_weights(model: keras.Model, path: Path, partly: bool = False) -> list[str]:
    """Reads a weights file into a model.

    Args:
        model: The model, built as the weights' model was.
        path: A file that `save_weights` wrote.
        partly: Leave weights as they are that have another shape in the file, or stand on one side
            only (a new head when fine-tuning).

    Returns:
        Keys of the weights that were left as they are.

    Raises:
        WeightsError: The file is missing, damaged, or of another model.
    """
    variables = _variables(model)
    arrays = _read(path)
    if set(arrays) != set(variables) and not partly:
        odd = sorted(set(arrays) ^ set(variables))[0]
        raise WeightsError(
            f"{path} is of another model: the weight {odd!r} stands on one side only."
        )
    shapes = {key: array.shape for key, array in arrays.items()}
    left = [key for key, v in variables.items() if tuple(v.shape) != shapes.get(key)]
    if left and not partly:
        key = left[0]
        raise WeightsError(
            f"{path} is of another model: {key!r} has the shape {shapes[key]} there, "
            f"{tuple(variables[key].shape)} here."
        )
    for key, variable in variables.items():
        if key not in left:
            variable.assign(arrays[key].astype(variable.dtype))
    return left


def share_weights(model: keras.Model, part: keras.Model) -> None:
    """Gives each layer of a part the weights that the layer of its name has in the whole model.

    Raises:
        ValueError: The part has a layer that the model has not.
    """
    for layer in part.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())


def read_header(path: Path) -> dict[str, Any]:
    """The JSON header of a weights file.

    Raises:
        WeightsError: The file is missing, damaged, or not of this project.
    """
    _safetensors()
    from safetensors import safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            header: dict[str, Any] = json.loads(_unpacked(file.metadata()))
    except FileNotFoundError:
        raise _missing(path) from None
    except Exception as error:  # safetensors raises its own class, which is not exported
        raise _damaged(path, error) from None
    return header


def check_digest(path: Path, sha256: str) -> None:
    """Compares a file with the SHA-256 that it should have, before anything parses it.

    Raises:
        WeightsError: The file is missing, or another one.
    """
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise _missing(path) from None
    if found != sha256:
        raise _damaged(path, f"its SHA-256 begins with {found[:12]}, its card says {sha256[:12]}")


def _packed(header: Mapping[str, Any]) -> dict[str, str]:
    """A file's metadata: the header as JSON, or, if that is long, as base85 of its xz form."""
    told = json.dumps(dict(header), ensure_ascii=False, separators=(",", ":"))
    if len(told) < _LONG:
        return {_HEADER: told}
    return {_PACKED: base64.b85encode(lzma.compress(told.encode())).decode()}


def _unpacked(metadata: Mapping[str, str]) -> str:
    if _PACKED not in metadata:
        return metadata[_HEADER]
    unpacking = lzma.LZMADecompressor()
    told = unpacking.decompress(base64.b85decode(metadata[_PACKED]), max_length=_LONGEST)
    if not unpacking.eof:
        raise ValueError(f"its header is cut short or longer than {_LONGEST} bytes")
    return told.decode()


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        arrays: dict[str, np.ndarray] = _safetensors().load_file(path)
    except FileNotFoundError:
        raise _missing(path) from None
    except Exception as error:
        raise _damaged(path, error) from None
    return arrays


def _missing(path: Path) -> WeightsError:
    return WeightsError(f"{path} does not exist: train the model first, or install rnn-zoo again.")


def _damaged(path: Path, error: Exception | str) -> WeightsError:
    return WeightsError(f"{path} is damaged ({error}): train the model or install rnn-zoo again.")


def _variables(model: keras.Model) -> dict[str, Any]:
    return {
        f"{layer.name}/{position}.{variable.name}": variable
        for layer in model.layers
        for position, variable in enumerate(layer.weights)
    }


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise MissingExtraError("tensorflow", "Reading weights") from None
    return safetensors.numpy
