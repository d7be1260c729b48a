"""Cells and layers that somebody wrote: Keras has none of them."""

from __future__ import annotations

from typing import Any

import keras

register = keras.saving.register_keras_serializable("tests")


@register
class MinimalGatedCell(keras.layers.Layer):
    """Minimal gated unit: one gate forgets and resets (Zhou et al. 2016)."""

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.units = self.output_size = units
        self.state_size: int | list[int] = units

    def build(self, input_shape: Any) -> None:
        """Makes the weights of the gate and of the candidate, side by side."""
        wide = 2 * self.units
        self.kernel = self.add_weight(shape=(input_shape[-1], wide), name="kernel")
        self.recurrent = self.add_weight(shape=(self.units, wide), name="recurrent")
        self.bias = self.add_weight(shape=(wide,), name="bias")

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """One step."""
        (state,) = states
        gate_in, value_in = keras.ops.split(inputs @ self.kernel + self.bias, 2, axis=-1)
        gate_weights, value_weights = keras.ops.split(self.recurrent, 2, axis=-1)
        gate = keras.ops.sigmoid(gate_in + state @ gate_weights)
        value = keras.ops.tanh(value_in + (gate * state) @ value_weights)
        new = state + gate * (value - state)
        return new, [new]

    def get_config(self) -> dict[str, Any]:
        """Units beside what every layer has."""
        return {**super().get_config(), "units": self.units}


@register
class PeepholeCell(MinimalGatedCell):
    """An LSTM whose gates see the cell state (Gers and Schmidhuber 2000)."""

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(units, **options)
        self.state_size = [units, units]

    def build(self, input_shape: Any) -> None:
        """Makes the weights of the gates i, f, g, o and of their peepholes."""
        size = int(input_shape[-1]) + self.units
        self.kernel = self.add_weight(shape=(size, 4 * self.units), name="kernel")
        self.bias = self.add_weight(shape=(4 * self.units,), name="bias")
        self.peepholes = self.add_weight(shape=(3, self.units), name="peepholes")

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """One step."""
        state, memory = states
        joined = keras.ops.concatenate([inputs, state], axis=-1) @ self.kernel + self.bias
        i, f, g, o = keras.ops.split(joined, 4, axis=-1)
        i = keras.ops.sigmoid(i + self.peepholes[0] * memory)
        f = keras.ops.sigmoid(f + self.peepholes[1] * memory)
        memory = f * memory + i * keras.ops.tanh(g)
        o = keras.ops.sigmoid(o + self.peepholes[2] * memory)
        state = o * keras.ops.tanh(memory)
        return state, [state, memory]


@register
class NormalisedCell(MinimalGatedCell):
    """A simple cell with a layer normalisation and a dense layer of its own."""

    def build(self, input_shape: Any) -> None:
        """Makes the inner layers."""
        self.dense = keras.layers.Dense(self.units, name="dense")
        self.dense.build((None, int(input_shape[-1]) + self.units))
        self.normalisation = keras.layers.LayerNormalization(epsilon=0.1, name="normalisation")
        self.normalisation.build((None, self.units))

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """One step."""
        joined = keras.ops.concatenate([inputs, states[0]], axis=-1)
        new = keras.ops.tanh(self.normalisation(self.dense(joined)))
        return new, [new]


@register
class ProjectedCell(keras.layers.LSTMCell):
    """An LSTM cell whose answer is narrower than its states, and that takes what it gets."""

    def build(self, input_shape: Any) -> None:
        """Adds the projection."""
        super().build(input_shape)
        self.output_size = 2
        self.projection = self.add_weight(shape=(self.units, 2), name="projection")

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """One step."""
        output, states = super().call(inputs, states, training=training)
        return output @ self.projection, states


@register
class ResidualCell(keras.layers.GRUCell):
    """A GRU cell that adds half of its state to what it answers, not to what it keeps."""

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """One step."""
        output, new = super().call(inputs, states, training=training)
        return output + 0.5 * states[0], new


@register
class RenamedCell(keras.layers.LSTMCell):
    """A subclass that changes nothing."""


@register
class RenamedLSTM(keras.layers.LSTM):
    """A subclass that changes nothing but a default."""

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(units, **{"return_sequences": True, **options})


@register
class ShiftedLSTM(keras.layers.LSTM):
    """A layer that works on what Keras' layer answers."""

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """Twice the answer of an LSTM of half the input, and one."""
        return super().call(sequences * 0.5, initial_state, mask, training) * 2.0 + 1.0


@register
class UnmaskedGRU(keras.layers.GRU):
    """A layer that does not want to know of masks."""

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """The answer of a GRU without a mask."""
        return super().call(sequences, initial_state=initial_state, training=training)


@register
class ScaledBidirectional(keras.layers.Bidirectional):
    """A wrapper that works on what Keras' wrapper answers."""

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """Twice the answer of a Bidirectional."""
        return super().call(sequences, initial_state, mask, training) * 2.0


@register
class Tagger(keras.layers.Layer):
    """A layer that holds recurrent layers and calls them itself."""

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.units = units
        self.supports_masking = True
        self.lower = keras.layers.LSTM(units, return_sequences=True, name="lower")
        self.upper = keras.layers.GRU(units, return_state=True, name="upper")

    def build(self, input_shape: Any) -> None:
        """Builds the inner layers."""
        self.lower.build(input_shape)
        self.upper.build((*input_shape[:-1], self.units))

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The last output and the lower layer's mean."""
        sequence = self.lower(inputs, mask=mask)
        last, state = self.upper(sequence, mask=mask)
        return last + state + keras.ops.mean(sequence, axis=1)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """One vector a row."""
        return input_shape[0], self.units
