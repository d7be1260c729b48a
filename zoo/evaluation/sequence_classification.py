"""Accuracy of a classifier of sequences, beside the nearest warped neighbour and the commonest."""

from __future__ import annotations

import numpy as np

from zoo.datasets.ucr_uea import LabelledSequences, Problems
from zoo.errors import DataError
from zoo.evaluation.time_warping import NearestWarped
from zoo.model_card import Metric
from zoo.tasks import Run
from zoo.tasks.sequence_classification import SequenceClassification

_BATCH = 256


def evaluate(
    task: SequenceClassification,
    run: Run,
    data: Problems | LabelledSequences,
    split: str = "test",
) -> list[Metric]:
    """Scores a classifier of sequences.

    Args:
        task: What turns sequences into answers.
        run: The network.
        data: Labelled sequences; the baselines learn from the official training part.
        split: "train" or "test", or a "validation" part that the data has.

    Returns:
        One metric, `accuracy`.

    Raises:
        DataError: The split is empty, or the labels are not the task's.
    """
    data = data if isinstance(data, LabelledSequences) else data.get(task.problem)
    if data.label_names != task.labels:
        raise DataError(f"Received the labels {data.label_names}; the task has {task.labels}.")
    known, scored = data.where(data.splits == "train"), data.where(data.splits == split)
    if not len(known) or not len(scored):
        raise DataError(f"No sequences are left of the part {split!r} or to learn from.")
    nearest = NearestWarped(known.sequences)
    naive = {
        "nearest_neighbour_dtw": known.labels[[nearest.find(s) for s in scored.sequences]],
        "majority": np.full(len(scored), np.bincount(known.labels).argmax()),
    }
    return [
        Metric(
            name="accuracy",
            value=_share(answer(task, run, scored), scored.labels),
            unit="share",
            direction="higher",
            split=split,
            protocol=f"official split, {len(known)} sequences to learn from, {len(scored)} scored",
            seeds=[],
            primary=True,
            baselines={name: _share(found, scored.labels) for name, found in naive.items()},
        )
    ]


def answer(task: SequenceClassification, run: Run, data: LabelledSequences) -> np.ndarray:
    """Positions of the classes that the task names for each sequence, int (sequences,)."""
    raw_run = task.frontend.around(run)
    labels = [
        task.labels.index(one.label)
        for start in range(0, len(data), _BATCH)
        for one in task.predict_many(raw_run, data.sequences[start : start + _BATCH])
    ]
    return np.array(labels)


def _share(answers: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(answers == labels))
