"""`python -m zoo.cli._forms [SECONDS]`: measures the forms of recurrent layers for the exporter.

Writes `export/recurrent/forms.toml`, by which `to_onnx(form="auto")` chooses. SECONDS is the time
for each cell, activation, number of units and batch size; the machine should have no other work.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from importlib.metadata import version

import click

from zoo.cli._shared import heavy
from zoo.files import replacing

HEAD = """\
# Written by `python -m zoo.cli._forms`: how much faster a Scan is than ONNX's own operator
# (1.5: the operator takes 1.5 times as long); one thread, {steps} steps, features = units, all
# steps returned.
# [speedup.CELL.ROLE.ACTIVATION]: units = [a figure for each batch size].
machine = "{machine}, onnxruntime {runtime}"
batch = {batches}
"""


def main(seconds: float) -> None:
    """Measures all candidates and writes the table."""
    with heavy():
        from export.recurrent.forms import TABLE
        from export.recurrent.timing import BATCHES, STEPS, candidates, speedups
        from export.timing import machine

        rows: dict[tuple[str, str, str], dict[int, list[float]]] = defaultdict(dict)
        with click.progressbar(list(candidates()), file=sys.stderr, label="forms") as bar:
            for kind, role, activation, units in bar:
                found = speedups(kind, role, activation, units, seconds)
                rows[kind, role, activation][units] = found
    facts = {"steps": STEPS, "batches": list(BATCHES), "machine": machine()}
    lines = [HEAD.format(runtime=version("onnxruntime"), **facts)]
    for key, by_units in rows.items():
        lines.append(f"[speedup.{'.'.join(key)}]")
        for units, found in by_units.items():
            lines.append(f"{units} = [{', '.join(f'{value:.2f}' for value in found)}]")
        lines.append("")
    with replacing(TABLE) as temporary:
        temporary.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.3)
