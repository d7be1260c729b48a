"""The README's table of ``bench.csv``; ``python -m tests.export.benchmark.summary`` writes it."""

from __future__ import annotations

import csv
from pathlib import Path

from zoo.files import replacing

README = Path(__file__).parents[3] / "README.md"
TABLE = Path(__file__).with_name("bench.csv")
BEGIN, END = "<!-- bench:", "<!-- /bench -->"
QUESTIONS = ("start", "step", "sequence", "batch", "raw")
RIVALS = {
    "onnxruntime": "bare onnxruntime",
    "openvino": "OpenVINO",
    "stock export": "stock export",
    "SavedModel": "SavedModel",
    "keras predict": "Keras `predict`",
    "PyTorch layers": "PyTorch layers",
}


def summary(text: str) -> str:
    """The lines of the table for the text of the CSV file."""
    lines = [
        f"| model | question | ours | {' | '.join(RIVALS.values())} |",
        f"| --- | --- | ---: |{' ---: |' * len(RIVALS)}",
    ]
    found: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for row in csv.DictReader(text.splitlines()):
        if row["p50_ms"]:
            found.setdefault((row["model"], row["question"]), {})[row["runner"]] = row
    for model in dict.fromkeys(model for model, _ in found):
        for question in QUESTIONS:
            if rows := found.get((model, question)):
                cells = [f"{float(rows['rnn-zoo']['p50_ms']):.3g} ms{_memory(rows['rnn-zoo'])}"]
                for name in RIVALS:
                    row = rows.get(name)
                    cells.append(f"{float(row['ratio']):.3g}{_memory(row)}" if row else "")
                lines.append(f"| `{model}` | {question} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def with_benchmark(readme: str) -> str:
    """The README with the table between its two marks made anew."""
    begin = readme.index("-->\n", readme.index(BEGIN)) + 4
    return readme[:begin] + summary(TABLE.read_text("utf-8")) + readme[readme.index(END) :]


def _memory(row: dict[str, str]) -> str:
    return f", {float(row['mebibytes']):.0f} MiB" if row["mebibytes"] else ""


if __name__ == "__main__":
    written = with_benchmark(README.read_text("utf-8"))
    with replacing(README) as temporary:
        temporary.write_text(written, encoding="utf-8")
