"""A few dialogues over and over, a recipe for them, and a network of numpy that remembers."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.datasets.sgd_dialogues import Dialogues
from zoo.model_card import Data, Model, Recipe, Training
from zoo.processing.subwords import Subwords
from zoo.tasks import Arrays
from zoo.tasks.dialogue import DialogueTask

TALK = (
    ("I need a table.", "For how many?", "For two.", "Your table is booked."),
    ("a bus to Oslo please", "When do you leave?", "at 9", "Here is a bus at 9.", "ok", "Bye!"),
    ("Hi", "How can I help?"),
)
# " ab" and "a." are pieces of their own
CODEC = Subwords(" abcdefgh.?", [(4, 5), (15, 6), (5, 13)])


def dialogues(repeats: int = 8) -> Dialogues:
    """The same few in all parts."""
    return Dialogues(TALK * repeats, TALK * 2, TALK)


def recipe(**training: Any) -> Recipe:
    """A recipe for `dialogues` that trains in seconds."""
    return Recipe(
        format=1,
        title="made",
        description="made",
        domain="text",
        task="dialogue",
        license="Apache-2.0",
        source="made",
        streaming=True,
        data=Data("made", "public domain", True, "alike"),
        processing={"kind": "subwords", "size": 60, "minimum_count": 1},
        model=Model(
            "text.language_model",
            {"cell": "gru", "units": 12, "layers": 1, "embedding": 8, "tied": True},
        ),
        training=Training(
            **{"seed": 1, "epochs": 1, "batch_size": 8, "learning_rate": 0.02, **training}
        ),
        targets={"perplexity_token": 1.0},
    )


def task() -> DialogueTask:
    """A task of a dozen characters."""
    return DialogueTask(CODEC)


_WEIGHTS = np.random.default_rng(0).normal(size=(len(CODEC), len(CODEC))).astype(np.float32)


def network(arrays: Arrays) -> Arrays:
    """A recurrent network without training: its logits depend on everything read so far."""
    tokens = arrays["tokens"]
    state = arrays.get("state_0_h", np.zeros((len(tokens), len(CODEC)), np.float32))
    steps = []
    for codes in tokens.T:
        state = np.tanh(0.5 * state @ _WEIGHTS + _WEIGHTS[codes])
        steps.append(2 * state)
    return {"logits": np.stack(steps, axis=1), "next_state_0_h": state}
