"""Loss of a language model in nats a character, in windows and with carried state."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zoo.datasets.tiny_shakespeare import Text
from zoo.errors import DataError
from zoo.evaluation.ngram import Ngram
from zoo.model_card import Metric
from zoo.processing.parts import carry
from zoo.tasks import Arrays, Run
from zoo.tasks.language_model import LanguageModel

WINDOW = 256
BATCH = 64
CHUNK = 2048


def evaluate(
    task: LanguageModel, run: Run, data: Text, split: str = "test", hold_out: str | None = None
) -> list[Metric]:
    """Scores a split both ways: windows from zero state, and one pass with carried state.

    Args:
        task: Holds the codec.
        run: The network in its streaming form.
        data: The text in three parts; the baselines count all that stands before the split.
        split: "validation" or "test".
        hold_out: Nothing can be held out of a running text.

    Returns:
        `nats_per_character_windows` (primary): mean over all characters but the first of each
        disjoint window of 257 characters that the split holds; `nats_per_character_carried`: over
        all characters but the first of the split. Each stands beside 1-gram and 5-gram models
        that see the same context.

    Raises:
        DataError: The split is shorter than a window.
    """
    if hold_out is not None:
        raise DataError(f"Received hold_out={hold_out!r}; a running text has no groups.")
    codes = task.codec.encode(getattr(data, split))
    if len(codes) <= WINDOW:
        raise DataError(f"The {split} part has {len(codes)} characters; needed are {WINDOW + 1}.")
    windows = _windows(codes)
    known = task.codec.encode(data.train + (data.validation if split == "test" else ""))
    models = {n: Ngram(known, n, len(task.codec.vocabulary)) for n in (1, 5)}
    return [
        _metric(
            "nats_per_character_windows",
            split,
            f"{len(windows)} disjoint windows of {WINDOW} predictions, each from zero state",
            float(np.mean(_window_losses(run, windows))),
            lambda n: float(np.mean([models[n].losses(window) for window in windows])),
            models,
        ),
        _metric(
            "nats_per_character_carried",
            split,
            "one pass over the whole part, state carried",
            _carried_loss(run, codes),
            lambda n: float(np.mean(models[n].losses(codes))),
            models,
        ),
    ]


def _metric(
    name: str,
    split: str,
    protocol: str,
    value: float,
    baseline: Callable[[int], float],
    models: dict[int, Ngram],
) -> Metric:
    return Metric(
        name=name,
        value=value,
        unit="nats",
        direction="lower",
        split=split,
        protocol=protocol,
        seeds=[],
        primary=name.endswith("windows"),
        baselines={f"{n}_gram": baseline(n) for n in models},
        details={"bits_per_character": value / float(np.log(2))},
    )


def _windows(codes: np.ndarray) -> np.ndarray:
    count = (len(codes) - 1) // WINDOW
    return np.asarray(codes[np.arange(count)[:, None] * WINDOW + np.arange(WINDOW + 1)])


def _window_losses(run: Run, windows: np.ndarray) -> np.ndarray:
    parts = [windows[i : i + BATCH] for i in range(0, len(windows), BATCH)]
    return np.concatenate(
        [losses_of(run({"tokens": part[:, :-1]})["logits"], part[:, 1:]).ravel() for part in parts]
    )


def _carried_loss(run: Run, codes: np.ndarray) -> float:
    states: Arrays = {}
    losses = []
    for start in range(0, len(codes) - 1, CHUNK):
        part = codes[None, start : start + CHUNK + 1]
        outputs = run({"tokens": part[:, :-1], **states})
        states = carry(outputs)
        losses.append(losses_of(outputs["logits"], part[:, 1:]).ravel())
    return float(np.mean(np.concatenate(losses)))


def losses_of(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Cross-entropy in nats: logits (batch, time, vocabulary), targets (batch, time)."""
    scores = logits - logits.max(axis=-1, keepdims=True)
    chosen = np.take_along_axis(scores, targets[..., None].astype(np.int64), axis=-1)[..., 0]
    total = np.exp(scores, out=scores).sum(axis=-1, dtype=np.float64)
    return np.asarray(np.log(total) - chosen)
