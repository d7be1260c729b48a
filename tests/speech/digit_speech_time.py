"""`python -m tests.speech.digit_speech_time --write`: how long digits-tts takes for what it says.

The exported file in the runtime, from text to waveform, with one thread: processor time over the
length of the sound. The figure becomes a metric of the card.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import export
from export.runtime import load as load_file
from export.timing import machine
from zoo import datasets
from zoo.loading import Pretrained, load
from zoo.measuring import rounded, write_card
from zoo.model_card import Metric

MODEL = "digits-tts"
_TEXTS = 40


def real_time_factor(model: Pretrained) -> Metric:
    """The metric for the card; its details are single digits and strings of eight."""
    texts = [saying.text for saying in datasets.load(model.card.recipe.data.name).strings["test"]]
    with tempfile.TemporaryDirectory() as folder:
        export.to_onnx(model, Path(folder) / "model.onnx", cases=4)
        file = load_file(Path(folder) / "model.onnx", threads=1)

        def factor(said: list[str]) -> float:
            file.predict(said[0])
            ratios = []
            for text in said:
                begun = time.process_time()
                found = file.predict(text)
                ratios.append((time.process_time() - begun) / found.seconds)  # type: ignore[attr-defined]
            return float(np.median(ratios))

        strings = factor(texts[:_TEXTS])
        details = {
            "one_digit": factor([str(n % 10) for n in range(_TEXTS)]),
            "eight_digits": factor([text for text in texts if len(text) == 8][:_TEXTS]),
        }
    return Metric(
        name="real_time_factor",
        value=strings,
        unit="share",
        direction="lower",
        split="one core",
        protocol=(
            f"processor time of text to waveform over its length, median of {_TEXTS} strings of 1 "
            f"to 8 digits, exported file in onnxruntime with one thread, {machine()}"
        ),
        seeds=[int(model.run_facts["seed"])],
        details=details,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", nargs="?", default=MODEL)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    model = load(given.model)
    metric = rounded(real_time_factor(model))
    sys.stdout.write(f"{metric.name} {metric.value:g}, {metric.details}\n")
    if given.write:
        write_card(model, [metric])


if __name__ == "__main__":
    main()
