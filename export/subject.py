"""The model that is exported, as a function of named arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from export.internals import all_layers, input_structure, replaced_calls, without_cudnn
from export.marks import Marks
from zoo.errors import ExportError
from zoo.tasks import Arrays


@dataclass(frozen=True)
class TensorSpec:
    """An input of a model; None stands for an axis whose size is open."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


class Subject:
    """A Keras model with names for its inputs and outputs.

    Args:
        model: A ``keras.Model``, or a zoo model whose ``network`` is one.

    Raises:
        ExportError: It is neither, its inputs are unknown, or Keras runs on another backend than
            TensorFlow.
    """

    def __init__(self, model: Any) -> None:
        network = getattr(model, "network", model)
        if keras.backend.backend() != "tensorflow":
            raise ExportError(
                f"Keras runs on its {keras.backend.backend()!r} backend; export needs TensorFlow: "
                "set KERAS_BACKEND=tensorflow before Python starts and load the model again "
                "(weights are the same on every backend)"
            )
        if not isinstance(network, keras.Model):
            raise ExportError(f"a keras.Model is needed, received a {type(network).__name__}")
        self.network = network
        self.name = str(network.name)
        self.layers = all_layers(network)
        self._structure = input_structure(network)
        self.inputs = _input_specs(network, self._structure)
        self.output_names: tuple[str, ...] = ()
        with without_cudnn(self.layers):
            self.function = self._trace()

    def run(self, arrays: Mapping[str, Any]) -> Arrays:
        """Answers as the model does at inference: named arrays in, named arrays out."""
        outputs = self.function(*(tf.constant(arrays[spec.name]) for spec in self.inputs))
        return {
            name: np.asarray(outputs[key])
            for name, key in zip(self.output_names, sorted(outputs), strict=True)
        }

    def marked(self) -> tuple[Any, Marks]:
        """A ``tf.function`` of the model in which each recurrent layer is one marked operator.

        Its inputs are ``input_000`` and so on in the order of ``inputs``; its outputs
        ``output_000`` and so on in the order of ``output_names``.

        Raises:
            ExportError: A recurrent layer has no ONNX form.
        """
        marks = Marks()
        kinds = (keras.layers.RNN, keras.layers.Bidirectional)
        calls = {layer: marks.function(layer) for layer in self.layers if isinstance(layer, kinds)}
        with replaced_calls(calls):
            try:
                return self._trace(), marks
            except Exception:
                if marks.refusal:
                    raise marks.refusal from None
                raise

    def _trace(self) -> Any:
        signature = [
            tf.TensorSpec(spec.shape, spec.dtype, name=f"input_{index:03d}")
            for index, spec in enumerate(self.inputs)
        ]

        def answer(*flat: Any) -> dict[str, Any]:
            arguments = keras.tree.pack_sequence_as(self._structure, list(flat))
            outputs = self.network(*arguments, training=False)
            self.output_names = _output_names(self.network, outputs, self.inputs)
            return {
                f"output_{index:03d}": tf.identity(tensor)
                for index, tensor in enumerate(keras.tree.flatten(outputs))
            }

        function = tf.function(answer, input_signature=signature, autograph=False)
        try:
            function.get_concrete_function()
        except ExportError:
            raise
        except Exception as error:
            raise ExportError(f"model {self.name!r} cannot be traced: {_short(error)}") from error
        return function


def _input_specs(network: Any, structure: Any) -> tuple[TensorSpec, ...]:
    flat = keras.tree.flatten(structure)
    known = [tensor.name for tensor in getattr(network, "inputs", None) or []]
    specs = []
    for index, spec in enumerate(flat):
        fallback = known[index] if len(known) == len(flat) else f"input_{index}"
        specs.append(TensorSpec(spec.name or fallback, tuple(spec.shape), str(spec.dtype)))
    return tuple(specs)


def _output_names(network: Any, outputs: Any, inputs: tuple[TensorSpec, ...]) -> tuple[str, ...]:
    """The keys of a dictionary, else the names of the layers that gave the outputs."""
    paths = [path for path, _ in keras.tree.flatten_with_path(outputs)]
    given = list(getattr(network, "output_names", None) or [])
    if isinstance(outputs, Mapping):
        names = ["_".join(str(part) for part in path) for path in paths]
    elif len(given) == len(paths):
        names = given
    elif isinstance(network, keras.Sequential):
        names = [network.layers[-1].name] * len(paths)
    else:
        names = ["output"] * len(paths)
    taken = {spec.name for spec in inputs}
    unique = []
    for name in names:
        candidate, count = name, 0
        while candidate in taken:
            count += 1
            candidate = f"{name}_{count}"
        taken.add(candidate)
        unique.append(candidate)
    return tuple(unique)


def _short(error: BaseException) -> str:
    """The first sentence of a framework's message that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
