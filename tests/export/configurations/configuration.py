"""What a configuration is, and the parts that the tables of configurations are written with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from export.proof.samples import Sample

FEATURES, UNITS, CODES = 3, 4, 11
LAYERS = keras.layers

CELLS: dict[str, Callable[..., Any]] = {
    "lstm": LAYERS.LSTM,
    "gru": LAYERS.GRU,
    "gru_before": lambda *a, **k: LAYERS.GRU(*a, reset_after=False, **k),
    "simple_rnn": LAYERS.SimpleRNN,
}
PADDINGS = {"right": 0.3, "left": 0.2, "holes": 0.35, "none_valid": 0.05, "all_valid": 0.1}


@dataclass(frozen=True)
class Configuration:
    """One recurrent model that the exporter must be right about.

    Attributes:
        name: Unique among all configurations.
        build: Makes the model; every call makes an equal one.
        sample: Draws inputs where random ones would not mask in every way.
        tags: The family, and ``masked``, ``stateful``, ``precision``, ``may_refuse`` and
            ``loop_free`` (native nodes are all it needs) where they hold.
    """

    name: str
    build: Callable[[], Any]
    sample: Sample | None = None
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Given:
    """An input of a model, without its batch axis.

    Attributes:
        shape: None stands for an open axis.
        kind: ``values``; ``frames``, whose masked steps are zeros; ``tokens``, the same as codes;
            or ``mask``.
        batch: Size of the batch axis, or None.
        dtype: Of ``values`` and ``frames``.
    """

    shape: tuple[int | None, ...]
    kind: str = "values"
    batch: int | None = None
    dtype: str = "float32"

    def tensor(self, name: str) -> Any:
        """The ``keras.Input``."""
        dtype = {"tokens": "int32", "mask": "bool"}.get(self.kind, self.dtype)
        return keras.Input(batch_shape=(self.batch, *self.shape), dtype=dtype, name=name)

    def draw(
        self, generator: np.random.Generator, batch: int, time: int, paddings: Mapping[str, float]
    ) -> Any:
        """A random array; ``time`` stands for every open axis."""
        shape = (self.batch or batch, *(size or time for size in self.shape))
        if self.kind == "values":
            return generator.standard_normal(shape).astype(self.dtype)
        mask = random_mask(generator, shape[0], shape[1], paddings)
        if self.kind == "tokens":
            return (mask * generator.integers(1, CODES, shape)).astype("int32")
        if self.kind == "frames":
            steps = mask.reshape(mask.shape + (1,) * (len(shape) - 2))
            return (steps * generator.standard_normal(shape)).astype(self.dtype)
        return mask


def random_mask(
    generator: np.random.Generator, batch: int, time: int, paddings: Mapping[str, float]
) -> Any:
    """A mask each of whose rows is padded in a way drawn from ``paddings``."""
    lengths = generator.integers(0, time + 1, (batch, 1))
    kinds = {
        "right": np.arange(time) < lengths,
        "left": np.arange(time) >= lengths,
        "holes": generator.random((batch, time)) < generator.random((batch, 1)),
        "none_valid": np.zeros((batch, time), bool),
        "all_valid": np.ones((batch, time), bool),
    }
    chosen = generator.choice(list(paddings), batch, p=list(paddings.values()))
    return np.stack([kinds[kind][row] for row, kind in enumerate(chosen)])


def drawing(given: Mapping[str, Given], paddings: Mapping[str, float] = PADDINGS) -> Sample:
    """A sampler of these inputs; inputs without a time axis of their own share ``time``."""

    def sample(generator: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Any]:
        batch, time = sizes.get("batch", 1), sizes.get("time", 1)
        return {
            name: one.draw(generator, batch, sizes.get(f"time_{name}", time), paddings)
            for name, one in given.items()
        }

    return sample


def randomised(model: Any, scale: float = 0.4) -> Any:
    """The model with distinct random weights, biases too; variances stay positive."""
    generator = np.random.default_rng(0)
    for weight in model.weights:
        values = generator.normal(0.0, scale, weight.shape)
        if weight.path.endswith("variance"):
            values = 0.5 + np.abs(values)
        if weight.path.endswith("gamma"):
            values = 1.0 + values
        weight.assign(values)
    return model


def functional(inputs: Iterable[Any], outputs: Any, name: str = "model", scale: float = 0.4) -> Any:
    """A functional model of these tensors; the outputs of a single layer are called ``y_0`` on."""
    if not isinstance(outputs, Mapping):
        outputs = {f"y_{k}": tensor for k, tensor in enumerate(keras.tree.flatten(outputs))}
    return randomised(keras.Model(list(inputs), outputs, name=name), scale)


@dataclass(frozen=True)
class Through:
    """A model that sends one sequence through a layer, or through a few in a row.

    Attributes:
        layers: Makes the layers; the last may return anything.
        shape: Of the sequence, without its batch axis.
        batch: Size of the batch axis, or None.
        mask: Where a mask comes from: ``hand`` (an input), ``embedding``, ``masking`` or nowhere.
        states: Sizes of the initial states, nested as the layer takes them; they become inputs.
        paddings: Which masks are drawn, and how often.
        scale: Of the weights; smaller ones tame activations that grow.
        dtype: Of the sequence.
    """

    layers: Callable[[], Any]
    shape: tuple[int | None, ...] = (None, FEATURES)
    batch: int | None = None
    mask: str = ""
    states: Any = ()
    paddings: Mapping[str, float] | None = None
    scale: float = 0.4
    dtype: str = "float32"

    def given(self) -> dict[str, Given]:
        """The inputs by name."""
        kind = {"embedding": "tokens", "masking": "frames"}.get(self.mask, "values")
        shape = self.shape[:1] if kind == "tokens" else self.shape
        inputs = {"x": Given(shape, kind, self.batch, self.dtype)}
        if self.mask == "hand":
            inputs["mask"] = Given(self.shape[:1], "mask", self.batch)
        for index, size in enumerate(keras.tree.flatten(self.states)):
            inputs[f"state_{index}"] = Given((size,), "values", self.batch)
        return inputs

    def build(self) -> Any:
        """Makes the model."""
        inputs = {name: one.tensor(name) for name, one in self.given().items()}
        made = self.layers()
        first, *rest = made if isinstance(made, list) else [made]
        x = inputs["x"]
        if self.mask == "embedding":
            x = LAYERS.Embedding(CODES, self.shape[-1], mask_zero=True, name="embedding")(x)
        if self.mask == "masking":
            x = LAYERS.Masking(0.0, name="masking")(x)
        options = {"mask": inputs["mask"]} if self.mask == "hand" else {}
        given_states = [tensor for name, tensor in inputs.items() if name.startswith("state_")]
        if given_states:
            options["initial_state"] = keras.tree.pack_sequence_as(self.states, given_states)
        x = first(x, **options)
        for layer in rest:
            x = layer(x)
        return functional(inputs.values(), x, scale=self.scale)

    def configuration(self, name: str, *tags: str) -> Configuration:
        """The configuration of this model; ``masked`` is added to its tags where it is."""
        sample = drawing(self.given(), self.paddings or PADDINGS) if self.mask else None
        masked = {"masked"} if self.mask else set()
        return Configuration(name, self.build, sample, frozenset(tags) | masked)


def table(*rows: Configuration) -> dict[str, Configuration]:
    """Configurations by name.

    Raises:
        ValueError: Two have one name.
    """
    named = {row.name: row for row in rows}
    if len(named) < len(rows):
        names = [row.name for row in rows]
        raise ValueError(f"two configurations are called {max(names, key=names.count)!r}")
    return named
