"""Random raw input: recordings with pauses, tables in units, texts with words known and unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from export.proof.samples import Sampler, Sizes
from zoo.processing.feature_rows import FeatureRows
from zoo.processing.frames import Frames, FramesOfChunks
from zoo.processing.frontend import Frontend, Part
from zoo.processing.histories import Standardised, dtype_of
from zoo.processing.own_scale import OwnScale
from zoo.processing.price_band import OwnReturns
from zoo.processing.spaced_texts import SpacedTexts
from zoo.processing.waveforms import Waveforms
from zoo.tasks import Arrays

_STRANGE = ("É", "ǅ", "ß", "İ", "字", "😀", "\t", "a\tb", ",", "''", "x" * 40)


class RawSampler:
    """Draws raw input for a frontend, and other inputs as the network's own sampler does.

    Args:
        sampler: The network's.
        frontend: Where raw input goes.

    Attributes:
        generator: Of the random numbers.
        codes: Integer input that feeds an embedding -> how many codes that has.
    """

    def __init__(self, sampler: Sampler, frontend: Frontend) -> None:
        self.generator = sampler.generator
        self._sampler = sampler
        self._before = frontend.before
        made = {tensor.name for tensor in frontend.before.gives} if frontend.before else set()
        self.codes = {name: n for name, n in sampler.codes.items() if name not in made}

    def arrays(self, shapes: Mapping[str, tuple[int | str, ...]], sizes: Sizes) -> Arrays:
        """Draws one input for each name; ``sizes`` gives the open axes by name."""
        if self._before is None:
            return self._sampler.arrays(shapes, sizes)
        raw = _DRAWS[type(self._before)](self._before, self.generator, sizes)
        if raw.keys() == shapes.keys():
            return raw
        # The network's own inputs, such as states, beside any that the processing makes.
        made = {tensor.name: tensor.shape for tensor in self._before.gives}
        known = {**dict.fromkeys(_open_axes(made.values()), 1), **sizes}
        others = self._sampler.arrays({**made, **shapes}, known)
        return {**{name: others[name] for name in shapes if name not in raw}, **raw}


def _open_axes(shapes: Iterable[tuple[int | str, ...]]) -> set[str]:
    return {axis for shape in shapes for axis in shape if isinstance(axis, str)}


def open_size(part: Part) -> str:
    """Name of what a question has more or less of; empty where all questions have one length."""
    return _OPEN_SIZES.get(type(part), "")


def raw_size(part: Part, steps: int, draw: np.random.Generator) -> int:
    """How much raw input makes about so many steps of the network; 1 for 1."""
    if isinstance(part, FramesOfChunks):
        return part.reach(steps)
    if steps <= 1 or not isinstance(part, (Waveforms, Frames)):
        return steps
    hop = part.config.hop_length
    return (steps - 1) * hop + int(draw.integers(1, hop + 1))


def waveforms(part: Waveforms, draw: np.random.Generator, sizes: Sizes) -> Arrays:
    """Noise and tones under slow envelopes with digital silence, rows of unequal lengths."""
    batch, count = sizes["batch"], sizes["samples"]
    samples = draw.integers(1, count + 1, batch).astype(np.int32)
    samples[draw.integers(batch)] = count
    rows = _sound(part.config.sampling_rate, draw, batch, count)
    return {"waveform": rows, "samples": samples}


def _sound(rate: int, draw: np.random.Generator, batch: int, count: int) -> np.ndarray:
    time = np.arange(count) / rate
    rows = np.zeros((batch, count))
    for row in rows:
        tones = draw.uniform(80, 0.4 * rate, (3, 1)), draw.uniform(0, 2 * np.pi, (3, 1))
        voiced = np.sin(2 * np.pi * tones[0] * time + tones[1]).sum(axis=0)
        noise = draw.standard_normal(count) * draw.choice([0.03, 0.3, 1.0])
        envelope = 0.5 + 0.5 * np.sin(2 * np.pi * draw.uniform(1, 6) * time + draw.uniform(0, 6))
        row[:] = (voiced + noise) * envelope * draw.choice([0.01, 0.1, 0.3])
        if draw.random() < 0.5:  # a pause
            start, stop = np.sort(draw.integers(0, count + 1, 2))
            row[start:stop] = 0
        row += draw.choice([0.0, 0.001])  # a constant offset
    return rows.astype(np.float32)


def frames(part: Frames, draw: np.random.Generator, sizes: Sizes) -> Arrays:
    """Rows as ``waveforms`` draws them, each sounding to its end."""
    return {"waveform": _sound(part.config.sampling_rate, draw, sizes["batch"], sizes["samples"])}


def chunks(part: FramesOfChunks, draw: np.random.Generator, sizes: Sizes) -> Arrays:
    """Such rows, of which the first samples are held."""
    held = sizes["held"]
    rows = _sound(part.config.sampling_rate, draw, sizes["batch"], held + sizes["samples"])
    return {"waveform": rows[:, held:].copy(), "held": rows[:, :held].copy()}


def histories(part: Standardised, draw: np.random.Generator, sizes: Sizes) -> Arrays:
    """Values as far from their means as those of training."""
    series = part.series
    values = draw.standard_normal((sizes["batch"], series.look_back, len(series.names)))
    return {"history": series.restore(values).astype(dtype_of(series))}


def own_scales(part: OwnScale, draw: np.random.Generator, sizes: Sizes) -> Arrays:
    """Series with a daily wave, each of a level and spread of its own; some do not change."""
    shape = (sizes["batch"], part.series.look_back)
    wave = np.sin(2 * np.pi * np.arange(shape[1]) / part.series.season)
    spread = draw.choice([0.0, 0.01, 1.0, 3.0], (shape[0], 1), p=[0.1, 0.2, 0.4, 0.3])
    level = draw.choice([-2.0, 0.0, 5.0], (shape[0], 1))
    return {"history": level + spread * (wave + draw.standard_normal(shape))}


def own_returns(part: OwnReturns, draw: np.random.Generator, sizes: Sizes) -> Arrays:
    """Random walks of prices, each of a volatility of its own; some do not move."""
    shape = (sizes["batch"], part.series.look_back)
    volatility = draw.choice([0.0, 0.003, 0.01, 0.04], (shape[0], 1), p=[0.1, 0.2, 0.5, 0.2])
    return {"history": np.exp(np.cumsum(volatility * draw.standard_normal(shape), axis=1))}


def feature_rows(part: FeatureRows, draw: np.random.Generator, sizes: Sizes) -> Arrays:
    """Features as far from their means as those of training."""
    values = draw.standard_normal((sizes["batch"], sizes["time"], len(part.names)))
    return {"values": (values * part.stds + part.means).astype(np.float32)}


def texts(part: SpacedTexts, draw: np.random.Generator, sizes: Sizes) -> Arrays:
    """Words of the table, some in capitals, strange ones, and spaces; the last row is longest."""
    known = list(part.codec.table)
    rows = []
    for row in range(sizes["batch"]):
        last = row == sizes["batch"] - 1
        count = sizes["words"] if last else int(draw.integers(0, sizes["words"] + 1))
        words = [known[place] for place in draw.integers(0, len(known), count)]
        for place in np.flatnonzero(draw.random(count) < 0.2):
            words[place] = str(draw.choice(_STRANGE))
        shown = [word.upper() if draw.random() < 0.2 else word for word in words]
        rows.append((" " * int(draw.integers(1, 3))).join(shown) + " " * int(draw.integers(2)))
    return {"text": np.array(rows, object)}


_OPEN_SIZES: dict[type[Any], str] = {
    Waveforms: "samples",
    Frames: "samples",
    FramesOfChunks: "samples",
    SpacedTexts: "words",
    FeatureRows: "time",
}
_DRAWS: dict[type[Any], Callable[[Any, np.random.Generator, Sizes], Arrays]] = {
    Waveforms: waveforms,
    Frames: frames,
    FramesOfChunks: chunks,
    FeatureRows: feature_rows,
    Standardised: histories,
    OwnScale: own_scales,
    OwnReturns: own_returns,
    SpacedTexts: texts,
}
