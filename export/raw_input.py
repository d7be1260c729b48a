"""How an exported file says that raw input becomes arrays, and what its answers are called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from export.tracing.subject import Subject
from zoo.errors import ExportError, RecipeError
from zoo.tasks import load_task, task_kinds


def task_facts(
    processing: Mapping[str, Any] | None, labels: Sequence[str] | None, task: str | None
) -> dict[str, Any]:
    """The metadata of a task for a user's own model; nothing without ``processing``.

    Args:
        processing: The configuration that a recipe's ``[processing]`` holds.
        labels: Name of each class, for tasks that have classes.
        task: Kind of task; by default the one that takes this configuration.

    Raises:
        ExportError: No task takes it.
    """
    if processing is None:
        if labels is not None or task is not None:
            raise ExportError("labels= and task= say what processing= leads to; give that too")
        return {}
    full = dict(processing) | ({} if labels is None else {"labels": list(labels)})
    reasons = {}
    for kind in [task] if task else task_kinds():
        try:
            load_task(kind, full)
        except RecipeError as error:
            reasons[kind] = str(error)
        else:
            domain = importlib.import_module(f"zoo.tasks.{kind}").DOMAIN
            facts = {"domain": domain, "task": kind, "processing": full}
            return facts | ({"labels": list(labels)} if labels else {})
    told = " ".join(f"{kind}: {reason}" for kind, reason in reasons.items())
    raise ExportError(f"no task takes the processing that was given; {told}")


def check_task(subject: Subject, facts: Mapping[str, Any]) -> None:
    """Checks that a model has the inputs and outputs that its task uses; a part has some of them.

    Raises:
        ExportError: One is missing.
    """
    if "task" not in facts or "processing" not in facts or "part" in facts:
        return
    module = importlib.import_module(f"zoo.tasks.{facts['task']}")
    inputs, outputs = {spec.name for spec in subject.inputs}, set(subject.output_names)
    if set(module.INPUTS) <= inputs and set(module.OUTPUTS) <= outputs:
        return
    raise ExportError(
        f"the task {facts['task']!r} feeds {', '.join(module.INPUTS)} and reads "
        f"{', '.join(module.OUTPUTS)}, but model {subject.name!r} has the inputs "
        f"{', '.join(sorted(inputs))} and the outputs {', '.join(sorted(outputs))}; name its "
        "keras.Input layers and the keys of its outputs so"
    )
