"""`rnn-zoo export ID|MODEL.keras`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import click

from zoo.cli._shared import heavy
from zoo.errors import InputError, MissingExtraError

KINDS = ("onnx", "saved-model")


@click.command()
@click.argument("model", metavar="ID|MODEL.keras")
@click.option(
    "--to",
    "kinds",
    type=click.Choice(KINDS),
    multiple=True,
    default=["onnx"],
    help="Form to write; may be given twice. Default onnx.",
)
@click.option("--output", "-o", "folder", default=".", metavar="DIR", help="Default: here.")
@click.option(
    "--form",
    type=click.Choice(["auto", "native", "scan"]),
    default="auto",
    help="How recurrent layers are written to ONNX. Default auto: as measured for onnxruntime.",
)
@click.option(
    "--optimize-for",
    type=click.Choice(["latency", "throughput"]),
    help="Forms for batch 1 or batch 32. Default: good at both.",
)
@click.option(
    "--quantize",
    type=click.Choice(["int8", "float16"]),
    help="Make the ONNX file small: a quarter or half of the bytes, int8 often faster too.",
)
@click.option(
    "--opset",
    type=int,
    help="Version of ONNX's operators. Default 18; 20 for files of texts.",
)
@click.option(
    "--tensors",
    is_flag=True,
    help="Leave the processing of raw input out: the files take and give the network's arrays.",
)
@click.option(
    "--processing",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="How raw input becomes arrays: a recipe's [processing], as TOML or JSON.",
)
@click.option("--task", help="Kind of task, where the processing fits several.")
@click.option("--streaming", is_flag=True, help="Take the sequence of a causal model in chunks.")
@click.option("--labels", metavar="A,B,...", help="Names of the classes, in the model's order.")
def command(
    model: str,
    kinds: tuple[str, ...],
    folder: str,
    form: str,
    optimize_for: str | None,
    quantize: str | None,
    opset: int | None,
    tensors: bool,
    processing: Path | None,
    task: str | None,
    streaming: bool,
    labels: str | None,
) -> None:
    """Export a model and prove the file against the original.

    MODEL is an id of the zoo, the folder of a model that you trained, or your own .keras file
    (read in Keras' safe mode). Writes a bundle: DIR/model.onnx, DIR/golden.json, DIR/manifest.json
    and, if asked for, DIR/saved_model/1; of a model that answers step by step also
    DIR/encoder.onnx and DIR/step.onnx.
    """
    facts: dict[str, Any] = {
        "processing": read_processing(processing) if processing else None,
        "labels": labels.split(",") if labels else None,
        "raw": False if tensors else None,
        "task": task,
        "streaming": streaming,
    }
    with heavy():
        import export

        source = open_model(model)
        if "onnx" in kinds:
            forms: dict[str, Any] = {"form": form, "optimize_for": optimize_for, "opset": opset}
            forms |= {"quantize": quantize}
            both = "saved-model" in kinds
            reports = export.to_bundle(source, folder, saved_model=both, **forms, **facts)
        else:
            reports = [export.to_saved_model(source, Path(folder) / "saved_model" / "1", **facts)]
    for report in reports:
        click.echo(str(report))


def read_processing(path: Path) -> dict[str, Any]:
    """The processing of a TOML or JSON file: its table ``processing``, else all of it.

    Raises:
        InputError: The file is neither.
    """
    text = path.read_text(encoding="utf-8")
    try:
        facts = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise InputError(f"Received {path}, which is neither TOML nor .json: {error}") from None
    if not isinstance(facts, dict):
        raise InputError(f"Received {path}, which holds no table of settings.")
    found = facts.get("processing", facts)
    return dict(found)


def open_model(model: str) -> Any:
    """A pretrained model by id or folder, or a user's own `.keras` file in safe mode.

    Raises:
        InputError: The file is missing or not a Keras model that safe mode opens.
    """
    if not model.endswith(".keras"):
        import zoo

        return zoo.load(model)
    if not Path(model).is_file():
        raise InputError(f"Received {model}, which is not a file.")
    try:
        import keras

        from zoo.layers import register_all
    except ModuleNotFoundError:
        raise MissingExtraError("tensorflow", "Exporting") from None
    register_all()
    try:
        return keras.saving.load_model(model, compile=False, safe_mode=True)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"Received {model}, which Keras does not open safely: {reason}") from None
