"""A process of its own that answers once, and tells how long it took and how much memory.

`python -m zoo.cli._answer keras|onnx MODEL DOMAIN INPUT OPTIONS`: prints one JSON object. With
"onnx", importing TensorFlow, Keras or another framework raises.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

FRAMEWORKS = ("tensorflow", "keras", "jax", "torch", "tf2onnx", "onnx")


class Refusal(MetaPathFinder):
    """Makes the import of a deep-learning framework an error."""

    def find_spec(self, fullname: str, *_: Any) -> None:
        """Raises for a framework; leaves every other module to the next finder."""
        if fullname.partition(".")[0] in FRAMEWORKS:
            raise ImportError(f"{fullname} must not be imported by this process")


def answer(kind: str, model: str, domain: str, given: str, settings: dict[str, Any]) -> Any:
    """Loads a model in Keras or in onnxruntime and answers for one raw input."""
    from zoo.cli._shared import raw_input

    if kind == "onnx":
        from export.runtime import load as load_file

        return load_file(model).predict(raw_input(domain, given), **settings)
    from zoo.loading import load

    return load(model).predict(raw_input(domain, given), **settings)


def peak_mebibytes() -> float:
    """Largest resident memory of this process so far; NaN on Windows, which has no such count."""
    status = Path("/proc/self/status")
    if status.exists():  # `getrusage` of Linux counts the parent's memory before `exec` too
        lines = status.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM"))
    try:
        import resource
    except ImportError:
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    begun = time.perf_counter()
    if sys.argv[1] == "onnx":
        sys.meta_path.insert(0, Refusal())
    kind, model, domain, given, settings = sys.argv[1:]
    found = answer(kind, model, domain, given, json.loads(settings))
    facts = {
        "answer": found.to_dict(),
        "text": str(found),
        "seconds": time.perf_counter() - begun,
        "mebibytes": peak_mebibytes(),
    }
    sys.stdout.write(json.dumps(facts))
