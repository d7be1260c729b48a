"""A zoo model's small files, measured on the model's own test data."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from export.bundle_folder import to_bundle
from export.onnx_model import to_onnx
from export.quantization.quantize import KINDS, quantize
from export.quantization.report import QuantizationReport
from export.runtime import load
from export.timing import machine
from zoo.loading import Pretrained
from zoo.measuring import DIGITS, score, write_quantized
from zoo.model_card import Metric, Quantized
from zoo.tasks import Arrays, Run

Scored = Callable[[Run], list[Metric]]
Measured = tuple[list[Metric], QuantizationReport | None]

_SAMPLES = 8  # calls of the network in the evaluation on which files are compared


def evaluate_small(
    model: Pretrained, *, data: Any = None, split: str = "test", write: bool = False
) -> tuple[list[Metric], list[Quantized]]:
    """Exports a model, makes the file small in each way, and scores the files in onnxruntime.

    Args:
        model: A model of the zoo, or one that you trained.
        data: The data set, if not the one of the recipe found by name.
        split: Part of the data.
        write: Whether to write the figures to the model's `card.toml`.

    Returns:
        The metrics of the float32 file, and what was measured of each small one.

    Raises:
        DataError: The data set is missing, or the split too short.
        ExportError: A file does not answer as it must.
    """
    with tempfile.TemporaryDirectory(prefix="rnn-zoo-small-") as name:
        files = _bundles if model.parts else _files
        (metrics, _), *small = files(
            model, Path(name), partial(score, model, data=data, split=split)
        )
        found = [_measured(model, report, told, split) for told, report in small if report]
    if write:
        write_quantized(model, found)
    return metrics, found


def _files(model: Pretrained, folder: Path, scored: Scored) -> Iterator[Measured]:
    """The float32 file and the small ones, judged on calls of the evaluation."""
    plain = folder / "float32.onnx"
    to_onnx(model, plain, raw=False)
    samples: list[Arrays] = []
    network = load(plain)

    def run(arrays: Arrays) -> Arrays:
        if len(samples) < _SAMPLES:
            samples.append(arrays)
        return network.run(arrays)

    yield scored(run), None
    for kind in KINDS:
        report = quantize(plain, folder / f"{kind}.onnx", kind, samples=samples)
        yield scored(load(report.path).run), report


def _bundles(model: Pretrained, folder: Path, scored: Scored) -> Iterator[Measured]:
    """The same of a model in parts, which answer in place of the whole; sizes are the whole's."""
    for kind in (None, *KINDS):
        bundle = folder / (kind or "float32")
        report = to_bundle(model, bundle, raw=False, quantize=kind)[0]
        yield scored(load(bundle).raw_run), report.quantized


def _measured(
    model: Pretrained, report: QuantizationReport, metrics: list[Metric], split: str
) -> Quantized:
    card = model.card.measured
    return Quantized(
        kind=report.kind,
        bytes=report.bytes,
        float_bytes=report.source_bytes,
        speedup={batch: round(gain, 2) for batch, gain in report.speedup.items()},
        computed=dict(report.computed),
        onnxruntime_only=report.onnxruntime_only,
        split=split,
        metrics={metric.name: round(metric.value, DIGITS) for metric in metrics},
        weights_sha256=card.weights.sha256 if card else "",
        machine=machine(),
        onnxruntime=report.versions["onnxruntime"],
    )
