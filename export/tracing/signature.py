"""What a model is called with: names, shapes and types of its inputs, in their structure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import tensorflow as tf

from export.internals import input_structure, replaced_methods
from zoo.errors import ExportError


@dataclass(frozen=True)
class TensorSpec:
    """An input of a model; None stands for an axis whose size is open."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class Signature:
    """The positional arguments of a model.

    Attributes:
        structure: Their nested structure; its leaves do not matter.
        inputs: The leaves, flat.
        fixed_by_example: Whether Keras knows the shapes only from one call that was made.
    """

    structure: Any
    inputs: tuple[TensorSpec, ...]
    fixed_by_example: bool = False

    def arguments(self, flat: Sequence[Any]) -> list[Any]:
        """Flat tensors as the arguments that the model takes."""
        return list(keras.tree.pack_sequence_as(self.structure, list(flat)))


def signature_of(network: Any, inputs: Any = None) -> Signature:
    """Finds what a model is called with.

    Args:
        network: A ``keras.Model``.
        inputs: What it is called with, for a model that does not know it itself: a nested
            structure of ``keras.Input`` or ``keras.InputSpec``; a tuple stands for several
            positional arguments.

    Raises:
        ExportError: It is not known.
    """
    if inputs is not None:
        structure = list(inputs) if isinstance(inputs, tuple) else [inputs]
        leaves = keras.tree.flatten(structure)
        if not all(hasattr(leaf, "shape") and hasattr(leaf, "dtype") for leaf in leaves):
            raise ExportError("inputs= takes keras.Input or keras.InputSpec, alone or nested")
        return Signature(structure, _specs(structure, leaves))
    structure = input_structure(network)
    known = list(getattr(network, "inputs", None) or [])
    leaves = keras.tree.flatten(structure)
    # Keras opens the batch of a signature; a functional model may have fixed it.
    same = len(known) == len(leaves)
    return Signature(structure, _specs(structure, known if same else leaves), not same)


def opened(network: Any, signature: Signature, layers: Sequence[Any]) -> Signature:
    """What Keras does not remember of a subclassed model's inputs, found by tracing it.

    Each second axis is opened where the model can be traced so: the length of the example that it
    was called with says nothing about others. An input that an ``Embedding`` reads as it is holds
    codes, so it is int32; Keras remembers float32 for every input.
    """
    codes = _read_by_embeddings(network, signature, layers)
    specs = [
        replace(spec, dtype="int32") if index in codes else spec
        for index, spec in enumerate(signature.inputs)
    ]
    long = [index for index, spec in enumerate(specs) if len(spec.shape) > 1]
    for together in [long, *([index] for index in long)]:  # axes may be tied to each other
        trial = [_open(spec) if k in together else spec for k, spec in enumerate(specs)]
        if _answers(network, replace(signature, inputs=tuple(trial)), specs):
            specs = trial
            if together == long:
                break
    return replace(signature, inputs=tuple(specs), fixed_by_example=False)


def _open(spec: TensorSpec) -> TensorSpec:
    return replace(spec, shape=(*spec.shape[:1], None, *spec.shape[2:]))


def _specs(structure: Any, leaves: Sequence[Any]) -> tuple[TensorSpec, ...]:
    paths = [path for path, _ in keras.tree.flatten_with_path(structure)]
    specs = []
    for index, (path, leaf) in enumerate(zip(paths, leaves, strict=True)):
        keys = [part for part in path[1:] if isinstance(part, str)]
        name = getattr(leaf, "name", None) or "_".join(keys) or f"input_{index}"
        specs.append(TensorSpec(name, tuple(leaf.shape), str(leaf.dtype)))
    return tuple(specs)


def _trace(network: Any, signature: Signature, seen: Callable[[Sequence[Any]], None]) -> Any:
    def call(*flat: Any) -> Any:
        seen(flat)
        return network(*signature.arguments(flat), training=False)

    specs = [tf.TensorSpec(spec.shape, spec.dtype) for spec in signature.inputs]
    return tf.function(call, autograph=False).get_concrete_function(*specs)


def _answers(network: Any, signature: Signature, known: Sequence[TensorSpec]) -> bool:
    """Whether a model can be traced with open axes and then takes a step more than the example."""
    try:
        function = _trace(network, signature, lambda _: None)
        for more in (0, 1):
            zeros = [_zeros(*pair, more) for pair in zip(signature.inputs, known, strict=True)]
            function(*zeros)
    except Exception:  # a framework may raise anything for a shape that it cannot take
        return False
    return True


def _zeros(spec: TensorSpec, known: TensorSpec, more: int) -> Any:
    sizes = zip(spec.shape, known.shape, strict=True)
    shape = [2 if old is None else old + more * (new is None) for new, old in sizes]
    return tf.zeros(shape, spec.dtype)


def _read_by_embeddings(network: Any, signature: Signature, layers: Sequence[Any]) -> set[int]:
    """Positions of the inputs that an ``Embedding`` is called with."""
    tensors: list[Any] = []
    found: set[int] = set()

    def spy(layer: Any) -> Callable[..., Any]:
        def call(inputs: Any) -> Any:
            found.update(index for index, tensor in enumerate(tensors) if tensor is inputs)
            return type(layer).call(layer, inputs)

        return call

    embeddings = [layer for layer in layers if isinstance(layer, keras.layers.Embedding)]
    with replaced_methods({(layer, "call"): spy(layer) for layer in embeddings}):
        try:
            _trace(network, signature, tensors.extend)
        except Exception:  # the export itself says what is wrong
            return set()
    return found
