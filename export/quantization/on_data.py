"""A zoo model's small files, measured on the model's own test data."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from export.onnx_model import to_onnx
from export.quantization.quantize import KINDS, quantize
from export.quantization.report import QuantizationReport
from export.runtime import load
from export.timing import machine
from zoo.loading import Pretrained
from zoo.measuring import DIGITS, score, write_quantized
from zoo.model_card import Metric, Quantized
from zoo.tasks import Arrays

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
        plain = Path(name) / "float32.onnx"
        to_onnx(model, plain, raw=False)
        samples: list[Arrays] = []
        network = load(plain)

        def run(arrays: Arrays) -> Arrays:
            if len(samples) < _SAMPLES:
                samples.append(arrays)
            return network.run(arrays)

        metrics = score(model, run, data=data, split=split)
        files = []
        for kind in KINDS:
            report = quantize(plain, Path(name) / f"{kind}.onnx", kind, samples=samples)
            found = score(model, load(report.path).run, data=data, split=split)
            files.append(_measured(model, report, found, split))
    if write:
        write_quantized(model, files)
    return metrics, files


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
