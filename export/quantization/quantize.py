"""An exported ONNX file made small, and measured against the file that it was."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import onnx
from onnx import ModelProto

from export import bundle
from export.allowed import TOLERANCES, Allowed, read_facts
from export.golden import Vector
from export.graph.twins import part_twins, share_twins
from export.proof.samples import Sample
from export.quantization.choice import Choice
from export.quantization.comparing import Compared, compare_files
from export.quantization.graph import MICROSOFT, Editor
from export.quantization.int8 import make_int8
from export.quantization.judging import Limits, check
from export.quantization.questions import Drawer, given_questions
from export.quantization.report import QuantizationReport
from export.quantization.speed import speedups
from export.quantization.stored import rounded_to_half, store_halves
from zoo.errors import ExportError
from zoo.files import replacing

KINDS = ("int8", "float16")
OLDEST = 13
AGREEMENT, ERROR = 0.9, 0.1


@dataclass(frozen=True)
class Plan:
    """What the caller asked for; see `quantize`."""

    kind: str
    choice: Choice
    limits: Limits
    samples: Sequence[Any] | None
    sample: Sample | None
    cases: int
    seed: int

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ExportError(f"kind={self.kind!r} was asked for; use 'int8' or 'float16'")


def quantize(
    path: str | os.PathLike[str],
    target: str | os.PathLike[str],
    kind: str = "int8",
    *,
    products: str = "auto",
    optimize_for: str | None = None,
    samples: Sequence[Any] | None = None,
    agreement: float = AGREEMENT,
    error: float = ERROR,
    sample: Sample | None = None,
    cases: int = 24,
    seed: int = 0,
) -> QuantizationReport:
    """Makes an exported file small and measures what that brings and costs.

    "float16" stores weights in half the bytes and computes in float32 as before, so answers are
    those of the weights so rounded; that is proven as an export is. "int8" stores weights in a
    quarter of the bytes, each output channel with a scale of its own, and computes in integers
    where that was measured to be faster (`export/quantization/products.toml`): LSTM by
    onnxruntime's ``DynamicQuantizeLSTM`` (such a file runs in onnxruntime only), GRU and RNN by a
    ``Scan``, dense layers by ``MatMulInteger``. Weights of other layers are float32 again once the
    file is loaded. Integer products scale their input over a whole call, so answers depend a
    little on how rows are batched and sequences cut; the report says how much.

    Args:
        path: What ``export.to_onnx`` wrote, in float32.
        target: The file to write; ``<target>.manifest.json`` is written beside it.
        kind: "int8" or "float16".
        products: For int8 "auto" as above, "integer" wherever there is a form, "float" nowhere
            (for size alone, and for any runtime of ONNX).
        optimize_for: With "auto", "latency" looks at batch 1 alone, "throughput" at batch 32;
            None at both.
        samples: Typical inputs to measure on: mappings of arrays by input name, or raw inputs
            where the file has a task. None draws random ones, and the report says so.
        agreement: The smallest share of equal decisions (largest class) that is accepted.
        error: The largest error that is accepted of outputs without classes, as a share of their
            standard deviation.
        sample: Draws random inputs, where the usual ones do not fit; see ``to_onnx``.
        cases: Number of random inputs.
        seed: Seed of those inputs.

    Returns:
        Sizes, speed, errors and agreement.

    Raises:
        ExportError: The file cannot be quantised, or its answers are too far from the original's;
            no file is left then.
        RuntimeFileError: The file is damaged.
    """
    plan = Plan(
        kind, Choice(products, optimize_for), Limits(agreement, error), samples, sample, cases, seed
    )
    report = make_small(Path(path), Path(target), plan).report
    bundle.write_json(bundle.manifest_path(report.path), report.to_dict())
    return report


@dataclass(frozen=True)
class Small:
    """A quantised file's report, and golden vectors of it.

    Attributes:
        report: What was measured.
        vectors: A few inputs with the file's own answers.
        allowed: Output -> how far another machine's answers may be: as far as those of the
            original with rounded weights (float16), as the original's (int8).
    """

    report: QuantizationReport
    vectors: Sequence[Vector]
    allowed: Mapping[str, Allowed]

    def report_of(self, path: Path) -> QuantizationReport:
        """The report of a file that was renamed."""
        return replace(self.report, path=path)


def make_small(path: Path, target: Path, plan: Plan, name: str = "") -> Small:
    """Does what ``quantize`` says, without a manifest.

    Args:
        path: The float32 file.
        target: The file to write; may be the same.
        plan: What was asked for.
        name: How messages call the float32 file, if not by its own name.
    """
    started, name = time.perf_counter(), name or path.name
    source, content, metadata = _opened(path, name)
    drawer = Drawer(source, metadata, plan.seed, plan.sample)
    questions = (
        [drawer.arrays(sizes) for sizes in drawer.sizes(plan.cases)]
        if plan.samples is None
        else given_questions(plan.samples, path, drawer, metadata)
    )
    editor = Editor(source)
    made = _Made.by(editor, plan, name)
    share_twins(editor.model)
    digest = hashlib.sha256(content).hexdigest()
    facts = _facts(metadata, plan, made, digest, len(questions))
    small = _sealed(editor.model, facts)
    reference = rounded_to_half(source) if plan.kind == "float16" else None
    try:
        with replacing(target) as temporary:
            temporary.write_bytes(small)
            seen = compare_files(temporary, path, reference, questions, drawer, metadata)
            what = f"{len(questions)} {_origin(plan)} inputs"
            check(seen.differences, plan.limits, list(drawer.states.values()), what)
            gains = speedups(path, temporary, drawer, questions if plan.samples else ())
    except OSError as problem:
        raise ExportError(f"{target} cannot be written: {problem.strerror or problem}") from problem
    report = _report(target, plan, made, seen, (content, small), gains, len(questions), started)
    return Small(report, seen.vectors, _allowed(plan, seen, metadata))


def _allowed(plan: Plan, seen: Compared, metadata: Mapping[str, Any]) -> dict[str, Allowed]:
    if plan.kind == "float16":
        return read_facts(metadata["proof"])
    usual = TOLERANCES["float32"]
    return {name: Allowed(max(usual, worst)) for name, worst in seen.differences.largest.items()}


@dataclass(frozen=True)
class _Made:
    """What became of the weights."""

    computed: Mapping[str, int]
    stored: int
    onnxruntime_only: bool

    @classmethod
    def by(cls, editor: Editor, plan: Plan, name: str) -> _Made:
        computed: dict[str, int] = {}
        if plan.kind == "float16":
            stored = store_halves(editor)
        else:
            computed, stored = make_int8(editor, plan.choice)
        if not computed and not stored:
            raise ExportError(
                f"{name} has no recurrent or dense float32 weights that {plan.kind} makes "
                "smaller; use the file as it is"
            )
        domains = [opset.domain for opset in editor.model.opset_import]
        return cls(computed, stored, MICROSOFT in domains)


def _opened(path: Path, name: str) -> tuple[ModelProto, bytes, dict[str, Any]]:
    """The file, its bytes and metadata.

    Raises:
        ExportError: It cannot be quantised.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ExportError(
            f"{path} cannot be read ({error.strerror or error}); give the path of an exported file"
        ) from error
    bundle.check_seal(content, name)
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf raises types of its own
        raise ExportError(f"{name} is no ONNX model; export it first") from error
    facts = {entry.key: entry.value for entry in model.metadata_props}
    if bundle.METADATA_KEY not in facts:
        raise ExportError(
            f"{name} was not written by `export.to_onnx`; export the model with it first"
        )
    metadata = bundle.from_text(facts[bundle.METADATA_KEY])
    if "quantization" in metadata:
        kind = metadata["quantization"]["kind"]
        raise ExportError(f"{name} is {kind} already; quantise the float32 file")
    opset = next(entry.version for entry in model.opset_import if not entry.domain)
    if opset < OLDEST:
        raise ExportError(f"{name} has opset {opset}; export it with opset {OLDEST} or later")
    part_twins(model)
    return model, content, metadata


def _facts(
    metadata: Mapping[str, Any], plan: Plan, made: _Made, digest: str, cases: int
) -> dict[str, Any]:
    """The metadata of the new file; the same on every machine."""
    proof: dict[str, Any] = {"cases": cases, "inputs": _origin(plan), "seed": plan.seed}
    proof |= {"agreement": plan.limits.agreement, "error": plan.limits.error}
    if plan.kind == "float16":
        proof["tolerance_to_rounded_weights"] = TOLERANCES["float32"]
    return {
        **metadata,
        "proof": proof,
        "quantization": {
            "kind": plan.kind,
            "computed": dict(made.computed),
            "stored": made.stored,
            "onnxruntime_only": made.onnxruntime_only,
            "source_sha256": digest,
            "source_proof": metadata.get("proof"),
        },
    }


def _origin(plan: Plan) -> str:
    return "random" if plan.samples is None else "given"


def _sealed(model: ModelProto, facts: Mapping[str, Any]) -> bytes:
    del model.metadata_props[:]
    entries = {bundle.METADATA_KEY: bundle.to_text(facts), bundle.DIGEST_KEY: bundle.NO_DIGEST}
    for key, value in entries.items():
        model.metadata_props.add(key=key, value=value)
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # the checker and shape inference raise types of their own
        reason = str(error).strip().splitlines()[0]
        raise ExportError(f"the quantised graph is not valid: {reason}") from error
    return bundle.sealed(model.SerializeToString(deterministic=True))


def _report(
    target: Path,
    plan: Plan,
    made: _Made,
    seen: Compared,
    contents: tuple[bytes, bytes],
    gains: Mapping[str, float],
    cases: int,
    started: float,
) -> QuantizationReport:
    source, small = contents
    return QuantizationReport(
        path=target,
        kind=plan.kind,
        bytes=len(small),
        sha256=hashlib.sha256(small).hexdigest(),
        source_bytes=len(source),
        source_sha256=hashlib.sha256(source).hexdigest(),
        computed=made.computed,
        stored=made.stored,
        onnxruntime_only=made.onnxruntime_only,
        speedup=gains,
        samples=_origin(plan),
        cases=cases,
        max_abs_error=seen.differences.largest,
        mean_abs_error=seen.differences.mean,
        relative_error=seen.differences.relative,
        agreement=seen.differences.agreement,
        chunked_error=seen.chunked,
        batched_error=seen.batched,
        needed_agreement=plan.limits.agreement,
        allowed_error=plan.limits.error,
        versions={name: version(name) for name in ("numpy", "onnx", "onnxruntime")},
        seconds=time.perf_counter() - started,
    )
