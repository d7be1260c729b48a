"""The parts of a frontend as TensorFlow operators, for a SavedModel that takes raw input."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from export.frontend.log_mel import basis
from zoo.processing.audio import QUIET, LogMel
from zoo.processing.feature_rows import FeatureRows
from zoo.processing.frames import Frames
from zoo.processing.frontend import Frontend
from zoo.processing.histories import InUnits, Standardised, dtype_of
from zoo.processing.labels import Labels
from zoo.processing.own_scale import ROUNDING, FromOwnScale, OwnScale
from zoo.processing.price_band import STILL, FromOwnReturns, OwnReturns
from zoo.processing.spaced_texts import SpacedTexts
from zoo.processing.spaced_words import lowered
from zoo.processing.vocabulary import UNKNOWN
from zoo.processing.waveforms import Waveforms

Tensors = dict[str, Any]


class RawModule(tf.Module):  # type: ignore[misc]
    """A frontend in TensorFlow; it holds the tables that texts are looked up in.

    Args:
        frontend: What is written.
    """

    def __init__(self, frontend: Frontend) -> None:
        super().__init__()
        self._before, self._after = frontend.before, frontend.after
        self.tables: list[Any] = []
        if isinstance(frontend.before, SpacedTexts):
            self.tables = [_small_letters(), _codes(frontend.before)]

    def process(self, raw: Tensors) -> Tensors:
        """The network's inputs."""
        if self._before is None:
            return raw
        read = {tensor.name for tensor in self._before.reads}
        kept = {name: tensor for name, tensor in raw.items() if name not in read}
        return {**kept, **_FORMS[type(self._before)](self._before, raw, self.tables)}

    def restore(self, outputs: Tensors) -> Tensors:
        """The raw outputs."""
        if self._after is None:
            return outputs
        return {**outputs, **_FORMS[type(self._after)](self._after, outputs, self.tables)}


def _waveforms(part: Waveforms, raw: Tensors, _: Any) -> Tensors:
    config = part.config
    length, hop = config.frame_length, config.hop_length
    waveform, samples = raw["waveform"], raw["samples"]
    frames = tf.maximum(1 + (tf.maximum(samples - length, 0) + hop - 1) // hop, config.frames)
    most = tf.reduce_max(frames)
    axis = tf.shape(waveform)[1]
    heard = tf.where(tf.range(axis) < samples[:, None], waveform, 0.0)
    size = (most - 1) * hop + length
    padded = tf.pad(heard, [[0, 0], [0, tf.maximum(size - axis, 0)]])[:, :size]
    waves, bank = basis(config)
    spectrum = tf.nn.conv1d(padded[..., None], waves.T[:, None], hop, "VALID")
    bands = tf.square(spectrum) @ bank.T
    real = (tf.range(most) < frames[:, None])[..., None]
    features = tf.where(real, _logarithm(config, tf.where(real, bands, 0.0)), 0.0)
    return {"features": features, "lengths": frames}


def _frames(part: Frames, raw: Tensors, tables: Any) -> Tensors:
    batch, count = tf.unstack(tf.shape(raw["waveform"]))
    whole = {**raw, "samples": tf.fill([batch], count)}
    return {"features": _waveforms(Waveforms(part.config), whole, tables)["features"]}


def _logarithm(config: LogMel, bands: Any) -> Any:
    if config.level == "recording":
        energy = tf.reduce_mean(tf.cast(bands, tf.float64), axis=-1, keepdims=True)
        total = tf.maximum(tf.reduce_sum(energy, axis=-2, keepdims=True), QUIET)
        level = tf.reduce_sum(tf.square(energy), axis=-2, keepdims=True) / total
        bands = bands * tf.cast(1 / tf.maximum(level, QUIET), tf.float32)
    return tf.math.log(bands + np.float32(config.floor)) * np.float32(1 / np.log(10))


def _standardised(part: Standardised, raw: Tensors, _: Any) -> Tensors:
    series = part.series
    values = tf.cast(raw["history"], tf.float64)
    values = tf.math.log(values) if series.transform == "log" else values
    return {"history": tf.cast((values - series.means) / series.stds, tf.float32)}


def _feature_rows(part: FeatureRows, raw: Tensors, _: Any) -> Tensors:
    values = tf.cast(raw["values"], tf.float64)
    return {"features": tf.cast((values - part.means) / part.stds, tf.float32)}


def _in_units(part: InUnits, outputs: Tensors, _: Any) -> Tensors:
    series = part.series
    shape = (-1, 1) if series.quantiles else (-1,)
    values = tf.cast(outputs["forecast"], tf.float64)
    values = values * np.reshape(series.stds, shape) + np.reshape(series.means, shape)
    values = tf.exp(values) if series.transform == "log" else values
    values = tf.sort(values, axis=-1) if series.quantiles else values
    return {"forecast": tf.cast(values, dtype_of(series))}


def _own_scale(part: OwnScale, raw: Tensors, _: Any) -> Tensors:
    values = raw["history"]
    centre = tf.reduce_mean(values, axis=1, keepdims=True)
    spread = tf.sqrt(tf.reduce_mean(tf.square(values - centre), axis=1, keepdims=True))
    varies = spread > ROUNDING * tf.abs(centre)
    spread = tf.where(varies, spread, tf.zeros_like(spread))
    divisor = tf.where(varies, spread, tf.ones_like(spread))
    history = tf.cast((values - centre) / divisor, tf.float32)
    return {"history": history, "centre": centre, "spread": spread}


def _from_own_scale(part: FromOwnScale | FromOwnReturns, outputs: Tensors, _: Any) -> Tensors:
    values = tf.sort(tf.cast(outputs["forecast"], tf.float64), axis=-1)
    return {"forecast": outputs["centre"][..., None] + outputs["spread"][..., None] * values}


def _own_returns(part: OwnReturns, raw: Tensors, _: Any) -> Tensors:
    logs = tf.math.log(raw["history"])
    returns = logs[:, 1:] - logs[:, :-1]
    spread = tf.sqrt(tf.square(returns) @ part.series.weights()[:, None])
    varies = spread > STILL
    spread = tf.where(varies, spread, tf.zeros_like(spread))
    divisor = tf.where(varies, spread, tf.ones_like(spread))
    history = tf.cast(returns / divisor, tf.float32)
    return {"history": history, "centre": logs[:, -1:], "spread": spread}


def _from_own_returns(part: FromOwnReturns, outputs: Tensors, tables: Any) -> Tensors:
    return {"forecast": tf.exp(_from_own_scale(part, outputs, tables)["forecast"])}


def _texts(part: SpacedTexts, raw: Tensors, tables: Any) -> Tensors:
    small, codes = tables
    points = tf.strings.unicode_decode(raw["text"], "UTF-8")
    found = small.lookup(points.flat_values)
    points = points.with_flat_values(tf.where(found < 0, points.flat_values, found))
    words = tf.strings.split(tf.strings.unicode_encode(points, "UTF-8"), " ")
    words = tf.ragged.boolean_mask(words, words != "")[:, : part.codec.longest]
    words = words.with_values(codes.lookup(words.values))
    counts = tf.cast(words.row_lengths(), tf.int32)
    lengths = tf.maximum(counts, 1)
    tokens = words.to_tensor(0, shape=[None, None])
    tokens = tf.pad(tokens, [[0, 0], [0, 1]])[:, : tf.reduce_max(lengths)]
    first = tf.range(tf.shape(tokens)[1]) == 0
    wordless = (counts == 0)[:, None] & first
    return {"tokens": tf.where(wordless, UNKNOWN, tf.cast(tokens, tf.int32)), "lengths": lengths}


def _labels(part: Labels, outputs: Tensors, _: Any) -> Tensors:
    logits = outputs[part.source]
    shares = tf.nn.softmax(logits)
    places = tf.argmax(logits, axis=-1)
    if part.threshold is not None:
        places = tf.cast(shares[..., 1] >= np.float32(part.threshold), tf.int64)
    names = tf.constant([name.encode() for name in part.names])
    return {part.probabilities: shares, part.label: tf.gather(names, places)}


def _small_letters() -> Any:
    """Code points of capitals to those of their small letters; -1 for all others."""
    pairs = {
        point: ord(small)
        for point in range(sys.maxunicode + 1)
        if not 0xD800 <= point < 0xE000 and (small := lowered(chr(point))) != chr(point)
    }
    return _table(list(pairs), list(pairs.values()), "int32", "int32", -1)


def _codes(part: SpacedTexts) -> Any:
    words = [word.encode() for word in part.codec.table]
    return _table(words, list(part.codec.table.values()), "string", "int64", UNKNOWN)


def _table(keys: Any, values: Any, key: str, value: str, default: int) -> Any:
    rows = tf.lookup.KeyValueTensorInitializer(keys, values, key, value)
    return tf.lookup.StaticHashTable(rows, default)


_FORMS: dict[type[Any], Callable[[Any, Tensors, Any], Tensors]] = {
    Waveforms: _waveforms,
    Frames: _frames,
    FeatureRows: _feature_rows,
    Standardised: _standardised,
    InUnits: _in_units,
    OwnScale: _own_scale,
    FromOwnScale: _from_own_scale,
    OwnReturns: _own_returns,
    FromOwnReturns: _from_own_returns,
    SpacedTexts: _texts,
    Labels: _labels,
}
