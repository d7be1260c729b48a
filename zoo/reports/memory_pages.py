"""The table and the picture of what each cell can remember."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.files import replacing
from zoo.plots.gradient_flow import Panel, save_gradient_flow

if TYPE_CHECKING:
    from zoo.reports.memory import MemoryResult, MemoryRun

_WHAT = ("run", "problem", "T", "cell", "setting", "parameters", "batches")
_HEAD = (*_WHAT, "error", "chance", "unit")


def write_pages(runs: Sequence[MemoryRun], results: Sequence[MemoryResult], folder: Path) -> None:
    """Writes `memory.csv`, `memory.md` and `memory.png`.

    Args:
        runs: What was trained.
        results: One for each.
        folder: Where to.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    lines = [_HEAD, *(_row(run, one) for run, one in zip(runs, results, strict=True))]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    for name, content in (("memory.csv", text.getvalue()), ("memory.md", as_markdown(lines))):
        with replacing(folder / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    save_memory(runs, results, folder / "memory.png")


def as_markdown(lines: Sequence[Sequence[str]]) -> str:
    """A table; its first line is the head."""
    rows = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([rows[0], "|" + " --- |" * len(lines[0]), *rows[1:]]) + "\n"


def save_memory(runs: Sequence[MemoryRun], results: Sequence[MemoryResult], path: Path) -> None:
    """Draws the gradient flow of each comparison, untrained on the left, trained on the right."""
    panels = []
    for name in dict.fromkeys(name for run in runs for name in run.panels):
        pairs = zip(runs, results, strict=True)
        inside = {run.panels[name]: one for run, one in pairs if name in run.panels}
        for when in ("before", "after"):
            flows = {label: getattr(one, when) for label, one in inside.items()}
            lines = {
                f"{label}.{part}": values
                for label, flow in flows.items()
                for part, values in flow.lengths.items()
            }
            places = {line: flows[line.rpartition(".")[0]].places for line in lines}
            panels.append(Panel(f"{name}, {when} training", lines, places))
    save_gradient_flow(panels, path, columns=2)


def _row(run: MemoryRun, result: MemoryResult) -> tuple[str, ...]:
    return (
        run.id,
        run.problem,
        str(run.length),
        str(run.arguments["cell"]),
        run.setting,
        str(result.parameters),
        str(100 * len(result.curve)),
        f"{result.error:.2e}",
        f"{result.chance:.4f}",
        result.unit,
    )
