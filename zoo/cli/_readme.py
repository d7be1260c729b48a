"""`python -m zoo.cli._readme`: writes the model table of a README from the cards."""

from __future__ import annotations

import sys
from pathlib import Path

from zoo.catalog import all_cards
from zoo.files import replacing
from zoo.model_card import ModelCard

BEGIN = "<!-- models:"
END = "<!-- /models -->"
HEAD = (
    "| model | what it does | cell | parameters | kB | measured on test | naive baselines | data |"
)


def with_table(text: str) -> str:
    """The text with the table between its two marks made anew."""
    begin = text.index("-->\n", text.index(BEGIN)) + 4
    rows = [HEAD, "| --- | --- | --- | ---: | ---: | --- | --- | --- |"]
    rows += [_row(card) for card in all_cards()]
    return text[:begin] + "\n".join(rows) + "\n" + text[text.index(END) :]


def _row(card: ModelCard) -> str:
    recipe, measured = card.recipe, card.measured
    if measured is None:
        figures, baselines, params, size = "not trained yet", "", "", ""
    else:
        figures = "<br>".join(f"{m.name} **{m.value:.4g}**" for m in measured.metrics)
        baselines = "<br>".join(
            ", ".join(f"{name} {value:.4g}" for name, value in m.baselines.items())
            for m in measured.metrics
        )
        params = f"{measured.weights.params:,}"
        size = f"{measured.weights.bytes / 1000:,.0f}"
    data = f"{recipe.data.name}, {recipe.data.license}"
    cells = (f"`{card.id}`", recipe.title, card.cell, params, size, figures, baselines, data)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    readme = Path(sys.argv[1] if len(sys.argv) > 1 else "README.md")
    written = with_table(readme.read_text(encoding="utf-8"))
    with replacing(readme) as temporary:
        temporary.write_text(written, encoding="utf-8")
