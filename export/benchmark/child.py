"""A process of a benchmark: answers once, tells how long that took, then answers when it is asked.

Run as a script: ``child.py RUNNER TARGET QUESTIONS THREADS``. TARGET is the exported file, or the
JSON facts of a rival; QUESTIONS is a folder with arrays (`NAME.npz`) and raw inputs (`NAME.json`),
`first` among them. It writes one JSON object a line: first the seconds from the first import to the
first answer, the peak of its memory and the size of each output; then, for each line `NAME TIMES`
that it reads, the seconds of that many calls.
"""

from __future__ import annotations

import sys
import time

BEGUN = time.perf_counter()

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def main(runner: str, target: str, questions: str, threads: str) -> None:
    """Opens the runner, answers the first question, then those on standard input."""
    import json
    import os
    from pathlib import Path

    import numpy as np

    sys.path.pop(0)  # this folder
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what frameworks print is no part of the conversation

    paused = time.perf_counter()
    asked = {}
    for path in Path(questions).iterdir():
        if path.suffix == ".npz":
            arrays = dict(np.load(path))
            texts = {name: a.astype(object) for name, a in arrays.items() if a.dtype.kind == "U"}
            asked[path.stem] = {**arrays, **texts}
        else:
            asked[path.stem] = json.loads(path.read_text(encoding="utf-8"))
    paused = time.perf_counter() - paused

    try:
        answer = opened(runner, target, int(threads))
        outputs = answer(asked["first"])
    except Exception as error:
        told.write(json.dumps({"left_out": f"{type(error).__name__}: {error}"}) + "\n")
        return
    seconds = time.perf_counter() - BEGUN - paused
    numbers = [one for one in map(np.asarray, outputs) if one.dtype.kind in "fiub"]
    sizes = sorted(float(np.abs(one.astype(np.float64)).mean()) for one in numbers)
    told.write(json.dumps({"seconds": seconds, "mebibytes": peak(), "sizes": sizes}) + "\n")
    told.flush()
    for line in sys.stdin:
        name, times = line.split()
        found = []
        for _ in range(int(times)):
            start = time.perf_counter()
            answer(asked[name])
            found.append(time.perf_counter() - start)
        told.write(json.dumps(found) + "\n")
        told.flush()


def opened(runner: str, target: str, threads: int) -> Callable[[dict[str, Any]], list[Any]]:
    """What answers named arrays with a list of outputs; for raw input, with an empty list."""
    if runner == "onnxruntime":
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = threads, 4
        session = ort.InferenceSession(target, options, providers=["CPUExecutionProvider"])
        return lambda arrays: session.run(None, arrays)
    if runner in ("rnn-zoo", "openvino"):
        from export.runtime import load

        engine = "openvino" if runner == "openvino" else "onnxruntime"
        model = load(target, threads=threads, engine=engine)

        def answer(asked: dict[str, Any]) -> list[Any]:
            if "raw" not in asked:
                return list(model.run(asked).values())
            model.predict(asked["raw"])
            return []

        return answer
    import json

    from export.benchmark import frameworks

    return frameworks.opened(runner, json.loads(target), threads)


def peak() -> float:
    """Largest resident memory so far in MiB; NaN where the system has no such count."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
            return next(int(x.split()[1]) / 2**10 for x in status if x.startswith("VmHWM"))
    except OSError:
        return float("nan")


if __name__ == "__main__":
    main(*sys.argv[1:])
