"""`python -m zoo.cli._readme`: writes the tables of a README that are made from the cards."""

from __future__ import annotations

import sys
from pathlib import Path

from zoo.catalog import all_cards
from zoo.files import replacing
from zoo.model_card import ModelCard

HEADS = {
    "models": """\
| model | what it does | cell | parameters | kB | measured on test | naive baselines | data |
| --- | --- | --- | ---: | ---: | --- | --- | --- |""",
    "quantized": """\
| model | metric | float32 | float16 | int8 | kB | float16 | int8 | int8 speed, batch 1 | batch 32 |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |""",
}


def with_tables(text: str) -> str:
    """The text with the tables between their marks made anew."""
    rows = {
        "models": [_row(card) for card in all_cards()],
        "quantized": [row for card in all_cards() for row in _quantized_row(card)],
    }
    for name, head in HEADS.items():
        begin = text.index("-->\n", text.index(f"<!-- {name}:")) + 4
        table = "\n".join([head, *rows[name]])
        text = f"{text[:begin]}{table}\n{text[text.index(f'<!-- /{name} -->') :]}"
    return text


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


def _quantized_row(card: ModelCard) -> list[str]:
    metric = card.primary
    files = {small.kind: small for small in card.measured.quantized} if card.measured else {}
    if metric is None or not files:
        return []
    kinds = [files["float16"], files["int8"]]
    figures = [metric.value, *(small.metrics[metric.name] for small in kinds)]
    sizes = [kinds[0].float_bytes, *(small.bytes for small in kinds)]
    cells = (
        f"`{card.id}`",
        metric.name,
        *(f"{figure:.4g}" for figure in figures),
        *(f"{size / 1000:,.0f}" for size in sizes),
        *(f"{gain:.2f}" for gain in files["int8"].speedup.values()),
    )
    return [f"| {' | '.join(cells)} |"]


if __name__ == "__main__":
    readme = Path(sys.argv[1] if len(sys.argv) > 1 else "README.md")
    written = with_tables(readme.read_text(encoding="utf-8"))
    with replacing(readme) as temporary:
        temporary.write_text(written, encoding="utf-8")
