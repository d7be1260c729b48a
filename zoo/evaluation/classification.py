"""Accuracy of a classifier, beside the nearest mean and the commonest class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.datasets.fsdd import Recordings
from zoo.errors import DataError
from zoo.evaluation.robustness import Change
from zoo.model_card import Metric
from zoo.tasks import Run
from zoo.tasks.classification import Classification

_BATCH = 50


def evaluate(
    task: Classification,
    run: Run,
    data: Recordings,
    split: str = "test",
    *,
    hold_out: str | None = None,
    seed: int = 1,
) -> list[Metric]:
    """Scores a classifier.

    Args:
        task: What turns clips into answers.
        run: The network.
        data: Labelled clips.
        split: "train" or "test", the data's official parts.
        hold_out: A speaker instead: all clips of one whom training did not hear.
        seed: The one that trained the network.

    Returns:
        One metric, `accuracy` or, for a held-out speaker, `accuracy_unseen_speaker`.

    Raises:
        DataError: No clip is left, or the labels are not the task's.
    """
    if data.label_names != task.labels:
        raise DataError(f"Received the labels {data.label_names}; the task has {task.labels}.")
    chosen = data.splits == split if hold_out is None else data.speakers == hold_out
    rest = data.splits == "train" if hold_out is None else ~chosen
    if not chosen.any() or not rest.any():
        raise DataError(f"No clips are left of the part {hold_out or split!r} or beside it.")
    scored, known = data.where(chosen), data.where(rest)
    answers = answer(task, run, scored)
    name, share = ("accuracy", _share(answers, scored.labels))
    protocol = f"official split, {len(scored)} clips, speakers are in both parts"
    if hold_out is not None:
        name = "accuracy_unseen_speaker"
        protocol = f"trained on the other speakers, all {len(scored)} clips of {hold_out}"
    return [
        Metric(
            name=name,
            value=share,
            unit="share",
            direction="higher",
            split=split if hold_out is None else hold_out,
            protocol=protocol,
            seeds=[seed],
            primary=hold_out is None,
            baselines={
                "nearest_mean": _share(nearest_mean(task, known, scored), scored.labels),
                "majority": _share(_commonest(known, len(scored)), scored.labels),
            },
        )
    ]


def pooled(metrics: Sequence[Metric]) -> Metric:
    """Joins the folds of a cross-validation over speakers into one figure, each fold beside it.

    Raises:
        DataError: There is no fold.
    """
    if not metrics:
        raise DataError("Received no folds; cross-validation needs at least one.")
    first = metrics[0]
    return Metric(
        name=first.name,
        value=float(np.mean([metric.value for metric in metrics])),
        unit=first.unit,
        direction=first.direction,
        split="leave one speaker out",
        protocol=f"mean of {len(metrics)} folds, each trained on the other speakers",
        seeds=sorted({seed for metric in metrics for seed in metric.seeds}),
        baselines={
            name: float(np.mean([metric.baselines[name] for metric in metrics]))
            for name in first.baselines
        },
        details={metric.split: metric.value for metric in metrics},
    )


def changed(task: Classification, run: Run, data: Recordings, split: str, change: Change) -> float:
    """Accuracy on the clips of a part that `change` has made worse.

    Raises:
        DataError: The part is empty.
    """
    scored = data.where(data.splits == split)
    if not len(scored):
        raise DataError(f"No clips are left of the part {split!r}.")
    raws = [change(one, data.sampling_rate, place) for place, one in enumerate(scored.waveforms)]
    return _share(_answers(task, run, raws), scored.labels)


def answer(task: Classification, run: Run, data: Recordings) -> np.ndarray:
    """Positions of the classes that the task names for each clip, int (clips,)."""
    return _answers(task, run, data.waveforms)


def _answers(task: Classification, run: Run, raws: Sequence[Any]) -> np.ndarray:
    raw_run = task.frontend.around(run)
    labels = [
        task.labels.index(answer.label)
        for start in range(0, len(raws), _BATCH)
        for answer in task.predict_many(raw_run, raws[start : start + _BATCH])
    ]
    return np.array(labels)


def nearest_mean(task: Classification, known: Recordings, scored: Recordings) -> np.ndarray:
    """The naive rule: the class whose mean vector, over `known`, is nearest in square distance.

    A clip's vector is the mean of its features over time.
    """
    vectors, wanted = _vectors(task, known), _vectors(task, scored)
    present = np.unique(known.labels)
    means = np.stack([vectors[known.labels == label].mean(axis=0) for label in present])
    distances = np.square(wanted[:, None] - means[None]).sum(axis=2)
    return np.asarray(present[distances.argmin(axis=1)])


def _vectors(task: Classification, data: Recordings) -> np.ndarray:
    return np.stack([task.features(waveform).mean(axis=0) for waveform in data.waveforms])


def _commonest(known: Recordings, count: int) -> np.ndarray:
    return np.full(count, np.bincount(known.labels).argmax())


def _share(answers: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(answers == labels))
