"""What quantising a file brought and what it cost, for people and for the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class QuantizationReport:
    """What was measured of a quantised file.

    Attributes:
        path: The file.
        kind: "int8" or "float16".
        bytes: Its size.
        sha256: Of its content.
        source_bytes: Size of the float32 file.
        source_sha256: Of that file's content.
        computed: Operator -> how many of its nodes now multiply integers.
        stored: How many weights besides are only stored in the smaller type, and are float32 once
            the file is loaded: they make the file small, not fast.
        onnxruntime_only: Whether it needs an operator that only onnxruntime has.
        speedup: Batch size -> time of the float32 file over time of this one (2.0: half the time),
            both on one thread in one interleaved run.
        samples: "given" or "random": on what the following was measured.
        cases: Number of those inputs.
        max_abs_error: Output -> largest difference from the float32 file.
        mean_abs_error: Output -> mean difference.
        relative_error: Output -> root mean square difference over the output's standard deviation.
        agreement: Output with classes -> share of places where the largest one is the same;
            output of integers or texts -> share of the same ones.
        chunked_error: State-keeping files: how far answers change when a sequence comes in pieces
            (int8 products scale their input call by call). None where there is no state.
        batched_error: How far the first row's answer changes when it is asked alone.
        needed_agreement: The smallest agreement that was accepted.
        allowed_error: The largest relative error that was accepted of outputs without classes.
        versions: Package -> version.
        seconds: Wall time of all this.
    """

    path: Path
    kind: str
    bytes: int
    sha256: str
    source_bytes: int
    source_sha256: str
    computed: Mapping[str, int]
    stored: int
    onnxruntime_only: bool
    speedup: Mapping[str, float]
    samples: str
    cases: int
    max_abs_error: Mapping[str, float]
    mean_abs_error: Mapping[str, float]
    relative_error: Mapping[str, float]
    agreement: Mapping[str, float]
    chunked_error: float | None
    batched_error: float
    needed_agreement: float
    allowed_error: float
    versions: Mapping[str, str]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-able facts."""
        return {**asdict(self), "path": self.path.name}

    def __str__(self) -> str:
        times = ", ".join(f"batch {size} {gain:.2f}" for size, gain in self.speedup.items())
        lines = [
            f"{self.path}: {self.kind}, {self.bytes} bytes, "
            f"{self.bytes / self.source_bytes:.2f} of the float32 file",
            f"  speed: {times} times the float32 file's; {self._what_multiplies()}",
            f"  on {self.cases} {self.samples} inputs: {self._errors()}",
        ]
        if self.kind == "int8":
            lines += self._cautions()
        return "\n".join(lines)

    def _what_multiplies(self) -> str:
        if not self.computed:
            return "products are float32 as before, so only size is gained"
        counts = ", ".join(f"{count} {name}" for name, count in self.computed.items())
        return f"integer products in {counts}"

    def _errors(self) -> str:
        parts = []
        for name, worst in self.max_abs_error.items():
            text = f"{name} differs by {self.mean_abs_error[name]:.1e} (at most {worst:.1e})"
            if name in self.agreement:
                text += f", agrees at {self.agreement[name]:.2%}"
            parts.append(text)
        return "; ".join(parts)

    def _cautions(self) -> list[str]:
        lines = []
        if self.chunked_error:
            lines.append(
                f"  in pieces a sequence's answers change by up to {self.chunked_error:.1e}"
            )
        if self.batched_error:
            worst = f"{self.batched_error:.1e}"
            lines.append(f"  a row alone is answered differently by up to {worst}")
        if self.onnxruntime_only:
            lines.append("  it runs in onnxruntime only (operator DynamicQuantizeLSTM)")
        return lines
