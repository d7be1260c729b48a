"""Small voices and noise made on the spot: words of two tones, other words, hisses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.speech.made import RATE, WORDS, spoken
from zoo.datasets.voices_in_noise import VoicesInNoise
from zoo.model_card import Recipe, read_recipe

PRETRAINED = Path(__file__).parents[2] / "zoo" / "pretrained"
WORDS_LEARNED: dict[str, Any] = {
    "words": 0.7,
    "noisy": 0.75,
    "made_noise": 0.25,
    "decibels": [0, 30],
    "level": [-45, -12],
    "speed": 0.15,
    "label_smoothing": 0.05,
}
_SPLITS = ("train", "train", "train", "validation", "test")


def made_voices(clips: int = 10) -> VoicesInNoise:
    """Commands "low" and "high" of one source and "rising" of another, and a noise for each part.

    Args:
        clips: Of each word; of five in a row three train, one validates and one tests.
    """
    rows = [(word, number) for word in WORDS for number in range(clips)]
    rng = np.random.default_rng(0)
    hisses = {
        part: {f"hiss {part}": rng.normal(0, 0.1, 2 * RATE).astype(np.float32)}
        for part in ("train", "validation", "test")
    }
    return VoicesInNoise(
        waveforms=tuple(_between(spoken(word, number), number) for word, number in rows),
        words=np.array([word for word, _ in rows]),
        sources=np.array(["others" if word == WORDS[2] else "commands" for word, _ in rows]),
        speakers=np.array([f"speaker {number}" for _, number in rows]),
        splits=np.array([_SPLITS[number % 5] for _, number in rows]),
        noises=hisses,
        sampling_rate=RATE,
        commands_of="commands",
    )


def _between(waveform: np.ndarray, seed: int) -> np.ndarray:
    """The word in half a second of hardly any noise."""
    quiet = 1e-4 * np.random.default_rng(seed).normal(size=RATE // 2)
    quiet[800 : 800 + len(waveform)] += waveform
    return quiet.astype(np.float32)


def small_recipe(task: str, **options: Any) -> Recipe:
    """The recipe of vad-gru, or one of keywords, small enough to learn in a second.

    Args:
        task: "voice_activity" or "keywords".
        **options: Training options in place of the recipe's.
    """
    recipe = read_recipe(PRETRAINED / "vad-gru" / "recipe.toml")
    arguments = {**recipe.model.arguments, "units": 12, "layers": 1, "filters": [8]}
    training, events = recipe.training.options, recipe.processing["events"]
    if task == "keywords":
        training = {**WORDS_LEARNED, "bend": training["bend"]}
        events = {"threshold": 0.5, "smooth": 4, "rest": 20}
    training = {**training, "stretches": 8, "seconds": 1.6, **options}
    return replace(
        recipe,
        task=task,
        processing={**recipe.processing, "mels": 10, "events": events},
        model=replace(recipe.model, arguments=arguments),
        training=replace(
            recipe.training, epochs=1, batch_size=4, learning_rate=0.01, options=training
        ),
        targets={"accuracy": 0.5},
    )
