"""Small labelled texts, tagged sentences and pronunciations, and recipes that learn them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.datasets import imdb
from zoo.datasets.cmudict import Pronunciations
from zoo.datasets.names_by_language import LabelledTexts, split
from zoo.datasets.ud_english_ewt import Tagged, TaggedSentences
from zoo.model_card import Recipe, read_recipe

PRETRAINED = Path(__file__).parents[2] / "zoo" / "pretrained"
CITIES, ARTISTS = ("rome", "new york", "oslo"), ("abba", "pink floyd", "cher")
SOUNDS = {"a": "AA", "b": "B", "c": "K", "x": "K S", "h": ""}
SMALL: dict[str, dict[str, Any]] = {
    "reviews": {"units": 8, "embedding": 6, "filters": 4},
    "names-rnn": {"units": 8, "embedding": 6},
    "snips-bilstm": {"units": 8, "layers": 1, "embedding": 8, "filters": 6},
    "ewt-pos-bilstm": {"units": 8, "layers": 1, "embedding": 8, "filters": 6},
    "g2p-lstm": {"units": 8, "layers": 1, "decoder_units": 8, "embedding": 6},
}


def path(model_id: str) -> Path:
    """The recipe's file; `reviews` (words between spaces) is a recipe of the tests alone."""
    own = Path(__file__).with_name("reviews.toml")
    return own if model_id == "reviews" else PRETRAINED / model_id / "recipe.toml"


def recipe(model_id: str, **training: Any) -> Recipe:
    """The recipe of a model of the zoo, or of `reviews`, made small enough for seconds."""
    found = read_recipe(path(model_id))
    arguments = {**found.model.arguments, **SMALL[model_id]}
    # Vectors are learned from data sets that tests do not have.
    options = {k: v for k, v in found.training.options.items() if k != "vectors"}
    small: dict[str, Any] = {
        "epochs": 3,
        "batch_size": 8,
        "learning_rate": 0.02,
        "options": options,
        **training,
    }
    return replace(
        found,
        model=replace(found.model, arguments=arguments),
        training=replace(found.training, **small),
    )


def small(model_id: str) -> str:
    """The text of a recipe with the small arguments in it."""
    lines = path(model_id).read_text(encoding="utf-8").splitlines()
    for name, value in SMALL[model_id].items():
        lines = [f"{name} = {value}" if x.startswith(f"{name} = ") else x for x in lines]
    return "\n".join(lines)


def names() -> LabelledTexts:
    """Names of two languages, told apart by their ends."""
    rng = np.random.default_rng(0)
    stems = ["".join(rng.choice([*"bdgklmnrst"], 3)) for _ in range(60)]
    return split(
        {"North": [f"{s}sen" for s in stems[:40]], "South": [f"{s}ini" for s in stems[20:]]}
    )


def reviews() -> LabelledTexts:
    """Reviews of six words, told apart by one of them."""
    rng = np.random.default_rng(0)
    rows = [
        (i % 2, " ".join([*rng.choice(["film", "a", "the,", "plot"], 5), ["dull.", "Fun!"][i % 2]]))
        for i in range(200)
    ]
    return imdb.split(rows[:120], rows[120:])


def requests(count: int = 40) -> Tagged:
    """Requests with two intents and slots of one and two words."""
    rows = []
    for i in range(count):
        intent, lead, name, values = [
            ("Weather", "weather in", "city", CITIES),
            ("Play", "please play", "artist", ARTISTS),
        ][i % 2]
        value = values[i // 2 % 3].split()
        tags = [f"B-{name}", *[f"I-{name}"] * (len(value) - 1)]
        rows.append((intent, (*lead.split(), *value), ("O", "O", *tags)))
    return Tagged(
        tuple(words for _, words, _ in rows),
        tuple(tags for _, _, tags in rows),
        tuple(intent for intent, _, _ in rows),
    )


def sentences() -> TaggedSentences:
    """Requests in three parts; also good for plain tagging."""
    return TaggedSentences(requests(40), requests(10), requests(12))


def words() -> Pronunciations:
    """All words of three to four letters out of five, spoken letter by letter."""
    rng = np.random.default_rng(0)
    made = {"".join(rng.choice([*SOUNDS], rng.integers(3, 5))) for _ in range(200)}
    spoken = {
        word: (tuple(" ".join(SOUNDS[c] for c in word).split()),)
        for word in sorted(made)
        if set(word) != {"h"}
    }
    rows = list(spoken.items())
    return Pronunciations(dict(rows[2::3]), dict(rows[::3]), dict(rows[1::3]))
