"""Which form a recurrent layer takes: what the caller asks for, else what was measured.

``forms.toml`` holds, for each cell, activation and number of units, how much faster the ``Scan``
is than ONNX's own operator at several batch sizes; ``python -m zoo.cli._forms`` writes it.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import log
from pathlib import Path
from typing import Any

import keras

from export.recurrent.layer import cells_of, native_cells
from zoo.errors import ExportError

TABLE = Path(__file__).with_name("forms.toml")
NEVER = sys.maxsize
_GAIN = 1.25  # what a Scan must bring for a file to hold two forms
_LATENCY, _THROUGHPUT = 1, 32


@dataclass(frozen=True)
class Forms:
    """What the caller of an export asked for.

    Attributes:
        form: "auto" (as measured), "native" (ONNX's own operators wherever there is one, for
            runtimes that know these best) or "scan".
        optimize_for: With "auto": None (good at every batch size), "latency" (batch 1) or
            "throughput" (batch 32).

    Raises:
        ExportError: One of them is neither.
    """

    form: str = "auto"
    optimize_for: str | None = None

    def __post_init__(self) -> None:
        if self.form not in ("auto", "native", "scan"):
            raise ExportError(f"form={self.form!r} was asked for; use 'auto', 'native' or 'scan'")
        if self.optimize_for not in (None, "latency", "throughput"):
            raise ExportError(
                f"optimize_for={self.optimize_for!r} was asked for; use 'latency' or 'throughput'"
            )

    def scan_from(self, layer: Any, batch: int | None = None) -> int:
        """The smallest batch size that a layer of one direction answers by a ``Scan``.

        Args:
            layer: A built recurrent layer.
            batch: The batch size, where it is fixed.

        Returns:
            1 for always a ``Scan``, ``NEVER`` for always ONNX's own operator.
        """
        if native_cells(layer) is None or self.form == "scan":
            return 1
        if self.form == "native":
            return NEVER
        measured = min(_measured(cell) for cell in cells_of(layer))
        if self.optimize_for:
            batch = _LATENCY if self.optimize_for == "latency" else _THROUGHPUT
        if batch is None:
            return measured
        return 1 if batch >= measured else NEVER


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def cell_kind(cell: Any) -> str:
    """The table's word for a cell: "lstm", "gru", "gru_reset_before" or "simple_rnn"."""
    if isinstance(cell, keras.layers.GRUCell):
        return "gru" if cell.reset_after else "gru_reset_before"
    return "lstm" if isinstance(cell, keras.layers.LSTMCell) else "simple_rnn"


def _measured(cell: Any) -> int:
    """The smallest batch size from which on the ``Scan`` is faster, by the table."""
    roles = _table()["speedup"][cell_kind(cell)]
    found = [NEVER]
    for role, functions in roles.items():
        rows = functions.get(getattr(cell, role).__name__)
        if rows:
            found.append(_first_gain(rows[_nearest(rows, int(cell.units))]))
    return min(found)


def _nearest(rows: Mapping[str, Any], units: int) -> str:
    return min(rows, key=lambda known: abs(log(int(known) / units)))


def _first_gain(speedups: list[float]) -> int:
    """The first measured batch size with nothing but gains from there on to batch 32."""
    first = NEVER
    for batch, speedup in reversed(list(zip(_table()["batch"], speedups, strict=True))):
        if speedup < _GAIN:
            break
        first = int(batch)
    return first
