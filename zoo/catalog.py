"""List, filter and compare the models of the zoo, from data files alone."""

from __future__ import annotations

import difflib
import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

from zoo.errors import InputError, UnknownModelError
from zoo.model_card import ModelCard, read_card

PRETRAINED = Path(__file__).parent / "pretrained"
COLUMNS = ("id", "domain", "task", "cell", "params", "kB", "metric", "value", "baseline", "data")
SORTS = ("id", "params", "bytes", "metric")


class ModelTable(Sequence[ModelCard]):
    """Model cards that show as a table in a notebook and in `print`."""

    def __init__(self, cards: Sequence[ModelCard]) -> None:
        self._cards = list(cards)

    @overload
    def __getitem__(self, index: int) -> ModelCard: ...
    @overload
    def __getitem__(self, index: slice) -> ModelTable: ...
    def __getitem__(self, index: int | slice) -> ModelCard | ModelTable:
        if isinstance(index, slice):
            return ModelTable(self._cards[index])
        return self._cards[index]

    def __len__(self) -> int:
        return len(self._cards)

    @property
    def ids(self) -> list[str]:
        """The ids, in the table's order."""
        return [card.id for card in self._cards]

    def rows(self) -> list[tuple[str, ...]]:
        """The cells of the table as text, one tuple a model, in the order of `COLUMNS`."""
        return [_row(card) for card in self._cards]

    def to_json(self) -> str:
        """One JSON list of objects whose keys are the card's."""
        return json.dumps([card.to_dict() for card in self._cards], indent=2)

    def __repr__(self) -> str:
        rows = [COLUMNS, *self.rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
        lines = ("  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) for r in rows)
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in COLUMNS)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def list_models(
    domain: str | None = None,
    task: str | None = None,
    cell: str | None = None,
    max_params: int | None = None,
    license: str | None = None,
    streaming: bool | None = None,
    sort: str = "id",
) -> ModelTable:
    """Lists the pretrained models that meet every given condition.

    Args:
        domain: "text", "speech" or "series".
        task: A kind of task, such as "classification".
        cell: "rnn", "lstm" or "gru".
        max_params: Largest number of parameters.
        license: "open" for models whose data is under an open licence or in the public domain;
            otherwise part of the licence's name, of the weights or of the data.
        streaming: Whether the model is causal and can be fed step by step.
        sort: "id", "params", "bytes", or "metric": grouped by task and metric, best first.

    Raises:
        InputError: `sort` is none of these.
    """
    if sort not in SORTS:
        raise InputError(f"Received sort={sort!r}; use one of {', '.join(SORTS)}.")
    cards = [
        card
        for card in all_cards()
        if domain in (None, card.recipe.domain)
        and task in (None, card.recipe.task)
        and cell in (None, card.cell)
        and streaming in (None, card.recipe.streaming)
        and (license is None or _licensed(card, license))
        and (max_params is None or _params(card) <= max_params)
    ]
    return ModelTable(sorted(cards, key=lambda card: _sort_key(card, sort)))


def card(model: str | Path) -> ModelCard:
    """Everything known of one model.

    Args:
        model: An id of the zoo, or the folder of a model that you trained.

    Raises:
        UnknownModelError: No such id; the message names the nearest ones.
        RecipeError: The folder has no `recipe.toml`, or a wrong one.
    """
    folder = Path(model)
    if isinstance(model, Path) or (folder / "recipe.toml").exists():
        return read_card(folder)
    cards = {card.id: card for card in all_cards()}
    if model not in cards:
        near = difflib.get_close_matches(model, cards, n=3, cutoff=0.4) or sorted(cards)
        raise UnknownModelError(
            f"Received the unknown model id {model!r}; did you mean {' or '.join(near)}?"
        )
    return cards[model]


def all_cards() -> list[ModelCard]:
    """The cards of every folder under `zoo/pretrained`, by id, as they stand on disk."""
    return [read_card(path.parent) for path in sorted(PRETRAINED.glob("*/recipe.toml"))]


def _row(card: ModelCard) -> tuple[str, ...]:
    recipe, measured, primary = card.recipe, card.measured, card.primary
    best = best_baseline(card)
    return (
        card.id,
        recipe.domain,
        recipe.task,
        card.cell,
        f"{measured.weights.params:,}" if measured else "-",
        f"{measured.weights.bytes / 1000:,.0f}" if measured else "-",
        primary.name if primary else "-",
        f"{primary.value:.4g}" if primary else "-",
        f"{best[0]} {best[1]:.4g}" if best else "-",
        f"{recipe.data.name} ({recipe.data.license})",
    )


def best_baseline(card: ModelCard) -> tuple[str, float] | None:
    """Name and value of the strongest naive baseline of the primary metric."""
    primary = card.primary
    if primary is None or not primary.baselines:
        return None
    pick = max if primary.direction == "higher" else min
    return pick(primary.baselines.items(), key=lambda item: item[1])


def _licensed(card: ModelCard, license: str) -> bool:
    if license == "open":
        return card.recipe.data.open
    wanted = license.casefold()
    return wanted in card.recipe.license.casefold() or wanted in card.recipe.data.license.casefold()


def _params(card: ModelCard) -> float:
    return card.measured.weights.params if card.measured else float("inf")


def _sort_key(card: ModelCard, sort: str) -> tuple[Any, ...]:
    primary = card.primary
    if sort == "params":
        return (_params(card), card.id)
    if sort == "bytes":
        return (card.measured.weights.bytes if card.measured else float("inf"), card.id)
    if sort == "metric" and primary is not None:
        best_first = -primary.value if primary.direction == "higher" else primary.value
        return (0, card.recipe.domain, card.recipe.task, primary.name, best_first, card.id)
    return (1, card.id) if sort == "metric" else (card.id,)
