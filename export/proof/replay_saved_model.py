"""Answers with a SavedModel in a process that has TensorFlow but none of the code that made it.

Run as a script by ``export.proof``: ``replay_saved_model.py FOLDER CASES ANSWERS PLAN``, with the
files of ``replay_onnx``; only whole sequences are asked here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

REFUSED = frozenset({"tf2onnx", "zoo", "export"})


class Refuse(MetaPathFinder):
    """Raises for the code that made the model."""

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Lets the next finder answer, or refuses."""
        if fullname.partition(".")[0] in REFUSED:
            raise ImportError(f"{fullname} is refused: a SavedModel must run without it")
        return None


def main(folder: str, cases: str, answers: str, plan: str) -> None:
    """Writes the answers: by ``step`` where there are states, ``serve`` for the cases without."""
    sys.meta_path.insert(0, Refuse())
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import numpy as np
    import tensorflow as tf

    signatures = tf.saved_model.load(folder).signatures
    todo = json.loads(Path(plan).read_text(encoding="utf-8"))
    inputs = np.load(cases, allow_pickle=False)
    results = {}
    for case in range(todo["cases"]):
        prefix = f"{case}/"
        feed = {key[len(prefix) :]: inputs[key] for key in inputs.files if key.startswith(prefix)}
        name = todo["signatures"][case]
        if todo["states"].keys() & feed.keys():
            name = name.replace("serve", "step")
        call = signatures[name]
        outputs = call(**{name: tf.constant(array) for name, array in feed.items()})
        results.update({prefix + name: _array(tensor) for name, tensor in outputs.items()})
    np.savez(answers, allow_pickle=False, **results)


def _array(tensor: Any) -> Any:
    """The values of a tensor; texts are bytes in TensorFlow."""
    import numpy as np

    array = tensor.numpy()
    return np.char.decode(array.astype("S"), "utf-8") if array.dtype == object else array


if __name__ == "__main__":
    main(*sys.argv[1:])
