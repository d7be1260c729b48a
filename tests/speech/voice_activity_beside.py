"""`python -m tests.speech.voice_activity_beside SILERO.onnx --write`: vad-gru beside others.

WebRTC VAD (webrtcvad-wheels) and Silero VAD hear the very mixtures that vad-gru is judged on. The
wheel of silero-vad asks for PyTorch; its ONNX file, `silero_vad/data/silero_vad.onnx`, does not:
`pip download --no-deps silero-vad`, and unzip it. The figures become a metric of the card.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from zoo import datasets
from zoo.evaluation.voice_activity import SECONDS, Stretch, energy, made, roc_auc, scored
from zoo.loading import load
from zoo.measuring import rounded, write_card
from zoo.model_card import Metric

_RATE = 8000
_CHUNK, _CONTEXT = 256, 32  # samples that Silero VAD takes at 8 kHz, and those before them
_STEP = 0.010  # seconds of a decision of WebRTC VAD


def silero(file: Path, stretches: list[Stretch]) -> list[np.ndarray]:
    """What Silero VAD says of each chunk of 32 ms, all stretches in one batch."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file))
    samples = np.stack([stretch.waveform for stretch in stretches])
    state = np.zeros((2, len(samples), 128), np.float32)
    before = np.zeros((len(samples), _CONTEXT), np.float32)
    found = []
    for start in range(0, samples.shape[1] - _CHUNK + 1, _CHUNK):
        chunk = np.concatenate([before, samples[:, start : start + _CHUNK]], axis=1)
        feed = {"input": chunk, "state": state, "sr": np.array(_RATE, np.int64)}
        shares, state = session.run(None, feed)
        before = chunk[:, -_CONTEXT:]
        found.append(shares[:, 0])
    return list(np.stack(found, axis=1))


def webrtc(waveform: np.ndarray) -> np.ndarray:
    """How many of WebRTC VAD's four modes hear speech in 10 ms, as a mean over each 32 ms."""
    import webrtcvad

    step = round(_STEP * _RATE)
    pcm = np.clip(np.round(waveform * 32768), -32768, 32767).astype("<i2")
    count = len(pcm) // step
    said = np.zeros(count)
    for mode in range(4):
        detector = webrtcvad.Vad(mode)
        for place in range(count):
            piece = pcm[place * step : (place + 1) * step].tobytes()
            said[place] += detector.is_speech(piece, _RATE)
    each = np.repeat(said, step)
    return each[: len(each) // _CHUNK * _CHUNK].reshape(-1, _CHUNK).mean(axis=1)


def beside(file: Path) -> tuple[Metric, dict[str, dict[str, float]]]:
    """The metric for the card, and each detector's figures by level and source."""
    model = load("vad-gru")
    stretches = made(datasets.load(model.card.recipe.data.name), "test")
    raw = model.task.frontend.around(model.run)

    def ours(waveform: np.ndarray) -> np.ndarray:
        padded = model.task.decisions.frames.padded(waveform)
        return np.asarray(raw({"waveform": padded[None]})["probabilities"][0, :, 1])

    scores = {
        "vad-gru": scored(stretches, ours),
        "silero_vad": silero(file, stretches),
        "webrtc_vad": scored(stretches, webrtc),
        "energy": scored(stretches, energy),
    }
    figures = {name: roc_auc(stretches, found) for name, found in scores.items()}
    metric = Metric(
        name="roc_auc_beside_others",
        value=figures.pop("vad-gru"),
        unit="share",
        direction="higher",
        split="test mixtures",
        protocol=(
            f"the {len(stretches)} mixtures of {SECONDS:g} s of roc_auc; silero-vad 6.2.3 by its "
            "ONNX file at 8 kHz, not trained on these data; webrtcvad-wheels 2.0.14, the count of "
            "its four modes, as a mean over 32 ms"
        ),
        seeds=[model.run_facts["seed"]],
        baselines=figures,
    )
    return metric, {name: _by_level(stretches, found) for name, found in scores.items()}


def _by_level(stretches: list[Stretch], scores: list[np.ndarray]) -> dict[str, float]:
    found = {}
    for level in sorted({stretch.decibels for stretch in stretches}):
        chosen = [(x, y) for x, y in zip(stretches, scores, strict=True) if x.decibels == level]
        found[f"{level} dB"] = roc_auc([x for x, _ in chosen], [y for _, y in chosen])
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("silero", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    metric, levels = beside(given.silero)
    sys.stdout.write(f"all levels: vad-gru {metric.value:.4f}, {metric.baselines}\n")
    for name, figures in levels.items():
        told = ", ".join(f"{level} {value:.4f}" for level, value in figures.items())
        sys.stdout.write(f"{name}: {told}\n")
    if given.write:
        write_card(load("vad-gru"), [rounded(metric)])


if __name__ == "__main__":
    main()
