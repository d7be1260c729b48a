"""How much a loss depends on each step's state: the gradient by h_t, on any backend of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.builders._cells import STATES
from zoo.errors import RecipeError

_PARTS = {"SimpleRNNCell": STATES["rnn"], "LSTMCell": STATES["lstm"], "GRUCell": STATES["gru"]}


class NudgedCell(keras.layers.Layer):  # type: ignore[misc]
    """A cell whose inputs end with what is added to its next states.

    Args:
        cell: Any recurrent cell whose states are vectors.
    """

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = cell
        self.output_size = cell.units
        self.sizes = [cell.units] * len(_PARTS[type(cell).__name__])
        self.state_size = self.sizes if len(self.sizes) > 1 else cell.units

    def build(self, input_shape: Any) -> None:
        """Builds the cell, for inputs without the nudges."""
        features = input_shape[-1] - sum(self.sizes)
        self.cell.build((*input_shape[:-1], features))
        self.built = True

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """One step; the output is the nudged h."""
        features = inputs.shape[-1] - sum(self.sizes)
        places = [features + sum(self.sizes[:i]) for i in range(len(self.sizes))]
        given, *nudges = ops.split(inputs, places, axis=-1)
        _, following = self.cell(given, states, training=training)
        following = list(following) if isinstance(following, list | tuple) else [following]
        following = [state + nudge for state, nudge in zip(following, nudges, strict=True)]
        return following[0], following

    def get_initial_state(self, batch_size: int | None = None) -> Any:
        """That of the cell."""
        return self.cell.get_initial_state(batch_size)


class WatchedRecurrence(keras.layers.Layer):  # type: ignore[misc]
    """A recurrent layer with a weight, at 0, that is added to its states at every step.

    Args:
        layer: The layer, built; its weights are copied.
    """

    def __init__(self, layer: keras.layers.RNN) -> None:
        super().__init__(name=layer.name)
        cell = layer.cell.from_config(layer.cell.get_config())
        self.parts = _PARTS[type(layer.cell).__name__]
        self._weights_of_cell = layer.cell.get_weights()
        told = ("return_sequences", "return_state", "go_backwards", "zero_output_for_mask")
        options = {name: getattr(layer, name) for name in told}
        self.recurrence = keras.layers.RNN(NudgedCell(cell), **options)

    def build(self, input_shape: Any) -> None:
        """Makes the nudges for one batch of known size; needs a fixed shape."""
        batch, steps, features = input_shape
        size = sum(self.recurrence.cell.sizes)
        self.nudge = self.add_weight(
            shape=(batch, steps, size), initializer="zeros", name="nudge", trainable=True
        )
        self.recurrence.build((batch, steps, features + size))
        self.recurrence.cell.cell.set_weights(self._weights_of_cell)
        self.recurrence.trainable = False
        self.built = True

    def call(self, inputs: Any, initial_state: Any = None, mask: Any = None) -> Any:
        """What the layer itself gives."""
        nudged = ops.concatenate([inputs, ops.cast(self.nudge, inputs.dtype)], axis=-1)
        return self.recurrence(nudged, initial_state=initial_state, mask=mask)


class WatchedBothWays(keras.layers.Layer):  # type: ignore[misc]
    """A bidirectional layer, of concatenated directions, whose directions are watched.

    Args:
        layer: The layer, built.
    """

    def __init__(self, layer: keras.layers.Bidirectional) -> None:
        super().__init__(name=layer.name)
        self.directions = [
            WatchedRecurrence(layer.forward_layer),
            WatchedRecurrence(layer.backward_layer),
        ]
        self.return_sequences = layer.return_sequences

    def build(self, input_shape: Any) -> None:
        """Builds both directions."""
        for direction in self.directions:
            direction.build(input_shape)
        self.built = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """What the layer itself gives."""
        forward, backward = (direction(inputs, mask=mask) for direction in self.directions)
        if self.return_sequences:
            backward = ops.flip(backward, axis=1)
        return ops.concatenate([forward, backward], axis=-1)


class WithoutDropout(keras.Model):  # type: ignore[misc]
    """A model that computes while it learns as it does when it answers.

    Args:
        model: The model.
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self.model = model

    def call(self, inputs: Any) -> Any:
        """The model's outputs."""
        return self.model(inputs, training=False)


def gradient_flow(
    model: keras.Model, inputs: Any, targets: Any, loss: Callable[[Any, Any], Any] | Any
) -> dict[str, np.ndarray]:
    """The length of the gradient of a loss by the state of each step.

    A weight that starts at 0 is added to every state; one step of plain gradient descent with a
    learning rate of 1 makes it the negative gradient, whatever the backend. The other weights stay,
    and the model itself is not touched.

    Args:
        model: A functional model, built, with SimpleRNN, LSTM or GRU layers.
        inputs: One batch, as the model takes it.
        targets: Of the batch.
        loss: A Keras loss, or a function of targets and outputs; its mean over the batch counts.

    Returns:
        Layer and part of its state, as in "recurrent_0.h", to float64 (time,): the mean over the
        batch of the length of each example's gradient. Of an LSTM the gradient by h is taken with c
        held, and the other way round.

    Raises:
        RecipeError: No layer can be watched, or one is used more than once.
    """
    watched: list[WatchedRecurrence] = []
    probe = keras.models.clone_model(
        keras.Model(model.input, model.output),  # a copy of a compiled one would be compiled too
        input_tensors=_of_fixed_shape(model, inputs),
        clone_function=lambda layer: _watch(layer, watched),
    )
    if not watched:
        raise RecipeError(f"Received {model.name}, which has no recurrent layer to watch.")
    for layer in model.layers:
        if layer.weights and not isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional):
            probe.get_layer(layer.name).set_weights(layer.get_weights())
            probe.get_layer(layer.name).trainable = False
    learner = WithoutDropout(probe)
    learner.compile(keras.optimizers.SGD(1.0), loss=loss, jit_compile=False)
    learner.train_on_batch(inputs, targets)
    found = dict[str, np.ndarray]()
    for layer in watched:
        gradient = -np.asarray(layer.nudge.numpy(), np.float64)
        examples = len(gradient)  # the mean loss has one part of so many for each
        for part, values in zip(
            layer.parts, np.split(gradient, len(layer.parts), axis=-1), strict=True
        ):
            lengths = np.linalg.norm(values * examples, axis=-1)
            found[f"{layer.name}.{part}"] = lengths.mean(axis=0)
    return found


def _of_fixed_shape(model: keras.Model, inputs: Any) -> Any:
    """Inputs as the model has them, with the shapes of a batch."""
    names = [tensor.name for tensor in model.inputs]
    given = inputs if isinstance(inputs, dict) else dict(zip(names, [inputs], strict=True))
    made = {
        name: keras.Input(batch_shape=given[name].shape, dtype=str(given[name].dtype), name=name)
        for name in names
    }
    return keras.tree.map_structure(lambda tensor: made[tensor.name], model.input)


def _watch(layer: keras.layers.Layer, watched: list[WatchedRecurrence]) -> keras.layers.Layer:
    """A copy of a layer, watched where it is recurrent."""
    both = isinstance(layer, keras.layers.Bidirectional)
    if not both and not isinstance(layer, keras.layers.RNN):
        return layer.__class__.from_config(layer.get_config())
    if len(layer._inbound_nodes) > 1:
        raise RecipeError(f"The layer {layer.name!r} is used more than once; no flow is drawn.")
    copy = WatchedBothWays(layer) if both else WatchedRecurrence(layer)
    watched += copy.directions if both else [copy]
    return copy
