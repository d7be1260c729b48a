"""`rnn-zoo demo`: the whole way, once for each domain."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from zoo.catalog import card, list_models
from zoo.cli._shared import heavy, table
from zoo.errors import ExportError

EXAMPLES = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True)
class Show:
    """One model and one raw input."""

    id: str
    given: str
    options: dict[str, Any] = field(default_factory=dict)


SHOWS = (
    Show("shakespeare-lstm", "ROMEO:\n", {"length": 160, "temperature": 0.6, "seed": 3}),
    Show("digits-gru", str(EXAMPLES / "digit_7_jackson.wav")),
    Show("flu-segrnn", str(EXAMPLES / "us_flu_weekly.csv")),
)


@click.command()
@click.option(
    "--output", "-o", "folder", default="build/demo", metavar="DIR", help="Default build/demo."
)
def command(folder: str) -> None:
    """Load, answer, export, prove and run without TensorFlow, for one model of each domain."""
    click.echo(f"{list_models()!r}\n")
    rows = [["model", "runs in", "to first answer", "peak memory", "answer"]]
    for show in SHOWS:
        rows += _present(show, Path(folder) / show.id)
    click.echo(table(rows))
    click.echo("\nFiles:")
    for path in sorted(Path(folder).glob("*/*")):
        click.echo(f"  {path}")
    file = Path(folder) / "digits-gru" / "model.onnx"
    click.echo(f"\nNext, without TensorFlow:\n  rnn-zoo run {file} {SHOWS[1].given}")


def _present(show: Show, folder: Path) -> list[list[str]]:
    _say(f"{show.id}: answering in Keras …")
    original = _ask("keras", show.id, show)
    _say(f"{show.id}: exporting to ONNX and SavedModel, proving both …")
    for report in _export(show, folder):
        _say(f"  {report}")
    _say(f"{show.id}: answering in a process in which importing TensorFlow or Keras raises …")
    exported = _ask("onnx", str(folder / "model.onnx"), show)
    _compare(show.id, original["answer"], exported["answer"])
    click.echo(f"{show.id}, the same in Keras and in onnxruntime:\n{exported['text']}\n")
    return [
        [show.id, name, f"{told['seconds']:.2f} s", f"{told['mebibytes']:.0f} MiB", agrees]
        for name, told, agrees in (
            ("Keras, TensorFlow", original, "the original"),
            ("onnxruntime", exported, "agrees"),
        )
    ]


def _ask(kind: str, model: str, show: Show) -> dict[str, Any]:
    domain = card(show.id).recipe.domain
    words = [kind, model, domain, show.given, json.dumps(show.options)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-m", "zoo.cli._answer", *words],
        capture_output=True,
        text=True,
        env=quiet,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ExportError(f"{model} did not answer in a process of its own: {last}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _export(show: Show, folder: Path) -> list[Any]:
    with heavy():
        import export
        from zoo.loading import load

        model = load(show.id)
        reports = export.to_bundle(model, folder, saved_model=True)
        _draw(model, show, folder)
    return reports


def _draw(model: Any, show: Show, folder: Path) -> None:
    if model.card.recipe.task == "classification":
        from zoo.plots.spectrogram import save_spectrogram

        answer = model.predict(Path(show.given))
        save_spectrogram(model.task, Path(show.given), answer, folder / "spectrogram.png")
    elif model.card.recipe.task == "forecast":
        model.predict(Path(show.given)).plot(folder / "forecast.png")


def _compare(model_id: str, original: Any, exported: Any) -> None:
    """Raises where two answers differ: texts at all, numbers by more than 1e-4 of their size."""
    if isinstance(original, dict):
        for key in original:
            _compare(f"{model_id}: {key}", original[key], exported[key])
    elif isinstance(original, list) and original and isinstance(original[0], float):
        for one, other in zip(original, exported, strict=True):
            if not math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-4):
                raise ExportError(f"{model_id}: {other} of the file is not {one}.")
    elif isinstance(original, list):
        for one, other in zip(original, exported, strict=True):
            _compare(model_id, one, other)
    elif isinstance(original, float):
        _compare(model_id, [original], [exported])
    elif original != exported:
        raise ExportError(f"{model_id}: {exported!r} of the file is not {original!r}.")


def _say(line: str) -> None:
    click.echo(line, err=True)
