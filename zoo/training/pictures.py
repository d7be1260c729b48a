"""What a trained model does with data that validated it, as pictures beside its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from zoo.datasets.fsdd import Recordings
from zoo.datasets.multi30k import ParallelTexts
from zoo.datasets.names_by_language import LabelledTexts
from zoo.datasets.ucr_uea import LabelledSequences, Problems
from zoo.datasets.ud_english_ewt import Tagged, TaggedSentences
from zoo.evaluation import (
    classification,
    intent_and_slots,
    sequence_classification,
    tagging,
    text_classification,
)
from zoo.loading import Pretrained
from zoo.plots.attention import save_attention
from zoo.plots.attention_map import save_attention_map
from zoo.plots.confusion import save_confusion
from zoo.plots.speech import save_speech
from zoo.tasks.classification import Classification
from zoo.tasks.digit_speech import DigitSpeech
from zoo.tasks.intent_and_slots import IntentAndSlots
from zoo.tasks.sequence_classification import SequenceClassification
from zoo.tasks.tagging import Tagging
from zoo.tasks.text_classification import ExplainedLabel, TextClassification
from zoo.tasks.translation import Translation
from zoo.training.classification import split
from zoo.training.sequence_classification import split as split_sequences

CONFUSION, ATTENTION, SPOKEN = "confusion.png", "attention.png", "spoken.png"
_EXAMPLES = 1000  # of the validation part, evenly spaced
_TEXTS = 4
_SAID = "0 1 2 3 4 5 6 7 8 9"

Picture = Callable[[Pretrained, Any, Path], None]


def save_pictures(model: Pretrained, data: Any, folder: Path) -> None:
    """Draws what the model's task can show on the validation part of its data.

    `confusion.png`: which classes (intents, tags) it takes for which. `attention.png`: what it
    looked at in a few short texts, where its network tells. `spoken.png`: what its voices say.

    Args:
        model: The model.
        data: Its data set, as the readers of `zoo.datasets` give it.
        folder: Where the pictures are written.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    for picture in PICTURES.get(model.card.recipe.task, ()):
        picture(model, data, folder)


def _confused_clips(model: Pretrained, data: Recordings, folder: Path) -> None:
    takes = model.card.recipe.training.options["validation_takes"]
    part = data.where(_spread(split(data, None, takes)[1]))
    found = classification.answer(cast(Classification, model.task), model.run, part)
    _save_confusion(data.label_names, part.labels, found, folder)


def _confused_sequences(
    model: Pretrained, data: Problems | LabelledSequences, folder: Path
) -> None:
    task = cast(SequenceClassification, model.task)
    data = data if isinstance(data, LabelledSequences) else data.get(task.problem)
    part = data.where(_spread(split_sequences(data)[1]))
    found = sequence_classification.answer(task, model.run, part)
    _save_confusion(data.label_names, part.labels, found, folder)


def _confused_texts(model: Pretrained, data: LabelledTexts, folder: Path) -> None:
    part = data.where(_spread(data.splits == "validation"))
    found = text_classification.answer(cast(TextClassification, model.task), model.run, part)
    _save_confusion(data.label_names, part.labels, found, folder)


def _explained_texts(model: Pretrained, data: LabelledTexts, folder: Path) -> None:
    answers = [
        model.predict(text) for text in _short(data.where(data.splits == "validation").texts)
    ]
    explained = [answer for answer in answers if isinstance(answer, ExplainedLabel)]
    if explained:
        save_attention(explained, folder / ATTENTION)


def _confused_intents(model: Pretrained, data: TaggedSentences, folder: Path) -> None:
    part = _sentences(data.validation)
    answers = intent_and_slots.answer(cast(IntentAndSlots, model.task), model.run, part)
    save_confusion(part.labels, answers.intents, folder / CONFUSION)


def _confused_tags(model: Pretrained, data: TaggedSentences, folder: Path) -> None:
    part = _sentences(data.validation)
    found = tagging.answer(cast(Tagging, model.task), model.run, part)
    wanted, answered = tagging.flat(part.tags).tolist(), tagging.flat(found).tolist()
    save_confusion(wanted, answered, folder / CONFUSION)


def _aligned_texts(model: Pretrained, data: ParallelTexts, folder: Path) -> None:
    task = cast(Translation, model.task)
    answers = [task.predict(model.run, text) for text in _short(data.validation[task.source])]
    told = [answer for answer in answers if answer.candidates[0].attention]
    if told:
        save_attention_map(told, folder / ATTENTION)


def _spoken_digits(model: Pretrained, data: Any, folder: Path) -> None:
    task = cast(DigitSpeech, model.task)
    answers = [task.predict(model.run, _SAID, speaker=name) for name in task.timing.speakers]
    save_speech(task.config, answers, folder / SPOKEN)


PICTURES: Mapping[str, tuple[Picture, ...]] = {
    "classification": (_confused_clips,),
    "digit_speech": (_spoken_digits,),
    "intent_and_slots": (_confused_intents,),
    "sequence_classification": (_confused_sequences,),
    "tagging": (_confused_tags,),
    "text_classification": (_confused_texts, _explained_texts),
    "translation": (_aligned_texts,),
}


def _spread(validating: np.ndarray) -> np.ndarray:
    """Of the examples that validated, bool (examples,), those that are drawn, evenly spaced."""
    places = np.flatnonzero(validating)
    chosen = np.zeros(len(validating), bool)
    chosen[places[:: -(-len(places) // _EXAMPLES)]] = True
    return chosen


def _sentences(part: Tagged) -> Tagged:
    """The sentences that are drawn."""
    step = -(-len(part) // _EXAMPLES)
    return Tagged(part.sentences[::step], part.tags[::step], part.labels[::step])


def _short(texts: Sequence[str]) -> list[str]:
    """A few rather short texts."""
    return sorted(texts, key=len)[len(texts) // 8 :][:_TEXTS]


def _save_confusion(
    names: Sequence[str], wanted: np.ndarray, found: np.ndarray, folder: Path
) -> None:
    true, answered = ([names[int(place)] for place in places] for places in (wanted, found))
    save_confusion(true, answered, folder / CONFUSION)
