"""Which form a recurrent layer takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from export.recurrent.layer import native_cells


@dataclass(frozen=True)
class Forms:
    """What the caller of an export asked for.

    Attributes:
        form: "auto", "native" or "scan".
        optimize_for: None, "latency" (batch 1) or "throughput" (batch 32).
    """

    form: str = "auto"
    optimize_for: str | None = None

    def native_pair(self, layer: Any) -> bool:
        """Whether a layer may be half of a bidirectional node."""
        return self.form != "scan" and native_cells(layer) is not None

    def choose(self, layer: Any) -> str:
        """The form of one layer: "native" or "scan"."""
        if native_cells(layer) is None or self.form == "scan":
            return "scan"
        return "native"
