"""`rnn-zoo predict ID INPUT`."""

from __future__ import annotations

import click

from zoo.cli._shared import (
    INPUT_HELP,
    JSON,
    OPTION,
    SAVE,
    heavy,
    options,
    raw_input,
    show_answer,
)


@click.command(epilog=INPUT_HELP)
@click.argument("model", metavar="ID")
@click.argument("given", metavar="INPUT")
@OPTION
@JSON
@SAVE
def command(
    model: str, given: str, pairs: tuple[str, ...], as_json: bool, save: str | None
) -> None:
    """Answer for one raw input with a pretrained model, in Keras.

    ID is a model of the zoo, or the folder of one that you trained.
    """
    settings = options(pairs)
    with heavy():
        import zoo
        from zoo.tasks import domain_of

        loaded = zoo.load(model)
        answer = loaded.predict(raw_input(domain_of(loaded.task), given), **settings)
    show_answer(answer, as_json, save)
