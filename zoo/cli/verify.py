"""`rnn-zoo verify FILE ID`."""

from __future__ import annotations

import click

from zoo.cli._shared import heavy


@click.command()
@click.argument("file", metavar="FILE")
@click.argument("model", metavar="ID|MODEL.keras")
def command(file: str, model: str) -> None:
    """Prove again that an exported file answers as the original model does."""
    with heavy():
        import export
        from zoo.cli.export import open_model

        report = export.verify(file, open_model(model))
    click.echo(str(report))
