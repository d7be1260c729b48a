"""Random inputs that are valid for a model: the proof's questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from export.internals import given_to
from export.tracing.subject import Subject
from zoo.layers.banded_embedding import BandedEmbedding
from zoo.tasks import Arrays

Sizes = Mapping[str, int]
Sample = Callable[[np.random.Generator, Sizes], Arrays]

_CLASSES_OF_UNKNOWN_INTEGERS = 2


class Sampler:
    """Draws inputs of given sizes for a model.

    Floats are normal, with padding of zeros (or of the model's mask value) at the end of some
    rows and a few holes; integers stay inside the embedding they feed; an input called
    ``lengths`` holds 1 to the number of time steps, and one called ``memory``, which is what a
    recurrent layer gave, values from -1 to 1.

    Args:
        subject: The model.
        seed: Seed of the generator.
        sample: Draws the inputs itself, from a generator and sizes of the open axes.
        codes: Integer input -> how many codes it may hold; found by the model's embeddings if left
            out.

    Attributes:
        codes: Integer input that feeds an embedding -> how many codes that has.
    """

    def __init__(
        self,
        subject: Subject,
        seed: int = 0,
        sample: Sample | None = None,
        codes: Mapping[str, int] | None = None,
    ) -> None:
        self.generator = np.random.default_rng(seed)
        self._subject = subject
        self._sample = sample
        self.codes = _codes(subject) if codes is None else dict(codes)
        self._ranges = _integer_ranges(subject, self.codes) if codes is None else self.codes
        self._padding = _mask_value(subject)

    def arrays(self, shapes: Mapping[str, tuple[int | str, ...]], sizes: Sizes) -> Arrays:
        """Draws one input for each name; ``sizes`` gives the open axes by name."""
        fixed = {name: sized(shape, sizes) for name, shape in shapes.items()}
        if self._sample is not None:
            return {**self._kept_states(fixed), **self._sample(self.generator, sizes)}
        # Lengths count steps of the longest sequence given beside them.
        steps = max((shape[1] for shape in fixed.values() if len(shape) > 2), default=0)
        steps = steps or max((shape[1] for shape in fixed.values() if len(shape) == 2), default=1)
        steps = min(steps, sizes.get("time", steps))  # an answer may be longer than its input
        return {
            spec.name: self._draw(spec.name, spec.dtype, fixed[spec.name], steps)
            for spec in self._subject.inputs
        }

    def _kept_states(self, shapes: Mapping[str, tuple[int, ...]]) -> Arrays:
        """The states that layers keep: no sample of the caller knows of them."""
        kept = [spec for spec in self._subject.inputs if spec.name in self._subject.states]
        return {spec.name: self._draw(spec.name, spec.dtype, shapes[spec.name], 1) for spec in kept}

    def _draw(self, name: str, dtype: str, shape: tuple[int, ...], steps: int) -> Any:
        draw = self.generator
        if len(shape) == 1 and "length" in name and "int" in dtype:
            return draw.integers(1, steps + 1, shape).astype(dtype)
        if dtype == "bool":
            return draw.random(shape) < 0.7
        if "int" in dtype:
            limit = self._ranges.get(name, _CLASSES_OF_UNKNOWN_INTEGERS)
            return self._padded(draw.integers(0, limit, shape).astype(dtype), 0)
        if name == "memory":
            return self._padded(draw.uniform(-1, 1, shape).astype(dtype), self._padding)
        return self._padded(draw.standard_normal(shape).astype(dtype), self._padding)

    def _padded(self, values: Any, padding: float) -> Any:
        """Fills the ends of half the rows, and single steps inside, as padding would be."""
        if values.ndim < 2 or values.shape[1] < 2 or self.generator.random() < 0.5:
            return values
        batch, time = values.shape[:2]
        lengths = self.generator.integers(1, time + 1, batch)
        holes = self.generator.random((batch, time)) < 0.1
        holes[np.arange(batch), 0] = False
        values[(np.arange(time) >= lengths[:, None]) | holes] = padding
        return values


def sized(shape: tuple[int | str, ...], sizes: Sizes) -> tuple[int, ...]:
    """A shape whose named axes have sizes."""
    return tuple(sizes[axis] if isinstance(axis, str) else axis for axis in shape)


def _codes(subject: Subject) -> dict[str, int]:
    """How many codes each input may hold that feeds an embedding itself."""
    tensors = {id(t): t.name for t in getattr(subject.network, "inputs", None) or []}
    direct: dict[str, int] = {}
    for layer in _embeddings(subject):
        for source in {tensors[id(t)] for t in given_to(layer) if id(t) in tensors}:
            limit = int(layer.input_dim)
            direct[source] = min(limit, direct.get(source, limit))
    return direct


def _integer_ranges(subject: Subject, codes: Mapping[str, int]) -> dict[str, int]:
    """How many different codes each integer input may hold, so that every embedding knows them."""
    limits = [int(layer.input_dim) for layer in _embeddings(subject)]
    if not limits:
        return {}
    return {**dict.fromkeys((spec.name for spec in subject.inputs), min(limits)), **codes}


def _embeddings(subject: Subject) -> list[Any]:
    kinds = (keras.layers.Embedding, BandedEmbedding)
    return [layer for layer in subject.layers if isinstance(layer, kinds)]


def _mask_value(subject: Subject) -> float:
    values = [x.mask_value for x in subject.layers if isinstance(x, keras.layers.Masking)]
    return float(values[0]) if values else 0.0
