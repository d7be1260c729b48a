"""Digits made on the spot, two voices, and a network that says them from a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.speech.made import RATE
from zoo.datasets.digits_to_say import DigitsToSay, join
from zoo.datasets.fsdd import Recordings
from zoo.model_card import Recipe, read_recipe
from zoo.tasks import Arrays
from zoo.tasks.digit_speech import DigitSpeech, from_processing

RECIPE = Path(__file__).parents[2] / "zoo" / "pretrained" / "digits-tts" / "recipe.toml"
SPEAKERS = ("high", "low")
SMALL = {"mels": 24, "floor": 1e-4}


def said(digit: int, speaker: int, seed: int) -> np.ndarray:
    """A tone for each digit, deeper for the second speaker, with silence around it, float32."""
    rng = np.random.default_rng([digit, speaker, seed])
    time = np.arange(int(RATE * rng.uniform(0.08, 0.12))) / RATE
    tone = np.sin(2 * np.pi * (400 + 300 * digit) * (1 - 0.1 * speaker) * time)
    tone += 0.01 * rng.normal(size=len(time))
    return np.asarray(0.3 * np.pad(tone, rng.integers(0, 400, 2)), np.float32)


def recordings() -> Recordings:
    """Ten digits, two speakers, four takes; the lowest is the test part."""
    rows = [(d, s, t) for d in range(10) for s in range(2) for t in range(4)]
    takes = np.array([take for _, _, take in rows], np.int32)
    return Recordings(
        waveforms=tuple(said(*row) for row in rows),
        labels=np.array([digit for digit, _, _ in rows], np.int32),
        speakers=np.array([SPEAKERS[speaker] for _, speaker, _ in rows]),
        takes=takes,
        splits=np.where(takes < 1, "test", "train"),
        label_names=tuple("0123456789"),
        sampling_rate=RATE,
    )


def digits_to_say() -> DigitsToSay:
    """Few texts for these voices."""
    return join({"fsdd": recordings()}).few()


def small_recipe(**changes: Any) -> Recipe:
    """The recipe that ships, with a tiny network and short examples."""
    recipe = read_recipe(RECIPE)
    arguments = {**recipe.model.arguments, "units": 8, "hidden": 8, "embedding": 4}
    sizes = {"validation_takes": 1, "steps": 30, "sequences": 12}
    options = {**recipe.training.options, **sizes, **changes}
    processing = {**recipe.processing, "styles": 2}
    processing["log_mel"] = {**processing["log_mel"], **SMALL}
    return replace(
        recipe,
        processing=processing,
        model=replace(recipe.model, arguments=arguments),
        training=replace(recipe.training, epochs=2, batch_size=6, options=options),
    )


def task(**changes: Any) -> DigitSpeech:
    """A task of these voices, without a network."""
    seconds = [[0.08 + 0.01 * digit for digit in range(10)]] * len(SPEAKERS)
    known = {"speakers": list(SPEAKERS), "seconds": seconds, "spread": 0.2}
    return from_processing({**small_recipe().processing, **known, **changes})


def from_table(arrays: Arrays) -> Arrays:
    """Stands for a network: each token is one loud band."""
    tokens = arrays["tokens"]
    frames = np.full((*tokens.shape, SMALL["mels"]), np.log10(SMALL["floor"]), np.float32)
    for row, column in zip(*np.nonzero(tokens), strict=True):
        frames[row, column, 2 * tokens[row, column]] = 1.0
    return {"log_mel": frames}
