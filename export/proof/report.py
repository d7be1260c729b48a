"""What an export measured, for people and for the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from export import bundle
from export.quantization.report import QuantizationReport


@dataclass(frozen=True)
class Report:
    """What an export measured.

    Attributes:
        path: The file or folder.
        bytes: Its size.
        sha256: Of the file's content; of all files' digests, sorted by name, for a folder
            (its manifest left out).
        cases: Number of random inputs on which file and original agreed.
        seed: Seed of those inputs.
        max_abs_error: Output name -> largest absolute difference seen.
        drawn_again: Inputs that were drawn again, since the last bit of the weights alone moved
            the original's answer by half of the tolerance.
        tolerance: Output name -> the t of |a - b| <= t * (s + |b|).
        lost_precision: Output name -> largest difference between what a float16 or bfloat16 model
            answers and the same model computed in float32, as the file computes it; empty for
            models of float32 and float64.
        versions: Package name -> version.
        seconds: Wall time of export and proof.
        scale: Output name -> the s of each feature of outputs in units; 1 for others.
        quantized: What became of the file afterwards, where that was asked for; the figures above
            but for size and digest are those of the float32 file then.
    """

    path: Path
    bytes: int
    sha256: str
    cases: int
    seed: int
    max_abs_error: Mapping[str, float]
    drawn_again: int
    tolerance: Mapping[str, float]
    lost_precision: Mapping[str, float]
    versions: Mapping[str, str]
    seconds: float
    scale: Mapping[str, Sequence[float]] = field(default_factory=dict)
    quantized: QuantizationReport | None = None

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-able facts."""
        small = self.quantized and self.quantized.to_dict()
        return {**asdict(self), "path": self.path.name, "quantized": small}

    def __str__(self) -> str:
        worst = max(self.max_abs_error.values(), default=0.0)
        size = self.quantized.source_bytes if self.quantized else self.bytes
        proof = (
            f"{self.path}: {size} bytes, equal to the original on {self.cases} random "
            f"inputs (largest difference {worst:.1e}), {self.seconds:.1f} s"
        )
        return f"{proof}\n{self.quantized}" if self.quantized else proof


def size_and_digest(path: Path) -> tuple[int, str]:
    """Bytes and SHA-256 of a file, or of a folder without its manifest."""
    if path.is_file():
        content = path.read_bytes()
        return len(content), hashlib.sha256(content).hexdigest()
    total, digest = 0, hashlib.sha256()
    files = (item for item in path.rglob("*") if item.is_file() and item.name != bundle.MANIFEST)
    for file in sorted(files):
        content = file.read_bytes()
        total += len(content)
        digest.update(file.relative_to(path).as_posix().encode())
        digest.update(hashlib.sha256(content).digest())
    return total, digest.hexdigest()
