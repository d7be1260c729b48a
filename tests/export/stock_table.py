"""The README's table of ``against_stock.csv``; ``python -m tests.export.stock_table`` writes it."""

from __future__ import annotations

import csv
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("against_stock.csv")
BEGIN, END = "<!-- against stock:", "<!-- /against stock -->"
OUTCOMES = {"ok": "native", "loop": "Loop"}
SHOWN = {
    "lstm": "LSTM",
    "gru": "GRU",
    "gru_before": "GRU, `reset_after=False`",
    "simple_rnn": "SimpleRNN",
    "lstm_masked": "LSTM, masked",
    "gru_masked": "GRU, masked",
    "simple_rnn_masked": "SimpleRNN, masked",
    "gru_bidirectional": "Bidirectional GRU",
    "bidirectional_masked": "Bidirectional LSTM, masked",
    "lstm_elu": "LSTM, `activation='elu'`",
    "lstm_gelu": "LSTM, `activation='gelu'`",
    "lstm_mixed_float16": "LSTM, mixed_float16",
    "stacked_mixed_cells": "Stacked GRU and LSTM cells",
    "time_distributed_dense": "LSTM, `TimeDistributed(Dense)`",
    "minimal_gated_cell": "A custom cell",
    "conv_lstm_2d": "ConvLSTM2D",
}


def summary(text: str) -> str:
    """The lines of the table for the text of the CSV file."""
    lines = [
        "| model | units, steps | stock export | batch 1 | batch 8 | batch 32 |",
        "| --- | --- | --- | ---: | ---: | ---: |",
    ]
    rows = list(csv.DictReader(text.splitlines()))
    groups: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for row in rows:
        if row["configuration"] in SHOWN:
            groups.setdefault((row["configuration"], row["units"], row["time"]), []).append(row)
    for name, title in SHOWN.items():
        found = [group for key, group in groups.items() if key[0] == name]
        for group in sorted(found, key=lambda rows: int(rows[0]["units"])):
            first = group[0]
            outcome = first["stock"].partition(":")[0]
            fair = outcome in OUTCOMES  # a file that is wrong says nothing by its time
            figures = [f"{float(row['ratio']):.2f}" if fair else "" for row in group]
            outcome = OUTCOMES.get(outcome, outcome)
            cells = [title, f"{first['units']}, {first['time']}", outcome, *figures]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def with_summary(readme: str) -> str:
    """The README with the table between its two marks made anew."""
    begin = readme.index("-->\n", readme.index(BEGIN)) + 4
    return readme[:begin] + summary(TABLE.read_text("utf-8")) + readme[readme.index(END) :]


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(with_summary(path.read_text("utf-8")), encoding="utf-8")
