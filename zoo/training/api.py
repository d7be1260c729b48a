"""`zoo.train`: a recipe from scratch, or a pretrained model further on data of one's own."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zoo import catalog, datasets
from zoo.errors import DataError, InputError
from zoo.loading import Pretrained, load
from zoo.measuring import evaluate
from zoo.model_card import Data, ModelCard, Recipe
from zoo.processing.series import Tables
from zoo.processing.series_set import SeriesSet
from zoo.training.fit import fit_recipe
from zoo.training.pictures import save_pictures
from zoo.training.recipe_file import write_recipe
from zoo.weights import read_header


def train(
    model_id: str | None = None,
    folder: str | Path | None = None,
    *,
    start: str | None = None,
    data: Any = None,
    hold_out: str | None = None,
    resume: bool = False,
    epochs: int | None = None,
    batch_size: int | None = None,
    target: str | Sequence[str] | None = None,
    horizon: int | None = None,
    verbose: int | str = "auto",
) -> Pretrained:
    """Trains a recipe from scratch, or a pretrained model further, on Keras' current backend.

    From scratch, all settings are the recipe's, and `data` the data set that it names.

    From a pretrained model (`start`) training goes on with your own data. The recipe's settings
    stay; the processing (vocabulary, scaling) is the pretrained one where the task allows it, and
    a head of another size starts anew. The folder gets a card with the figures of the part of your
    data that validated, beside naive baselines; since that part also chose the weights, other data
    is likely to score a little worse. A forecaster is scored on rows after those.

    Args:
        model_id: An id of the zoo, or a folder with a `recipe.toml` of your own.
        folder: Where weights, history, pictures and checkpoint go; default `runs/ID`, of a start
            `runs/ID-mine`.
        start: In place of `model_id`, the id or folder of the model to go on from.
        data: A data set as the readers of `zoo.datasets` give it; with `start` also a path to your
            data: a text file; a folder of one folder of WAV files a label; a CSV table (a series,
            or the columns text and label). A series may also be a data frame, or what else
            `zoo.processing.tables.read_table` takes.
        hold_out: A group of the data to leave out (a speaker of the digits).
        resume: Go on from the folder's checkpoint, to the same result as without interruption.
        epochs: Stop after this many epochs in all, if that is less than the recipe's; with
            `start`, their number, over which the learning rate falls.
        batch_size: With `start`, examples a batch; few rows learn more from small batches.
        target: With the start of a forecaster, columns of your table to forecast, if they are not
            the model's own; scale and step are then those of your table.
        horizon: With the start of a forecaster, how many steps ahead, if not the model's.
        verbose: Keras' progress bar.

    Returns:
        The trained model; `zoo.load(folder)` gives it again.

    Raises:
        UnknownModelError: No such id.
        DataError: The data set is missing or cannot be used.
        InputError: Arguments that do not go together, or a number below 1.
    """
    if start is not None:
        if model_id is not None or data is None or hold_out is not None:
            raise InputError(
                f"Received start={start} with data={data}, model_id={model_id} and "
                f"hold_out={hold_out}; give start (--from) and data, and neither of the others."
            )
        return _go_on(
            start, folder, _Own(data, target, horizon), epochs, batch_size, resume, verbose
        )
    if model_id is None or batch_size or target or horizon or isinstance(data, str | Path):
        raise InputError(
            f"Received model_id={model_id}, batch_size={batch_size}, target={target}, "
            f"horizon={horizon} and data={data} without start; "
            "name the recipe; or, to start from a model (--from), that and your own data."
        )
    card = catalog.card(model_id)
    place = Path(folder) if folder is not None else Path("runs") / card.id
    data = datasets.load(card.recipe.data.name) if data is None else data
    fit_recipe(
        card.recipe,
        card.folder / "recipe.toml",
        place,
        data=data,
        hold_out=hold_out,
        resume=resume,
        epochs=epochs,
        verbose=verbose,
    )
    trained = load(place)
    if hold_out is None:  # the part that validates is another one then
        save_pictures(trained, data, place)
    return trained


@dataclass(frozen=True, eq=False)
class _Own:
    """A user's data, and what of a table is to be forecast."""

    data: Any
    target: str | Sequence[str] | None
    horizon: int | None

    @property
    def name(self) -> str:
        return Path(self.data).name if isinstance(self.data, str | Path) else "own data"


@dataclass(frozen=True, eq=False)
class _Given:
    """Data to learn from, the processing to keep, and the part that is scored."""

    data: Any
    processing: dict[str, Any]
    split: str = "a part validated: it chose the weights, and scored"
    scored: str = "validation"


def _given(own: _Own, card: ModelCard) -> _Given:
    """What a model's kind of training makes of a user's data.

    Raises:
        DataError: The data cannot be used.
        InputError: A target or horizon for a model that forecasts no series.
    """
    learning = importlib.import_module(f"zoo.training.{card.recipe.task}")
    processing = read_header(card.folder / "weights.safetensors")["processing"]
    if hasattr(learning, "own_series") and not isinstance(own.data, Tables | SeriesSet):
        data, processing = learning.own_series(own.data, processing, own.target, own.horizon)
        return _Given(data, processing, split=learning.OWN_SPLIT, scored="test")
    if own.target is not None or own.horizon is not None:
        raise InputError(
            f"Received target={own.target} and horizon={own.horizon} for {card.id}; they are for a "
            "forecaster and a table of your own."
        )
    if isinstance(own.data, str | Path):
        data = learning.read_own_data(Path(own.data), card.recipe, processing)
        return _Given(data, processing)
    return _Given(own.data, processing)


def _go_on(
    start: str,
    folder: str | Path | None,
    own: _Own,
    epochs: int | None,
    batch_size: int | None,
    resume: bool,
    verbose: int | str,
) -> Pretrained:
    """Trains a pretrained model further on a user's own data, and measures it on a part of it."""
    card = catalog.card(start)
    target = Path(folder) if folder is not None else Path("runs") / f"{card.id}-mine"
    if target.resolve() == card.folder.resolve():
        raise InputError(f"Received the folder {target}, which holds the original; use another.")
    given = _given(own, card)
    recipe = _own_recipe(card, own.name, given, epochs, batch_size)
    write_recipe(recipe, target / "recipe.toml")
    fit_recipe(
        recipe,
        target / "recipe.toml",
        target,
        data=given.data,
        start=card.folder / "weights.safetensors",
        processing=given.processing,
        resume=resume,
        verbose=verbose,
    )
    trained = load(target)
    save_pictures(trained, given.data, target)
    try:
        evaluate(trained, data=given.data, split=given.scored, write=True)
    except DataError as error:
        warnings.warn(f"{target} has no figures: {error}", stacklevel=3)
    return load(target)


def _own_recipe(
    card: ModelCard, name: str, given: _Given, epochs: int | None, batch_size: int | None
) -> Recipe:
    """The recipe of a model whose training went on with data called `name`.

    Raises:
        InputError: The number of epochs or the batch size is below 1.
    """
    training = card.recipe.training
    for label, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value is not None and value < 1:
            raise InputError(f"Received {label}={value}; use 1 or more.")
    version = f" version {card.measured.version}" if card.measured else ""
    return replace(
        card.recipe,
        title=f"{card.id}, trained further on {name}",
        description=f"{card.id}{version}, trained further on {name}.",
        data=Data(name, "not stated", False, given.split),
        processing={k: given.processing.get(k, v) for k, v in card.recipe.processing.items()},
        training=replace(
            training,
            epochs=epochs or training.epochs,
            batch_size=batch_size or training.batch_size,
        ),
    )
