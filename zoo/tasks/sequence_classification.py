"""Sequence classification: a table of given features in, a row a time step, its class out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.feature_rows import FeatureRows
from zoo.processing.frontend import Arrays, Frontend, Run
from zoo.processing.labels import Labels, check_names
from zoo.processing.tables import read_rows
from zoo.processing.waveforms import padded
from zoo.tasks.classification import Label, to_labels

DOMAIN = "series"
INPUTS = {
    "features": "standardised features, any values after a row's end",
    "lengths": "how many steps of each row are real",
}
OUTPUTS = {"logits": "one logit a class, in the order of `labels`"}
_LARGEST = 1e30  # float32 ends not far above


class SequenceClassification:
    """Names the class of sequences.

    The network takes right-padded `features` float32 (batch, time, features), standardised, with
    `lengths` int32 (batch,) and gives `logits` float32 (batch, classes).

    Args:
        rows: The features, and how they are standardised.
        labels: Name of each class.
        problem: Which problem of its data set it learned; any name.
    """

    def __init__(self, rows: FeatureRows, labels: Sequence[str], problem: str) -> None:
        self.rows = rows
        self.labels = tuple(labels)
        self.problem = problem
        self.frontend = Frontend(rows, Labels(self.labels))
        self.processing: dict[str, Any] = {
            **rows.to_processing(),
            "problem": problem,
            "labels": list(labels),
        }

    def predict(self, run: Run, raw: Any) -> Label:
        """Answers for one sequence.

        Args:
            run: The network with the frontend around it.
            raw: A table with a row a time step, at least one; see
                `zoo.processing.tables.read_rows`.

        Raises:
            InputError: The table cannot be used.
        """
        return self.predict_many(run, [raw])[0]

    def predict_many(self, run: Run, raws: Sequence[Any]) -> list[Label]:
        """Answers for several sequences in one batch; see `predict`."""
        return to_labels(run(self.arrays(raws)), self.labels)

    def arrays(self, raws: Sequence[Any]) -> Arrays:
        """Several sequences as raw arrays: `values` and `lengths`."""
        if not raws:
            raise InputError("Received no table; give at least one.")
        stacked = padded([self.read(raw) for raw in raws])
        return {"values": stacked["features"], "lengths": stacked["lengths"]}

    def read(self, raw: Any) -> np.ndarray:
        """The features of one sequence in their own units, float32 (time, features)."""
        values = read_rows(raw, self.rows.names)
        if np.abs(values).max() > _LARGEST:
            raise InputError(f"Received a value beyond {_LARGEST:g}; check the units of the table.")
        return values.astype(np.float32)


def from_processing(processing: Mapping[str, Any]) -> SequenceClassification:
    """Rebuilds the task from its configuration.

    Args:
        processing: `labels`, `problem`, and what `zoo.processing.feature_rows` needs.

    Raises:
        RecipeError: The kind is another, or a key is unknown or missing.
    """
    told = {k: v for k, v in processing.items() if k not in ("labels", "problem")}
    labels = check_names(processing.get("labels"), "labels")
    return SequenceClassification(
        FeatureRows.from_processing(told), labels, str(processing.get("problem", ""))
    )
