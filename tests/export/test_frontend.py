"""Each part of a frontend as ONNX operators gives what it gives in numpy."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from export.frontend.attach import attached, opset_of
from export.graph.rebuild import Port, rebuild
from zoo.processing.audio import LogMel
from zoo.processing.feature_rows import FeatureRows
from zoo.processing.frontend import Arrays, Frontend, Part, Run
from zoo.processing.histories import InUnits, Standardised, dtype_of
from zoo.processing.labels import Labels
from zoo.processing.own_scale import AnySeries, FromOwnScale, OwnScale
from zoo.processing.price_band import FromOwnReturns, OwnReturns, PriceBand
from zoo.processing.series import SeriesProcessing
from zoo.processing.spaced_texts import SpacedTexts
from zoo.processing.spaced_words import SpacedWords, lowered
from zoo.processing.vocabulary import Vocabulary
from zoo.processing.waveforms import Waveforms

TEXTS = SpacedTexts(
    SpacedWords(Vocabulary(["good", "movie", "élan", "straße"]), [("", ".", 2), ("(", "", 4)], 5)
)
MEL = {
    "speech": Waveforms(LogMel()),
    "streaming": Waveforms(LogMel(level="none", frames=1)),
    "overlapping": Waveforms(LogMel(frame=0.0251, hop=0.0033, mels=7, frames=3)),
    "gaps": Waveforms(LogMel(frame=0.004, hop=0.01, mels=5, frames=1)),
    "wide": Waveforms(LogMel(sampling_rate=16000, mels=64, fmin=0, fmax=8000)),
}


def series(**change: Any) -> SeriesProcessing:
    facts: dict[str, Any] = {
        "table": "made",
        "time": "time",
        "names": ["a", "b"],
        "units": ["kW", "%"],
        "means": [3.0, -2.0],
        "stds": [0.5, 40.0],
        "transform": "none",
        "look_back": 4,
        "horizons": [3],
        "season": 2,
        "step": 60,
        "quantiles": [],
        "errors": "raw",
    }
    return SeriesProcessing.from_processing({**facts, **change})


@cache
def graph(part: Part, opset: int = 18) -> Run:
    """The part alone as an ONNX file."""
    ports = [Port(t.name, f"{t.name}_", t.dtype, t.shape) for t in part.gives]
    taken = [Port(t.name, t.name, t.dtype, t.shape) for t in part.gives]
    frontend = Frontend(part, None)
    empty = helper.make_model(
        helper.make_graph(
            [],
            "part",
            [helper.make_empty_tensor_value_info(port.old) for port in ports],
            [],
        )
    )
    wider, inputs, _ = attached(empty, frontend, taken, [])
    opset = opset_of(frontend, opset)
    model = rebuild(wider, inputs, ports, name="part", opset=opset)
    onnx.checker.check_model(model, full_check=True)
    used = {name for node in model.graph.node for name in node.input}
    assert {tensor.name for tensor in model.graph.initializer} <= used
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [t.name for t in part.gives]
    return lambda arrays: dict(zip(names, session.run(None, arrays), strict=True))


def compare(part: Part, arrays: Arrays, tolerance: float = 1e-5, opset: int = 18) -> Arrays:
    expected, found = part(arrays), graph(part, opset)(arrays)
    for tensor in part.gives:
        one, other = found[tensor.name], expected[tensor.name]
        assert one.shape == other.shape and one.dtype == other.dtype, tensor.name
        if one.dtype.kind == "f":
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
        else:
            np.testing.assert_array_equal(one, other)
    return expected


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(sorted(MEL)), st.integers(1, 4), st.integers(1, 3000), st.integers(0, 999))
@example("speech", 1, 1, 0)
@example("speech", 2, 200, 0)
@example("speech", 2, 201, 1)
@example("gaps", 3, 81, 1)
def test_spectrograms_of_every_length(name: str, batch: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(batch, count)) * rng.choice([1e-3, 0.1, 1], (batch, 1))
    rows[:, count // 3 : count // 2] = 0
    samples = rng.integers(1, count + 1, batch).astype(np.int32)  # perhaps none reaches the end
    arrays = {"waveform": rows.astype(np.float32), "samples": samples}
    found = compare(MEL[name], arrays, 2e-5)
    config = MEL[name].config
    for row, length in zip(found["features"], found["lengths"], strict=True):
        assert length >= config.frames and not row[length:].any()


def test_silence_and_what_stands_after_the_end_of_a_row() -> None:
    arrays = {
        "waveform": np.full((2, 500), 1e5, np.float32),
        "samples": np.array([300, 1], np.int32),
    }
    arrays["waveform"][:, :300] = 0
    features = compare(MEL["speech"], arrays)["features"]
    np.testing.assert_allclose(features, -3, atol=1e-6)


@pytest.mark.parametrize("opset", [13, 20])
def test_operators_of_other_versions(opset: int) -> None:
    waveform = np.random.default_rng(0).normal(size=(2, 700)).astype(np.float32)
    compare(
        MEL["speech"], {"waveform": waveform, "samples": np.array([9, 700], "int32")}, 1e-5, opset
    )


@settings(deadline=None, max_examples=15)
@given(st.sampled_from(["none", "log"]), st.integers(1, 4), st.integers(0, 999))
def test_series_in_units_and_back(transform: str, batch: int, seed: int) -> None:
    made = series(transform=transform, quantiles=[0.1, 0.5, 0.9], means=[0.3, -0.2], stds=[0.5, 2])
    rng = np.random.default_rng(seed)
    values = made.restore(rng.normal(size=(batch, 4, 2))).astype(np.float32)
    found = compare(_part(made, Standardised), {"history": values})
    np.testing.assert_allclose(found["history"], made.standardise(values), atol=1e-6)
    crossing = rng.normal(size=(batch, 3, 2, 3)).astype(np.float32)
    ahead = compare(_part(made, InUnits), {"forecast": crossing})["forecast"]
    assert (np.diff(ahead, axis=-1) >= 0).all()


@cache
def _cached(transform: str, kind: type[Any]) -> Any:
    made = series(transform=transform, quantiles=[0.1, 0.5, 0.9], means=[0.3, -0.2], stds=[0.5, 2])
    return kind(made)


def _part(made: SeriesProcessing, kind: type[Any]) -> Any:
    return _cached(made.transform, kind)


def test_a_small_change_of_a_large_value_is_not_lost() -> None:
    made = series(means=[1e9, 5.0], stds=[2.0, 1.0])
    assert dtype_of(made) == "float64" and dtype_of(series()) == "float32"
    values = made.restore(np.random.default_rng(0).normal(size=(2, 4, 2)))
    found = compare(Standardised(made), {"history": values})["history"]
    np.testing.assert_allclose(made.restore(found), values, rtol=0, atol=1e-6)
    ahead = compare(InUnits(made), {"forecast": found[:, :3]})["forecast"]
    assert ahead.dtype == np.float64


ANY = AnySeries(8, 3, 2, 4, 3600, (0.1, 0.5, 0.9))


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=4),
    st.sampled_from([0.0, 1e-3, 1.0, 1e6]),
    st.integers(0, 999),
)
def test_windows_on_a_scale_of_their_own(levels: list[float], spread: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.array(levels)[:, None] + spread * rng.normal(size=(len(levels), 8))
    found = compare(_OWN[0], {"history": values})
    assert np.abs(found["history"]).max() < 3
    unscaled = found["centre"] + found["spread"] * found["history"]
    np.testing.assert_allclose(unscaled, values, rtol=1e-6, atol=1e-6 * spread)
    crossing = rng.normal(size=(len(levels), 3, 3)).astype(np.float32)
    scale = {name: found[name] for name in ("centre", "spread")}
    ahead = compare(_OWN[1], {"forecast": crossing, **scale})["forecast"]
    assert (np.diff(ahead, axis=-1) >= 0).all()
    if spread == 0:
        np.testing.assert_allclose(ahead, np.broadcast_to(values[:, :1, None], ahead.shape))


@settings(deadline=None, max_examples=15)
@given(st.floats(1e-3, 1e6), st.sampled_from([0.0, 1e-3, 0.05]), st.integers(0, 999))
def test_prices_as_returns_and_back(level: float, volatility: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    prices = level * np.exp(np.cumsum(volatility * rng.normal(size=(2, 6)), axis=1))
    found = compare(_RETURNS[0], {"history": prices})
    ratios = np.exp(np.cumsum(found["spread"] * found["history"], axis=1))
    np.testing.assert_allclose(prices[:, :1] * ratios, prices[:, 1:], rtol=1e-6)
    crossing = rng.normal(size=(2, 3, 3)).astype(np.float32)
    scale = {name: found[name] for name in ("centre", "spread")}
    ahead = compare(_RETURNS[1], {"forecast": crossing, **scale})["forecast"]
    assert (np.diff(ahead, axis=-1) >= 0).all() and (ahead > 0).all()
    if volatility == 0:
        np.testing.assert_allclose(ahead, level)


_OWN = (OwnScale(ANY), FromOwnScale(ANY))
_BAND = PriceBand(6, 3, 0.9, (0.1, 0.5, 0.9))
_RETURNS = (OwnReturns(_BAND), FromOwnReturns(_BAND))


@pytest.mark.parametrize("opset", [13, 20])
def test_features_in_their_own_units(opset: int) -> None:
    part = FeatureRows(("a", "b"), (1e6, -0.1), (300.0, 0.02))
    values = np.random.default_rng(0).normal(size=(3, 5, 2)) * part.stds + part.means
    found = compare(part, {"values": values.astype(np.float32)}, 1e-6, opset)["features"]
    np.testing.assert_allclose(found * part.stds + part.means, values, rtol=1e-5)


WORDS = st.sampled_from(["good", "Good.", "(MOVIE", "movie.", "ÉLAN", "STRASSE", "ß", "x", ""])
SPACED = st.lists(
    WORDS | st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    max_size=9,
)


@settings(deadline=None, max_examples=60)
@given(st.lists(SPACED.map(" ".join), min_size=1, max_size=4))
@example([""])
@example(["", "   ", "good"])
@example([" good  movie. "])
@example(["a\tgood", "good\nmovie", "good\u00a0movie", "good\u3000movie"])
@example(["İSTANBUL ΣΑΣ ǅ ẞ ŉ"])
def test_texts_of_any_kind(texts: list[str]) -> None:
    found = compare(TEXTS, {"text": np.array(texts, object)})
    assert found["lengths"].min() >= 1 and found["lengths"].max() <= 5


def test_small_letters_are_those_of_python_for_every_character() -> None:
    node = helper.make_node(
        "StringNormalizer", ["x"], ["y"], case_change_action="LOWER", locale="C.UTF-8"
    )
    ports = [helper.make_tensor_value_info(name, TensorProto.STRING, ["n"]) for name in "xy"]
    one = helper.make_graph([node], "g", ports[:1], ports[1:])
    model = helper.make_model(one, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    every = [chr(c) for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]
    (found,) = session.run(None, {"x": np.array(every, object)})
    assert found.tolist() == [lowered(character) for character in every]


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 5), st.integers(0, 999))
def test_labels_and_probabilities(batch: int, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(size=(batch, 3)).astype(np.float32) * 9
    found = compare(_labels(("a", "ß", "c d")), {"logits": logits})
    assert found["label"].tolist() == [("a", "ß", "c d")[place] for place in logits.argmax(1)]


def test_the_first_of_equal_logits_wins_and_steps_have_labels_too() -> None:
    part = Labels(("x", "y"), source="tags", label="tag", axes=("batch", "time"))
    tags = np.array([[[1, 1], [0, 2]], [[5, 1], [1e30, -1e30]]], np.float32)
    assert compare(part, {"tags": tags})["tag"].tolist() == [["x", "y"], ["x", "x"]]


@cache
def _labels(names: tuple[str, ...], threshold: float | None = None) -> Labels:
    return Labels(names, threshold=threshold)


def test_a_threshold_decides() -> None:
    shares = np.array([0.1, 0.29, 0.31, 0.5, 0.9])
    logits = np.stack([np.zeros(5), np.log(shares / (1 - shares))], axis=1).astype(np.float32)
    found = compare(_labels(("no", "yes"), 0.3), {"logits": logits})
    assert found["label"].tolist() == ["no", "no", "yes", "yes", "yes"]
