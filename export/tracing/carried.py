"""What a causal model must remember from chunk to chunk, as explicit inputs and outputs.

A recurrent layer carries its state; a convolution along time its last inputs. Each call of a layer
has states of its own, in the order of the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from export.internals import all_layers
from export.recurrent import cells_of, is_known
from export.tracing.signature import TensorSpec
from zoo.errors import ExportError

_CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.SeparableConv1D,
    keras.layers.DepthwiseConv1D,
)
Method = tuple[Any, str]


class TooFewSteps(Exception):
    """A convolution without padding was given fewer steps than its kernel spans."""


class Carried:
    """Lets the layers of a causal model take their states from tensors and leave them as tensors.

    Args:
        layers: All layers of the model.
        values: The states before the call, in the order of ``specs``; None to find out what there
            is: all start from zeros then.
        taken: Names that no state may have.

    Attributes:
        specs: The states met so far: name, shape, type; an open second axis is empty at the start.
        held: Name of a state with an open second axis -> its size once it is full.
        after: The states after the calls so far.
        refusal: Why a call could not be made, if so.

    Raises:
        ExportError: A layer reads from the end of the sequence.
    """

    def __init__(
        self, layers: Sequence[Any], values: Sequence[Any] | None, taken: Sequence[str]
    ) -> None:
        self.specs: list[TensorSpec] = []
        self.held: dict[str, int] = {}
        self.after: list[Any] = []
        self.refusal: ExportError | None = None
        self._values = values
        self._taken = set(taken)
        self._layers = along_time(layers)

    def methods(self) -> dict[Method, Callable[..., Any]]:
        """Stand-ins for ``call`` of the layers that remember something."""
        found: dict[Method, Callable[..., Any]] = {}
        for layer in self._layers:
            if isinstance(layer, keras.layers.RNN):
                found[layer, "call"] = self._recurrent(layer, _method(layer))
            elif _remembers(layer):
                found[layer, "call"] = self._convolution(layer, _method(layer))
        return found

    def _recurrent(self, layer: Any, run: Callable[..., Any]) -> Callable[..., Any]:
        def call(
            sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = False
        ) -> Any:
            options = {"mask": mask, "training": training}
            if initial_state is not None:  # the model hands the state over itself
                return run(sequences, initial_state=initial_state, **options)
            places, initial = self._states(layer, sequences)
            with _giving_states(layer):
                output, *states = run(sequences, initial_state=initial, **options)
            flat = keras.tree.flatten(states)
            if mask is not None and not layer.zero_output_for_mask:
                output = self._repeated(layer, sequences, initial, mask, output)
            for place, state in zip(places, flat, strict=True):
                self._leave(place, state)
            return (output, *states) if layer.return_state else output

        return call

    def _states(self, layer: Any, sequences: Any) -> tuple[list[int], Any]:
        """The layer's initial state, in its structure, and the places of its parts."""
        with tf.init_scope():
            structure = layer.get_initial_state(batch_size=1)
            flat = [np.asarray(part) for part in keras.tree.flatten(structure)]
        if any(part.any() for part in flat):
            # Keras rewrites what is raised inside a call; this keeps the sentence.
            self.refusal = ExportError(
                f"layer {layer.name!r} cannot stream: its cell starts from a state that is not "
                "zero; let the cell add that value itself"
            )
            raise self.refusal
        parts: tuple[str, ...] = ("h", "c") if isinstance(layer, keras.layers.LSTM) else ("h",)
        if len(parts) != len(flat):
            parts = tuple(f"state_{index}" for index in range(len(flat)))
        names = self._names(layer, parts)
        taken = [
            self._take(
                TensorSpec(name, (sequences.shape[0], *part.shape[1:]), _dtype(layer)), sequences
            )
            for name, part in zip(names, flat, strict=True)
        ]
        values = [value for _, value in taken]
        return [place for place, _ in taken], keras.tree.pack_sequence_as(structure, values)

    def _repeated(self, layer: Any, x: Any, initial: Any, mask: Any, output: Any) -> Any:
        """Before the first valid step of a chunk, Keras' output is that of the last chunk's end."""
        mask = next(iter(mask), None) if keras.tree.is_nested(mask) else mask
        mask = tf.cast(mask, tf.bool)
        mask = tf.squeeze(mask, -1) if len(mask.shape) == 3 else mask
        if layer.return_sequences:
            seen = tf.cumsum(tf.cast(mask, tf.int32), axis=1) > 0
        else:
            seen = tf.reduce_any(mask, axis=1)
        if is_known(layer):  # the output is the first state of the last cell
            size = len(keras.tree.flatten(cells_of(layer)[-1].state_size))
            place, before = None, keras.tree.flatten(initial)[-size]
        else:
            dims = output.shape[2:] if layer.return_sequences else output.shape[1:]
            (name,) = self._names(layer, ("y",))
            spec = TensorSpec(name, (x.shape[0], *dims), _dtype(layer))
            place, before = self._take(spec, x)
        before = tf.cast(before, output.dtype)
        if layer.return_sequences:
            before = before[:, None]
        seen = tf.reshape(
            seen, tf.concat([tf.shape(seen), [1] * (len(output.shape) - len(seen.shape))], 0)
        )
        output = tf.ensure_shape(tf.where(seen, output, before), output.shape)
        if place is not None:
            self._leave(place, output[:, -1] if layer.return_sequences else output)
        return output

    def _convolution(self, layer: Any, run: Callable[..., Any]) -> Callable[..., Any]:
        size = _span(layer)
        causal = layer.padding == "causal"

        def call(inputs: Any, **options: Any) -> Any:
            (name,) = self._names(layer, ("x",))
            shape = (inputs.shape[0], size if causal else None, inputs.shape[-1])
            if not causal:
                self.held[name] = size
            place, before = self._take(TensorSpec(name, shape, _dtype(layer)), inputs)
            joined = tf.concat([tf.cast(before, inputs.dtype), inputs], axis=1)
            if tf.executing_eagerly() and joined.shape[1] <= size:
                raise TooFewSteps(layer.name)
            with _without_padding(layer):
                outputs = run(joined, **options)
            self._leave(place, tf.ensure_shape(joined[:, -size:], shape))
            if causal:
                outputs = tf.ensure_shape(outputs, (*inputs.shape[:2], *outputs.shape[2:]))
            return outputs

        return call

    def _names(self, layer: Any, parts: Sequence[str]) -> list[str]:
        """Names of a call's states; a layer's second call gets names of its own."""
        base, count = layer.name, 1
        while any(f"{base}_{part}" in self._taken for part in parts):
            count += 1
            base = f"{layer.name}_{count}"
        names = [f"{base}_{part}" for part in parts]
        self._taken.update(names)
        return names

    def _take(self, spec: TensorSpec, x: Any) -> tuple[int, Any]:
        """The place of a state and its value before the call."""
        place = len(self.specs)
        self.specs.append(spec)
        self.after.append(None)
        if self._values is not None:
            return place, self._values[place]
        rest = [0 if size is None else size for size in spec.shape[1:]]
        return place, tf.zeros([tf.shape(x)[0], *rest], spec.dtype)

    def _leave(self, place: int, value: Any) -> None:
        self.after[place] = tf.cast(value, self.specs[place].dtype)


def along_time(layers: Sequence[Any]) -> list[Any]:
    """The layers that see the time axis: not those that run once for each step."""
    for layer in layers:
        if isinstance(layer, keras.layers.Bidirectional):
            reason = "reads the sequence from its end too, so it needs all of it"
        elif isinstance(layer, keras.layers.RNN) and layer.go_backwards:
            reason = "reads the sequence from its end, so it needs all of it"
        else:
            continue
        raise ExportError(
            f"layer {layer.name!r} {reason}: this model cannot stream; export it whole"
        )
    inside = {
        id(inner)
        for layer in layers
        if isinstance(layer, (keras.layers.TimeDistributed, keras.layers.RNN))
        for inner in all_layers(layer)
        if inner is not layer
    }
    return [layer for layer in layers if id(layer) not in inside]


def _remembers(layer: Any) -> bool:
    """Whether a layer is a convolution over past inputs alone, at every step."""
    return (
        isinstance(layer, _CONVOLUTIONS)
        and any(type(layer).call is kind.call for kind in _CONVOLUTIONS)
        and layer.padding in ("causal", "valid")
        and layer.data_format == "channels_last"
        and tuple(layer.strides) in ((1,), (1, 1))
        and _span(layer) > 0
    )


def _span(layer: Any) -> int:
    """How many steps before the present one a convolution reads."""
    dilation = layer.dilation_rate
    first = dilation[0] if isinstance(dilation, (tuple, list)) else dilation
    return (int(layer.kernel_size[0]) - 1) * int(first)


def _method(layer: Any) -> Callable[..., Any]:
    """What stands for ``call`` now: a mark, or the layer's own."""
    stand_in = vars(layer).get("call")
    if stand_in is not None:
        return stand_in  # type: ignore[no-any-return]
    return lambda *args, **options: type(layer).call(layer, *args, **options)


def _dtype(layer: Any) -> str:
    """Type of a state: that in which the file computes."""
    return "float64" if layer.compute_dtype == "float64" else "float32"


@contextmanager
def _giving_states(layer: Any) -> Iterator[None]:
    """The layer returns its states, and keeps none."""
    before = layer.stateful, layer.return_state
    layer.stateful, layer.return_state = False, True
    try:
        yield
    finally:
        layer.stateful, layer.return_state = before


@contextmanager
def _without_padding(layer: Any) -> Iterator[None]:
    before = layer.padding
    layer.padding = "valid"
    try:
        yield
    finally:
        layer.padding = before
