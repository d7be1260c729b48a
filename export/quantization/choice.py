"""Where integer products are faster than float ones: what was measured.

``products.toml`` holds, for each kind of layer and width, how much faster the integer form is at
several batch sizes; ``python -m zoo.cli._products`` writes it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from math import log
from pathlib import Path
from typing import Any

from onnx import NodeProto

from export.quantization.graph import Editor, attribute
from export.quantization.product import factor
from zoo.errors import ExportError

TABLE = Path(__file__).with_name("products.toml")
MODES = ("auto", "integer", "float")
_BATCHES = {"latency": [1], "throughput": [32]}
_GAIN = 1.1  # less is no reason for less exact answers
_FEWEST = 16  # values that a product sums over: the measured ones are square, these are far from it


@dataclass(frozen=True)
class Choice:
    """Which products are computed in integers.

    Attributes:
        products: "auto" (where it was measured to be faster), "integer" (wherever there is a
            form) or "float" (nowhere: int8 is how weights are stored).
        optimize_for: With "auto": None (faster at every measured batch size), "latency" (at
            batch 1) or "throughput" (at batch 32).

    Raises:
        ExportError: One of them is none of these.
    """

    products: str = "auto"
    optimize_for: str | None = None

    def __post_init__(self) -> None:
        if self.products not in MODES:
            raise ExportError(
                f"products={self.products!r} was asked for; use 'auto', 'integer' or 'float'"
            )
        if self.optimize_for is not None and self.optimize_for not in _BATCHES:
            raise ExportError(
                f"optimize_for={self.optimize_for!r} was asked for; use 'latency' or 'throughput'"
            )

    def integer(self, editor: Editor, node: NodeProto) -> bool:
        """Whether a node's products become integer ones."""
        if self.products != "auto":
            return self.products == "integer"
        found = _kind_and_units(editor, node)
        return found is not None and all(gain >= _GAIN for gain in self._gains(*found))

    def _gains(self, kind: str, units: int) -> list[float]:
        rows = _table()["speedup"][kind]
        nearest = min(rows, key=lambda known: abs(log(int(known) / units)))
        wanted = _BATCHES.get(self.optimize_for or "", _table()["batch"])
        pairs = zip(_table()["batch"], rows[nearest], strict=True)
        return [float(gain) for batch, gain in pairs if batch in wanted]


def _kind_and_units(editor: Editor, node: NodeProto) -> tuple[str, int] | None:
    """The table's word for a node, and its width; None for other nodes."""
    if node.op_type == "GRU":
        after = attribute(node, "linear_before_reset", 0)
        return "gru" if after else "gru_reset_before", int(attribute(node, "hidden_size"))
    if node.op_type in ("LSTM", "RNN"):
        kind = "lstm" if node.op_type == "LSTM" else "simple_rnn"
        return kind, int(attribute(node, "hidden_size"))
    weights = factor(editor, node)
    if weights is None or weights.shape[0] < _FEWEST:
        return None
    return "product", round(weights.size**0.5)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))
