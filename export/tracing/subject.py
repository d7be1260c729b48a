"""The model that is exported, as a function of named arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from export.allowed import TOLERANCES, Allowed
from export.internals import all_layers, replaced_methods, without_cudnn
from export.recurrent import Forms
from export.tracing.layer_state import ExplicitState, KeptState, kept_states, restored
from export.tracing.marks import Marks
from export.tracing.precision import in_float32, low_precision
from export.tracing.signature import TensorSpec, opened, signature_of
from export.tracing.time_distributed import folded
from zoo.errors import ExportError
from zoo.tasks import Arrays


class Subject:
    """A Keras model as a function of named arrays: its states explicit, its names its own.

    Args:
        model: A ``keras.Model``, or a zoo model whose ``network`` is one.
        inputs: What it is called with, where it does not know; see ``signature_of``.

    Attributes:
        inputs: The model's inputs, then the states that its layers keep.
        output_names: Names of its outputs, then of the states after the call.
        output_dtypes: Their types.
        states: State input -> output that holds its next value.
        signature: Of a SavedModel, the one that answers as this does.
        held: For a streaming form: state with an open second axis -> its size once full.
        low_precision: "float16" or "bfloat16" if a layer computes in it, else None.

    Raises:
        ExportError: It is neither, its inputs are unknown, or Keras runs on another backend than
            TensorFlow.
    """

    signature = "serve"
    held: Mapping[str, int] | None = None

    def __init__(self, model: Any, inputs: Any = None) -> None:
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
        self._signature = signature_of(network, inputs)
        if self._signature.fixed_by_example:
            self._signature = opened(network, self._signature, self.layers)
        self._kept = kept_states(self.layers)
        self.output_names: tuple[str, ...] = ()
        self.low_precision = low_precision(self.layers)
        self.output_dtypes: tuple[str, ...] = ()
        with without_cudnn(self.layers):
            carried = self._carried()
            self.states = {spec.name: f"next_{spec.name}" for spec in carried}
            self.inputs = (*self._signature.inputs, *carried)
            self._original = self._traced(self._keeping)
        self.function = self._original
        if carried or self.low_precision:
            with self.exporting():
                self.function = self._traced(self._pure)

    @contextmanager
    def exporting(self) -> Iterator[None]:
        """The model computes as its file does: in float32 at least, without cuDNN."""
        with without_cudnn(self.layers), in_float32(self.layers):
            yield

    @property
    def allowed(self) -> dict[str, Allowed]:
        """How far a file's outputs may be from this model's."""
        pairs = zip(self.output_names, self.output_dtypes, strict=True)
        return {name: Allowed(TOLERANCES.get(dtype, 0.0)) for name, dtype in pairs}

    def run(self, arrays: Mapping[str, Any]) -> Arrays:
        """Answers as the file must: in float32 where the model's own precision is lower."""
        return self._answer(self.function if self.low_precision else self._original, arrays)

    def whole(self, arrays: Mapping[str, Any]) -> Arrays:
        """Answers for whole sequences, as the model itself does."""
        return self.run(arrays)

    def run_as_is(self, arrays: Mapping[str, Any]) -> Arrays:
        """Answers in the model's own precision."""
        return self._answer(self._original, arrays)

    def moved(self, arrays: Arrays) -> Arrays:
        """Inputs in which rounding may be seen: here the inputs themselves."""
        return arrays

    def settled(self, expected: Arrays, found: Arrays) -> Arrays:
        """What a file must answer that gave ``found``: here nothing depends on it."""
        return expected

    def marked(self, forms: Forms) -> tuple[Any, Marks]:
        """A ``tf.function`` of the model in which each recurrent layer is one marked operator.

        Its inputs are ``input_000`` and so on in the order of ``inputs``; its outputs
        ``output_000`` and so on in the order of ``output_names``.

        Raises:
            ExportError: A recurrent layer cannot be exported.
        """
        marks = Marks(forms)
        with replaced_methods(marks.methods(self.layers)):
            try:
                return self._traced(self._pure), marks
            except Exception:
                if marks.refusal:
                    raise marks.refusal from None
                raise

    def layer_names(self) -> list[str]:
        """Names of the layers inside the model."""
        return [layer.name for layer in self.layers if layer is not self.network]

    def _answer(self, function: Any, arrays: Mapping[str, Any]) -> Arrays:
        with restored(self._kept):
            outputs = function(*(tf.constant(arrays[spec.name]) for spec in self.inputs))
        return {
            name: _as_numpy(outputs[key])
            for name, key in zip(self.output_names, sorted(outputs), strict=True)
        }

    def _carried(self) -> list[TensorSpec]:
        """The states that become inputs: those that layers keep."""
        return [_state_spec(state) for state in self._kept]

    def _keeping(self, inputs: Any, states: Sequence[Any]) -> list[Any]:
        """Calls the model as it is; layers keep their state in variables."""
        for state, value in zip(self._kept, states, strict=True):
            state.variable.assign(value)
        with replaced_methods(folded(self.layers)):
            outputs = self.network(*inputs, training=False)
        return self._named(outputs, [state.variable.value for state in self._kept])

    def _named(self, outputs: Any, states: Sequence[Any]) -> list[Any]:
        """Notes names and types of outputs and states, which it returns flat."""
        names = names_of_outputs(self.network, outputs, self.inputs)
        self.output_names = (*names, *self.states.values())
        flat = [*keras.tree.flatten(outputs), *states]
        self.output_dtypes = tuple(_numpy_dtype(tensor.dtype).name for tensor in flat)
        return flat

    def _pure(self, inputs: Any, states: Sequence[Any]) -> list[Any]:
        """Calls the model with its states as tensors, and gives the types that it gives."""
        explicit = ExplicitState(self._kept, states)
        with replaced_methods({**folded(self.layers), **explicit.methods()}):
            outputs = self.network(*inputs, training=False)
        flat = [*keras.tree.flatten(outputs), *explicit.after()]
        return [tf.cast(*pair) for pair in zip(flat, self.output_dtypes, strict=True)]

    def _traced(
        self,
        call: Callable[[Any, Sequence[Any]], list[Any]],
        inputs: Sequence[TensorSpec] | None = None,
    ) -> Any:
        signature = [
            tf.TensorSpec(spec.shape, spec.dtype, name=f"input_{index:03d}")
            for index, spec in enumerate(self.inputs if inputs is None else inputs)
        ]

        def answer(*flat: Any) -> dict[str, Any]:
            count = len(self._signature.inputs)
            arguments, states = self._signature.arguments(flat[:count]), flat[count:]
            return {
                f"output_{index:03d}": tf.identity(tensor)
                for index, tensor in enumerate(call(arguments, states))
            }

        function = tf.function(answer, input_signature=signature, autograph=False)
        try:
            function.get_concrete_function()
        except ExportError:
            raise
        except Exception as error:
            own = bool(getattr(self.network, "inputs", None))
            hint = "" if own else "; if it takes several arguments, pass `inputs=`"
            raise ExportError(
                f"model {self.name!r} cannot be traced: {first_line(error)}{hint}"
            ) from error
        return function


def _state_spec(state: KeptState) -> TensorSpec:
    return TensorSpec(state.name, tuple(state.variable.shape), str(state.variable.dtype))


def _numpy_dtype(dtype: Any) -> Any:
    """The type of an output; numpy and onnxruntime's Python have no bfloat16."""
    return tf.float32 if dtype == tf.bfloat16 else dtype


def _as_numpy(tensor: Any) -> Any:
    return np.asarray(tf.cast(tensor, _numpy_dtype(tensor.dtype)))


def names_of_outputs(network: Any, outputs: Any, inputs: tuple[TensorSpec, ...]) -> tuple[str, ...]:
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


def first_line(error: BaseException) -> str:
    """The first sentence of a framework's message that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
