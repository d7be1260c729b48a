"""Policy: observations in, a row a time step, the action at each from it and those before out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.feature_rows import FeatureRows
from zoo.processing.frontend import Arrays, Frontend, Run
from zoo.processing.labels import Labels, check_names, checked
from zoo.processing.parts import carry
from zoo.processing.tables import read_rows

DOMAIN = "series"
INPUTS = {"features": "standardised observations, a row a time step"}
OUTPUTS = {"logits": "one logit an action at each step, in the order of `actions`"}
_LARGEST = 1e30  # float32 ends not far above


@dataclass(frozen=True, eq=False)
class Actions:
    """What a policy does, step after step.

    Args:
        first: Number of the first step, from 0.
        actions: One a step.
        names: All actions that there are.
        probabilities: float32 (steps, actions), in the order of `names`.
    """

    first: int
    actions: tuple[str, ...]
    names: tuple[str, ...]
    probabilities: np.ndarray

    @property
    def last(self) -> str:
        """The action now.

        Raises:
            InputError: There was no observation.
        """
        if not self.actions:
            raise InputError("Received no observation; feed one, and there is an action.")
        return self.actions[-1]

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        rows = zip(self.actions, self.probabilities.tolist(), strict=True)
        return {
            "steps": [
                {
                    "step": self.first + place,
                    "action": action,
                    "probabilities": dict(zip(self.names, shares, strict=True)),
                }
                for place, (action, shares) in enumerate(rows)
            ]
        }

    def __str__(self) -> str:
        lines, start = [], 0
        for action, group in groupby(self.actions):
            end = start + len(list(group))
            column = self.names.index(action)
            share = float(self.probabilities[start:end, column].mean())
            told = f"step {self.first + start}"
            told = told if end == start + 1 else f"steps {told[5:]} to {self.first + end - 1}"
            lines.append(f"{told}: {action} ({share:.1%})")
            start = end
        return "\n".join(lines)


class Policy:
    """Acts on observations.

    The network takes `features` float32 (batch, time, features), standardised, and gives `logits`
    float32 (batch, time, actions); it is causal.

    Args:
        rows: The observations, and how they are standardised.
        actions: Their names.
    """

    def __init__(self, rows: FeatureRows, actions: Sequence[str]) -> None:
        self.rows = rows
        self.actions = tuple(actions)
        self.decide = Labels(self.actions, axes=("batch", "time"))
        self.frontend = Frontend(rows, self.decide)
        self.streaming = self.frontend
        self.processing: dict[str, Any] = {**rows.to_processing(), "actions": list(actions)}

    def predict(self, run: Run, raw: Any) -> Actions:
        """The action at each of a sequence of observations.

        Args:
            run: The network with the frontend around it.
            raw: A table with a row a time step, at least one; see
                `zoo.processing.tables.read_rows`.

        Raises:
            InputError: The table cannot be used.
        """
        return self.told(run({"values": self.read(raw)[None]}), 0)

    def predict_many(self, run: Run, raws: Sequence[Any]) -> list[Actions]:
        """Answers for several sequences; see `predict`."""
        if not raws:
            raise InputError("Received no table; give at least one.")
        return [self.predict(run, raw) for raw in raws]

    def read(self, raw: Any) -> np.ndarray:
        """Observations in their own units, float32 (time, features)."""
        values = read_rows(raw, self.rows.names)
        if np.abs(values).max() > _LARGEST:
            raise InputError(f"Received a value beyond {_LARGEST:g}; check the units of the table.")
        return values.astype(np.float32)

    def told(self, outputs: Arrays, first: int) -> Actions:
        """What `label` and `probabilities` of one row mean, from the step of that number on.

        Raises:
            InputError: A probability is not finite.
        """
        shares = checked(outputs["probabilities"])[0]
        return Actions(first, tuple(map(str, outputs["label"][0])), self.actions, shares)

    def reader(self, raw: bool) -> ObservationReader:
        """Reads observations as they come; see `zoo.tasks.Reader`."""
        return ObservationReader(self, raw)


class Actor:
    """Several episodes side by side, one state each; a new one for new episodes.

    Args:
        run: The network with the frontend around it, in its streaming form.
        actions: Their names.
    """

    def __init__(self, run: Run, actions: Sequence[str]) -> None:
        self._run = run
        self._actions = np.array(actions, object)
        self._states: Arrays = {}

    def act(self, observations: np.ndarray) -> np.ndarray:
        """The actions now, int (episodes,), from observations (episodes, features) in their units.

        Raises:
            InputError: They are not finite, or of another shape than before.
        """
        values = np.asarray(observations, np.float32)[:, None]
        outputs = self._run({"values": values, **self._states})
        self._states = carry(outputs)
        found = outputs["label"][:, 0, None] == self._actions
        return np.asarray(found.argmax(axis=-1))


class ObservationReader:
    """Observations in, actions out at once; see `zoo.tasks.Reader`.

    A piece is one observation (features,), several (time, features), a table of them, or text:
    lines of numbers with commas between; a line that names the features is passed over.

    Args:
        task: What the observations are.
        raw: Whether the network takes them in their own units.
    """

    def __init__(self, task: Policy, raw: bool) -> None:
        self._task = task
        self._raw = raw
        self._seen = 0

    def arrays(self, chunk: Any) -> Arrays | None:
        """The observations as a network takes them.

        Raises:
            InputError: They cannot be used.
        """
        if isinstance(chunk, str):
            lines = [line.split(",") for line in chunk.splitlines() if line.strip()]
            rows = [self._numbers(x) for x in lines if tuple(x) != self._task.rows.names]
            if not rows:
                return None
            chunk = np.array(rows)
        single = isinstance(chunk, list | tuple | np.ndarray) and np.ndim(chunk) == 1
        arrays = {"values": self._task.read(np.atleast_2d(chunk) if single else chunk)[None]}
        return arrays if self._raw else self._task.frontend.process(arrays)

    def rest(self) -> Arrays | None:
        """Nothing is ever withheld."""
        return None

    def answer(self, outputs: Arrays | None) -> Actions:
        """The actions for the observations of one call."""
        if outputs is None:
            names = self._task.actions
            return Actions(self._seen, (), names, np.zeros((0, len(names)), np.float32))
        full = outputs if self._raw else self._task.frontend.restore(outputs)
        found = self._task.told(full, self._seen)
        self._seen += len(found.actions)
        return found

    def reset(self) -> None:
        """Starts another episode."""
        self._seen = 0

    def state(self) -> Arrays:
        """How many observations there were."""
        return {"seen": np.array(self._seen, np.int64)}

    def restore(self, arrays: Arrays) -> None:
        """Takes what `state` gave."""
        seen = int(arrays["seen"])
        if seen < 0:
            raise ValueError(f"{seen} observations were seen")
        self._seen = seen

    def _numbers(self, cells: Sequence[str]) -> list[float]:
        """The numbers of a line.

        Raises:
            InputError: A cell is none, or there are too many or too few.
        """
        names = self._task.rows.names
        try:
            return [float(cell) for _, cell in zip(names, cells, strict=True)]
        except ValueError:
            raise InputError(
                f"Received the line {','.join(cells)!r}; needed are {', '.join(names)}: numbers "
                "with commas between."
            ) from None


def from_processing(processing: Mapping[str, Any]) -> Policy:
    """Rebuilds the task from its configuration.

    Args:
        processing: `actions`, and what `zoo.processing.feature_rows` needs.

    Raises:
        RecipeError: The kind is another, or a key is unknown or missing.
    """
    told = {k: v for k, v in processing.items() if k != "actions"}
    actions = check_names(processing.get("actions"), "actions")
    return Policy(FeatureRows.from_processing(told), actions)
