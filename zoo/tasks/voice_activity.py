"""Voice activity: a recording in, where speech starts and ends out, as it comes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from zoo.processing.events import SpeechRule, settings_of
from zoo.tasks._events import EventTask
from zoo.tasks.classification import log_mel

DOMAIN = "speech"
INPUTS = {"features": "log-mel spectrogram, a frame a step"}
OUTPUTS = {"logits": "for each frame one logit for anything else, one for speech"}
LABELS = ("other", "speech")
_SETTINGS = ("threshold", "rest")


class VoiceActivity(EventTask):
    """Says where someone speaks: `predict` gives the starts and ends."""


def from_processing(processing: Mapping[str, Any]) -> VoiceActivity:
    """Rebuilds the task from its configuration.

    Args:
        processing: `kind` "log_mel", `level` "none", the other fields of
            `zoo.processing.audio.LogMel`, perhaps `labels` (LABELS), and the table `events` with
            the probability `threshold` and the frames of `rest`, see
            `zoo.processing.events.SpeechRule`.

    Raises:
        RecipeError: The kind, a key or a setting is wrong.
    """
    settings = settings_of(processing, _SETTINGS)
    config = log_mel({name: x for name, x in processing.items() if name != "events"})
    rule = partial(SpeechRule, LABELS, settings["threshold"], settings["rest"])
    return VoiceActivity(config, LABELS, rule, settings)
