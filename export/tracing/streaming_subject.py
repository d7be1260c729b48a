"""A causal Keras model as a function of a chunk and of what it remembers from earlier chunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from export.internals import replaced_methods
from export.tracing.carried import Carried, Method
from export.tracing.layer_state import restored
from export.tracing.signature import TensorSpec
from export.tracing.subject import Subject
from export.tracing.time_distributed import folded
from zoo.errors import ExportError
from zoo.tasks import Arrays


class StreamingSubject(Subject):
    """A model whose states are inputs and outputs: those of layers, and the last inputs of
    convolutions along time.

    Attributes:
        held: State whose second axis is open, since it is empty at first -> its size once full.

    Raises:
        ExportError: A layer reads from the end of the sequence, or the time axis is not open.
    """

    def _carried(self) -> list[TensorSpec]:
        if not any(spec.shape[1:2] == (None,) for spec in self._signature.inputs):
            raise ExportError(
                f"model {self.name!r} has no input with an open time axis, so it cannot be fed in "
                "chunks; build it with keras.Input((None, ...))"
            )
        found: list[Carried] = []

        def discover(inputs: Any, _: Sequence[Any]) -> list[Any]:
            carried = Carried(self.layers, None, self._taken())
            found.append(carried)
            with replaced_methods({**folded(self.layers), **carried.methods()}):
                outputs = self.network(*inputs, training=False)
            return list(keras.tree.flatten(outputs))

        try:
            self._traced(discover, self._signature.inputs)
        except ExportError:
            if found and found[-1].refusal:
                raise found[-1].refusal from None
            raise
        self.held = dict(found[-1].held)
        return list(found[-1].specs)

    def whole(self, arrays: Mapping[str, Any]) -> Arrays:
        """The answers of the model as it is, for whole sequences; it starts anew."""
        given = [tf.constant(arrays[spec.name]) for spec in self._signature.inputs]
        with restored(self._kept):
            outputs = self._plain(*given)
        pairs = zip(self.output_names, self.output_dtypes, strict=True)
        keys = sorted(outputs)
        return {
            name: np.asarray(tf.cast(outputs[key], dtype))
            for key, (name, dtype) in zip(keys, pairs, strict=False)
        }

    def eagerly(
        self,
        arrays: Mapping[str, Any],
        states: Sequence[Any] | None,
        watch: Callable[[Mapping[Method, Callable[..., Any]]], Mapping[Method, Callable[..., Any]]],
    ) -> tuple[list[Any], list[Any]]:
        """Calls the streaming form step by step, without a graph.

        Args:
            arrays: The model's inputs.
            states: Before the call; None at the start of a stream.
            watch: Wraps the stand-ins of layers, to see what they answer.

        Returns:
            The outputs, flat, and the states after the call.

        Raises:
            TooFewSteps: A convolution without padding needs more steps.
        """
        carried = Carried(self.layers, states, self._taken())
        with self.exporting(), restored(self._kept):
            before = {**folded(self.layers), **carried.methods()}
            with replaced_methods(watch(before)):
                outputs = self.network(*self._arguments(arrays), training=False)
        return keras.tree.flatten(outputs), carried.after

    def wholly(
        self,
        arrays: Mapping[str, Any],
        watch: Callable[[Mapping[Method, Callable[..., Any]]], Mapping[Method, Callable[..., Any]]],
    ) -> list[Any]:
        """Calls the model as it is, without a graph; its outputs, flat."""
        with self.exporting(), restored(self._kept):
            self._start_anew()
            with replaced_methods(watch(folded(self.layers))):
                outputs = self.network(*self._arguments(arrays), training=False)
        return list(keras.tree.flatten(outputs))

    @cached_property
    def _plain(self) -> Any:
        def call(inputs: Any, _: Sequence[Any]) -> list[Any]:
            self._start_anew()
            with replaced_methods(folded(self.layers)):
                return list(keras.tree.flatten(self.network(*inputs, training=False)))

        with self.exporting():
            return self._traced(call, self._signature.inputs)

    def _start_anew(self) -> None:
        for state in self._kept:
            state.variable.assign(tf.zeros_like(state.variable))

    def _arguments(self, arrays: Mapping[str, Any]) -> list[Any]:
        given = [tf.constant(arrays[spec.name]) for spec in self._signature.inputs]
        return self._signature.arguments(given)

    def _taken(self) -> list[str]:
        return [spec.name for spec in self._signature.inputs]

    def _keeping(self, inputs: Any, states: Sequence[Any]) -> list[Any]:
        return self._named(*self._streamed(inputs, states))

    def _pure(self, inputs: Any, states: Sequence[Any]) -> list[Any]:
        outputs, after = self._streamed(inputs, states)
        flat = [*keras.tree.flatten(outputs), *after]
        return [tf.cast(*pair) for pair in zip(flat, self.output_dtypes, strict=True)]

    def _streamed(self, inputs: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        carried = Carried(self.layers, states, self._taken())
        with replaced_methods({**folded(self.layers), **carried.methods()}):
            outputs = self.network(*inputs, training=False)
        return outputs, carried.after
