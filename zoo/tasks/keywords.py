"""Keywords: a recording in, the command words heard in it out, as they come."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from zoo.processing.events import WordRule, settings_of
from zoo.processing.labels import check_names
from zoo.tasks._events import EventTask
from zoo.tasks.classification import log_mel

DOMAIN = "speech"
INPUTS = {"features": "log-mel spectrogram, a frame a step"}
OUTPUTS = {"logits": "for each frame one logit a word, then something else, then silence"}
OTHERS = ("something else", "silence")
_SETTINGS = ("threshold", "smooth", "rest")


class Keywords(EventTask):
    """Says which command words are heard, and when."""

    @property
    def words(self) -> tuple[str, ...]:
        """The command words."""
        return self.labels[: -len(OTHERS)]


def from_processing(processing: Mapping[str, Any]) -> Keywords:
    """Rebuilds the task from its configuration.

    Args:
        processing: `kind` "log_mel", `level` "none", the other fields of
            `zoo.processing.audio.LogMel`, `labels` (the words, then OTHERS), and the table `events`
            with the probability `threshold` and the frames of `smooth` and `rest`, see
            `zoo.processing.events.WordRule`.

    Raises:
        RecipeError: The kind, a key or a setting is wrong, or there are no labels.
    """
    labels = check_names(processing.get("labels"), "labels")
    settings = settings_of(processing, _SETTINGS)
    config = log_mel({name: x for name, x in processing.items() if name != "events"})
    rule = partial(WordRule, labels, settings["threshold"], settings["smooth"], settings["rest"])
    return Keywords(config, labels, rule, settings)
