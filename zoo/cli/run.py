"""`rnn-zoo run FILE INPUT`."""

from __future__ import annotations

import click

from zoo.cli._shared import INPUT_HELP, JSON, OPTION, options, raw_input, show_answer


@click.command(epilog=INPUT_HELP)
@click.argument("file", metavar="FILE")
@click.argument("given", metavar="INPUT")
@OPTION
@JSON
def command(file: str, given: str, pairs: tuple[str, ...], as_json: bool) -> None:
    """Answer for one raw input with an exported ONNX file, without TensorFlow."""
    from export.runtime import load

    model = load(file)
    domain = str(model.metadata.get("domain", ""))
    show_answer(model.predict(raw_input(domain, given), **options(pairs)), as_json)
