"""`rnn-zoo export ID|MODEL.keras`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zoo.cli._shared import heavy
from zoo.errors import InputError, MissingExtraError

KINDS = {"onnx": "model.onnx", "saved-model": "saved_model/1"}


@click.command()
@click.argument("model", metavar="ID|MODEL.keras")
@click.option(
    "--to",
    "kinds",
    type=click.Choice(list(KINDS)),
    multiple=True,
    default=["onnx"],
    help="Form to write; may be given twice. Default onnx.",
)
@click.option("--output", "-o", "folder", default=".", metavar="DIR", help="Default: here.")
def command(model: str, kinds: tuple[str, ...], folder: str) -> None:
    """Export a model and prove the file against the original.

    MODEL is an id of the zoo, the folder of a model that you trained, or your own .keras file
    (read in Keras' safe mode). Writes DIR/model.onnx and DIR/saved_model/1.
    """
    reports = []
    with heavy():
        import export

        source = open_model(model)
        for kind in kinds:
            write = export.to_onnx if kind == "onnx" else export.to_saved_model
            reports.append(write(source, Path(folder) / KINDS[kind]))
    for report in reports:
        click.echo(str(report))


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
