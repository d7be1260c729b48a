"""Small strings of words made on the spot, and a network that writes down the loud ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.speech.made import RATE, made_recordings
from tests.speech.made_voices import PRETRAINED
from zoo.datasets._utterances import Utterances
from zoo.model_card import Recipe, read_recipe
from zoo.processing.frontend import Arrays


def made_utterances(words: int = 3) -> Utterances:
    """Words of two tones by three speakers, one recording each, and a hiss for each part."""
    made = made_recordings()
    chosen = made.where(made.labels < words)
    rng = np.random.default_rng(0)
    return Utterances(
        waveforms=chosen.waveforms,
        words=tuple((chosen.label_names[label],) for label in chosen.labels),
        speakers=chosen.speakers,
        splits=np.where(chosen.takes == 2, "validation", chosen.splits.astype("<U10")),
        noises={
            part: {"hiss": rng.normal(0, 0.1, RATE).astype(np.float32)}
            for part in ("train", "validation", "test")
        },
        sampling_rate=RATE,
        joined=(1, 3),
    )


def small_recipe(**options: Any) -> Recipe:
    """The recipe of digit-strings-ctc, small enough to learn in a second.

    Args:
        **options: Training options in place of the recipe's.
    """
    recipe = read_recipe(PRETRAINED / "digit-strings-ctc" / "recipe.toml")
    training = {
        **recipe.training.options,
        "strings": 8,
        "seconds": 1.6,
        "joined": [1, 3],
        **options,
    }
    return replace(
        recipe,
        processing={**recipe.processing, "mels": 10},
        model=replace(
            recipe.model,
            arguments={
                **recipe.model.arguments,
                "units": 8,
                "layers": 1,
                "bands": [2],
                "filters": [],
            },
        ),
        training=replace(recipe.training, epochs=1, batch_size=4, options=training),
    )


class Loudness:
    """A network that hears speech where a frame is loud, and tells the first word after it.

    Args:
        classes: Silence, speech, then words.
        border: How far a frame that is loud is below the loudest of the recording, at most.
    """

    def __init__(self, classes: int, border: float) -> None:
        self.classes, self.border = classes, border

    def __call__(self, arrays: Arrays) -> Arrays:
        levels = arrays["features"].max(axis=-1)
        loud = levels > levels.max(axis=-1, keepdims=True) - self.border
        ends = np.pad(loud, ((0, 0), (1, 0)))[:, :-1] & ~loud
        logits = np.zeros((*loud.shape, self.classes), np.float32)
        logits[..., 0], logits[..., 1], logits[..., 2] = 9.0 * ~loud, 9.0 * loud, 20.0 * ends
        return {"logits": logits}
