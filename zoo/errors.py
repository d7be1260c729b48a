"""The few exceptions of rnn-zoo; each message says what was received and what to do."""

from __future__ import annotations


class ZooError(Exception):
    """Base of every error that this project raises on purpose."""


class InputError(ZooError, ValueError):
    """Raw input (text, audio, table, arrays) cannot be answered."""


class DataError(ZooError):
    """A data set is missing, incomplete or damaged."""


class UnknownModelError(ZooError, LookupError):
    """No model of that id stands in the zoo."""


class WeightsError(ZooError):
    """Weights are missing, damaged, or of another model."""


class RecipeError(ZooError, ValueError):
    """A recipe, card, builder name or processing configuration is wrong."""


class MissingExtraError(ZooError, ImportError):
    """A package of an optional extra is needed.

    Args:
        extra: The extra of the distribution that brings the package.
        purpose: What needs it, as a clause ("reading FLAC files").
    """

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs an optional package: pip install 'rnn-zoo[{extra}]'.")
        self.extra = extra


class ExportError(ZooError):
    """A model cannot be exported, or the exported file does not answer as the original."""


class RuntimeFileError(ZooError):
    """An exported file is damaged, or is not what the call needs."""


class StreamError(ZooError):
    """A stream cannot go on, or its saved state cannot be restored."""


class QueueFullError(StreamError):
    """So many chunks wait for a model that no more are taken."""
