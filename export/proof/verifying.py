"""An existing file is proven once more against its original."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from export import bundle
from export.frontend.raw_proof import at_raw_level
from export.proof.examiner import examiner, file_facts, model_metadata, subject_of
from export.proof.report import Report
from export.proof.samples import Sample
from zoo.errors import ExportError


def verify(
    file: str | Path,
    model: Any,
    *,
    inputs: Any = None,
    cases: int = 24,
    seed: int = 0,
    sample: Sample | None = None,
) -> Report:
    """Proves an existing ONNX file or SavedModel folder against a model.

    Args:
        file: What ``to_onnx`` or ``to_saved_model`` wrote.
        model: The zoo model or ``keras.Model`` it should answer as.
        inputs: What a subclassed model is called with; see ``to_onnx``.
        cases: Number of random inputs.
        seed: Seed of those inputs.
        sample: Draws inputs, where random ones do not fit the model.

    Raises:
        ExportError: It does not answer as the model does.
        RuntimeFileError: The file is damaged.
    """
    started = time.perf_counter()
    path = Path(file)
    if not path.exists():
        raise ExportError(f"{path} does not exist; export the model first")
    facts = model_metadata(model)
    subject = subject_of(model, inputs, streaming=_is_streaming(path))
    judge = examiner(subject, cases=cases, seed=seed, sample=sample, metadata=facts)
    if path.is_dir():
        return judge.report(path, judge.examine(path, "replay_saved_model.py"), started)
    bundle.check_seal(path.read_bytes(), path.name)
    told = file_facts(path)
    if told.get("raw"):
        judge, _ = at_raw_level(judge, told, None, streaming="streaming" in told)
    return judge.report(path, judge.examine(path, "replay_onnx.py"), started)


def _is_streaming(path: Path) -> bool:
    """Whether a file or SavedModel says that it takes chunks."""
    if path.is_dir():
        manifest = path / bundle.MANIFEST
        facts = json.loads(manifest.read_text("utf-8")) if manifest.is_file() else {}
        return "streaming" in facts.get("metadata", {})
    return "streaming" in file_facts(path)
