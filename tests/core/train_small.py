"""Run as a process: trains tiny recipes of every task on the backend that KERAS_BACKEND names.

Prints, for each, the history of an unbroken run and of one that was interrupted and resumed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

from tests.series import made as series
from tests.speech.test_speech_training import small_recipe
from tests.text import made as text
from tests.text import made_dialogues as dialogues
from tests.text import made_words as words
from tests.text import test_translation_learning as translation
from zoo.model_card import Recipe
from zoo.training.fit import fit_recipe

FILE = "weights.safetensors"
# Names of the run: recipe, data, epochs before the interruption, epochs in all.
Case = tuple[Recipe, Any, int, int]


def cases(recordings: Any) -> dict[str, Case]:
    """One small recipe a task; the text one has dropout, an average and a schedule."""
    arguments = {"dropout": 0.3, "input_dropout": 0.1, "layers": 2}
    return {
        "language_model": (
            text.recipe(arguments, average=0.5, warmup_epochs=1, weight_decay=0.01),
            text.text(20),
            2,
            4,
        ),
        "classification": (small_recipe(), recordings, 1, 2),
        "text_classification": (words.recipe("names-rnn"), words.names(), 1, 2),
        "tagging": (words.recipe("ewt-pos-bilstm"), words.sentences(), 1, 2),
        "intent_and_slots": (words.recipe("snips-bilstm"), words.sentences(), 1, 2),
        "transduction": (words.recipe("g2p-lstm"), words.words(), 1, 2),
        "translation": (translation.recipe(), translation.DATA, 1, 2),
        "dialogue": (dialogues.recipe(epochs=2), dialogues.dialogues(), 1, 2),
        "forecast": (series.recipe(epochs=2), series.tables(series.hourly()), 1, 2),
    }


def both_ways(case: Case, folder: Path) -> dict[str, Any]:
    """Histories of the unbroken and of the resumed run."""
    recipe, data, first, epochs = case
    path = folder / "recipe.toml"
    path.write_text("")
    whole = fit_recipe(recipe, path, folder / "whole", data=data, epochs=epochs, verbose=0)
    fit_recipe(recipe, path, folder / "broken", data=data, epochs=first, verbose=0)
    resumed = fit_recipe(
        recipe, path, folder / "broken", data=data, epochs=epochs, verbose=0, resume=True
    )
    shapes = [
        {key: array.shape for key, array in load_file(folder / name / FILE).items()}
        for name in ("whole", "broken")
    ]
    return {"whole": whole.history, "resumed": resumed.history, "shapes": shapes}


if __name__ == "__main__":
    from tests.speech.made import made_recordings

    chosen = cases(made_recordings())
    with tempfile.TemporaryDirectory() as base:
        found = {}
        for name in sys.argv[1:]:
            folder = Path(base) / name
            folder.mkdir()
            found[name] = both_ways(chosen[name], folder)
    sys.stdout.write(json.dumps(found))
