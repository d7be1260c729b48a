"""`rnn-zoo verify FOLDER`, `rnn-zoo verify FILE ID`."""

from __future__ import annotations

import click

from zoo.cli._shared import heavy


@click.command()
@click.argument("file", metavar="FOLDER|FILE")
@click.argument("model", metavar="[ID|MODEL.keras]", required=False)
def command(file: str, model: str | None) -> None:
    """Prove again that an exported file answers as the original model does.

    With the FOLDER of a bundle: replay its golden vectors, without TensorFlow. With a file and the
    original model too: ask both new random inputs.
    """
    if model is None:
        import export

        click.echo(str(export.replay(file)))
        return
    with heavy():
        import export
        from zoo.cli.export import open_model

        report = export.verify(file, open_model(model))
    click.echo(str(report))
