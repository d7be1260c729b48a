"""Answers with an ONNX file in a process that can import numpy and onnxruntime and nothing else.

Run as a script by ``export.proof``: ``replay_onnx.py FILE CASES ANSWERS PLAN``. CASES is an
``.npz`` file of inputs named ``<case>/<input>``; PLAN is a JSON file with the number of cases, the
states (input name to output name) and, for some cases, how to cut their time axis into chunks.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

ALLOWED = frozenset({"numpy", "onnxruntime"})


class Refuse(MetaPathFinder):
    """Raises for every import outside the standard library, numpy and onnxruntime."""

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Lets the next finder answer, or refuses."""
        root = fullname.partition(".")[0]
        if root in ALLOWED or root in sys.stdlib_module_names:
            return None
        raise ImportError(f"{root} is refused: exported files must run without it")


def main(file: str, cases: str, answers: str, plan: str) -> None:
    """Runs all cases and writes ``<case>/<output>`` arrays to ``answers``."""
    sys.meta_path.insert(0, Refuse())
    import json
    import os

    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when onnxruntime is imported
    import numpy as np
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    affinity = getattr(os, "sched_getaffinity", None)
    options.intra_op_num_threads = len(affinity(0)) if affinity else os.cpu_count() or 1
    session = ort.InferenceSession(
        file, options, providers=["CPUExecutionProvider"], enable_fallback=0
    )
    names = [output.name for output in session.get_outputs()]
    todo = json.loads(Path(plan).read_text(encoding="utf-8"))
    inputs = np.load(cases, allow_pickle=False)
    results = {}
    for case in range(todo["cases"]):
        prefix = f"{case}/"
        feed = {key[len(prefix) :]: inputs[key] for key in inputs.files if key.startswith(prefix)}
        chunks = todo["chunks"].get(str(case), [None])
        parts: list[dict[str, np.ndarray]] = []
        start = 0
        for size in chunks:
            piece = dict(feed)
            if size is not None:
                for name in todo["timed_inputs"]:
                    piece[name] = feed[name][:, start : start + size]
                start += size
            if parts:
                piece |= {name: parts[-1][out] for name, out in todo["states"].items()}
            parts.append(dict(zip(names, session.run(names, piece), strict=True)))
        for name in names:
            timed = name in todo["timed_outputs"] and len(parts) > 1
            whole = np.concatenate([p[name] for p in parts], axis=1) if timed else parts[-1][name]
            results[prefix + name] = whole.astype(str) if whole.dtype == object else whole
    np.savez(answers, allow_pickle=False, **results)


if __name__ == "__main__":
    main(*sys.argv[1:])
