"""Quantising as the last step of an export."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from export import bundle
from export.golden import write
from export.proof.report import Report
from export.proof.samples import Sample
from export.quantization.choice import Choice
from export.quantization.judging import Limits
from export.quantization.quantize import AGREEMENT, ERROR, Plan, make_small
from zoo.errors import ExportError


def small_plan(
    kind: str | None,
    optimize_for: str | None,
    samples: Sequence[Any] | None,
    sample: Sample | None,
    cases: int,
    seed: int,
) -> Plan | None:
    """What to make of an exported file; None to leave it as it is.

    Raises:
        ExportError: The kind is unknown, or samples are given without one.
    """
    if kind is None:
        if samples is not None:
            raise ExportError("`samples` are what a quantised file is measured on; give `quantize`")
        return None
    limits = Limits(AGREEMENT, ERROR)
    return Plan(kind, Choice("auto", optimize_for), limits, samples, sample, cases, seed)


def made_small(report: Report, plan: Plan, golden: str | os.PathLike[str] | None) -> Report:
    """Quantises a file in its place; its manifest and golden vectors follow."""
    small = make_small(report.path, report.path, plan)
    made = small.report
    report = replace(report, bytes=made.bytes, sha256=made.sha256, quantized=made)
    bundle.write_json(bundle.manifest_path(report.path), report.to_dict())
    if golden:
        write(Path(golden), small.vectors, small.allowed, made.sha256)
    return report
