"""`zoo.tune`: trains a recipe with other settings, and tells what it tried (Optuna's TPE).

Akiba et al. 2019, "Optuna", arXiv 1907.10902; Bergstra et al. 2011, "Algorithms for
Hyper-Parameter Optimization".
"""

from __future__ import annotations

import csv
import json
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from zoo import catalog, datasets
from zoo.errors import InputError, MissingExtraError, ZooError
from zoo.files import replacing
from zoo.model_card import Recipe
from zoo.training.fit import fit_recipe
from zoo.training.recipe_file import write_recipe
from zoo.training.search_space import Range, Space, changed, checked_space, usual_space

if TYPE_CHECKING:
    import optuna

JOURNAL, TABLE, BEST, PICTURE = "journal.log", "trials.csv", "recipe.toml", "trials.png"
_PATIENT = 5  # trials that are never stopped early, and that are drawn at random


@dataclass(frozen=True)
class Trial:
    """One training.

    Args:
        number: From 0, in the order in which they began.
        settings: Keys of the recipe and their values.
        state: "complete", "stopped" (it was behind the median of the others), or "failed".
        loss: The smallest validation loss; NaN where there is none.
        told: Why it failed; empty otherwise.
    """

    number: int
    settings: Mapping[str, Any]
    state: str
    loss: float
    told: str = ""


@dataclass(frozen=True)
class Tuned:
    """What a search tried.

    Args:
        folder: Holds `trials.csv`, `trials.png`, one folder a training, and `recipe.toml`: the
            recipe with the best settings, which `zoo.train(folder)` trains in full.
        trials: In the order in which they began.
    """

    folder: Path
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The complete one with the smallest validation loss."""
        return min(_complete(self.trials), key=lambda trial: trial.loss)


def tune(
    model_id: str,
    folder: str | Path | None = None,
    *,
    trials: int = 20,
    epochs: int | None = None,
    space: Mapping[str, Any] | None = None,
    data: Any = None,
    verbose: int | str = 0,
    report: Callable[[Trial], None] | None = None,
) -> Tuned:
    """Searches settings of a recipe that make the validation loss small.

    The test part is never looked at. A trial whose loss is behind the median of those before it at
    the same epoch is stopped. What is finished stays when the search is interrupted: called again
    with the same folder, it goes on, the trial that was cut off from its last epoch.

    Args:
        model_id: An id of the zoo, or a folder with a `recipe.toml`.
        folder: Where everything is written; default `runs/ID-tuned`.
        trials: How many are wanted in all, those of earlier calls among them.
        epochs: Of each training, its schedule included; the recipe's by default.
        space: Keys like "training.learning_rate" to a list of choices or a
            `zoo.training.search_space.Range`; by default learning rate, batch size, units and
            dropout around the recipe's.
        data: The data set, if not the recipe's own.
        verbose: Keras' progress bar.
        report: Called with each trial as it ends.

    Raises:
        InputError: A number below 1, a space that does not fit the recipe, or no trial that ended
            well.
        DataError: The data set is missing.
        MissingExtraError: Optuna is not installed.
    """
    for name, value in (("trials", trials), ("epochs", epochs)):
        if value is not None and value < 1:
            raise InputError(f"Received {name}={value}; use 1 or more.")
    card = catalog.card(model_id)
    place = Path(folder) if folder is not None else Path("runs") / f"{card.id}-tuned"
    if place.resolve() == card.folder.resolve():
        raise InputError(f"Received the folder {place}, which holds the original; use another.")
    known = usual_space(card.recipe) if space is None else checked_space(space, card.recipe)
    data = datasets.load(card.recipe.data.name) if data is None else data
    search = _Search(card.recipe, place, known, data, epochs, verbose)
    while len(search.finished()) < trials:
        trial = search.next()
        if report is not None:
            report(trial)
    found = Tuned(place, search.finished())
    if not _complete(found.trials):
        raise InputError(f"No trial ended well; the last one: {found.trials[-1].told}")
    _write(found, card.recipe, known)
    return found


class _Search:
    """A study in a folder, one trial after the other."""

    def __init__(
        self,
        recipe: Recipe,
        folder: Path,
        space: Space,
        data: Any,
        epochs: int | None,
        verbose: int | str,
    ) -> None:
        self._recipe, self._folder, self._space, self._data = recipe, folder, space, data
        self._verbose = verbose
        self._epochs = epochs or recipe.training.epochs
        folder.mkdir(parents=True, exist_ok=True)
        self._study = _study(folder / JOURNAL, recipe.training.seed)
        told = json.dumps({k: str(v) for k, v in sorted(space.items())})
        if self._study.user_attrs.setdefault("space", told) != told:
            raise InputError(f"{folder} holds a search of another space; use another folder.")
        self._study.set_user_attr("space", told)
        for cut_off in self._in_state("RUNNING"):
            self._study.enqueue_trial(cut_off.params)
            self._study.tell(cut_off.number, state=_states().FAIL)

    def finished(self) -> tuple[Trial, ...]:
        """What ended; a trial that was cut off has failed without a word, and is another's now."""
        ended = self._in_state("COMPLETE", "PRUNED", "FAIL")
        return tuple(_told(one) for one in ended if one.state.name != "FAIL" or one.user_attrs)

    def next(self) -> Trial:
        """Trains once more."""
        asked = self._study.ask()
        settings = {key: _drawn(asked, key, one) for key, one in self._space.items()}
        try:
            loss = self._trained(asked, settings)
        except ZooError as error:
            asked.set_user_attr("told", str(error))
            self._study.tell(asked, state=_states().FAIL)
        except _optuna().TrialPruned:
            self._study.tell(asked, state=_states().PRUNED)
        else:
            if math.isfinite(loss):
                self._study.tell(asked, loss)
            else:
                asked.set_user_attr("told", "The loss is no number.")
                self._study.tell(asked, state=_states().FAIL)
        return _told(self._study.trials[asked.number])

    def _trained(self, asked: optuna.Trial, settings: Mapping[str, Any]) -> float:
        recipe = changed(self._recipe, settings)
        recipe = replace(recipe, training=replace(recipe.training, epochs=self._epochs))
        place = self._folder / recipe.sha256[:12]  # the same settings go on where they stopped
        write_recipe(recipe, place / "recipe.toml")
        run = fit_recipe(
            recipe,
            place / "recipe.toml",
            place,
            data=self._data,
            resume=True,
            verbose=self._verbose,
            callbacks=[_Judge(asked)],
        )
        losses = [row["val_loss"] for row in run.history]
        return min((loss for loss in losses if math.isfinite(loss)), default=math.nan)

    def _in_state(self, *names: str) -> list[Any]:
        return [trial for trial in self._study.trials if trial.state.name in names]


class _Judge(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells the study each validation loss, and ends a trial that is behind."""

    def __init__(self, asked: optuna.Trial) -> None:
        super().__init__()
        self._asked = asked

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._asked.report((logs or {})["val_loss"], epoch)
        if self._asked.should_prune():
            raise _optuna().TrialPruned


def _study(journal: Path, seed: int) -> Any:
    """The study that a journal holds, or a new one."""
    optuna = _optuna()
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.create_study(storage=storage, study_name="rnn-zoo", load_if_exists=True)
    # The sampler's generator is not in the journal: another seed, or it would draw the same again.
    study.sampler = optuna.samplers.TPESampler(
        seed=seed + len(study.trials), n_startup_trials=_PATIENT
    )
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=_PATIENT, n_warmup_steps=1)
    return study


def _optuna() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import optuna
    except ImportError:
        raise MissingExtraError("tuning", "Searching settings") from None
    return optuna


def _states() -> Any:
    return _optuna().trial.TrialState


def _drawn(asked: optuna.Trial, key: str, dimension: Range | list[Any]) -> Any:
    if isinstance(dimension, list):
        return asked.suggest_categorical(key, dimension)
    if dimension.whole:
        return asked.suggest_int(key, int(dimension.low), int(dimension.high), log=dimension.log)
    return asked.suggest_float(key, dimension.low, dimension.high, log=dimension.log)


def _told(frozen: Any) -> Trial:
    state = {"COMPLETE": "complete", "PRUNED": "stopped"}.get(frozen.state.name, "failed")
    losses = [loss for loss in frozen.intermediate_values.values() if math.isfinite(loss)]
    loss = frozen.value if frozen.value is not None else min(losses, default=math.nan)
    return Trial(frozen.number, dict(frozen.params), state, loss, frozen.user_attrs.get("told", ""))


def _complete(trials: tuple[Trial, ...]) -> list[Trial]:
    return [trial for trial in trials if trial.state == "complete"]


def _write(tuned: Tuned, recipe: Recipe, space: Space) -> None:
    from zoo.plots.trials import save_trials

    write_recipe(changed(recipe, tuned.best.settings), tuned.folder / BEST)
    keys = list(dict.fromkeys(key for trial in tuned.trials for key in trial.settings))
    with (
        replacing(tuned.folder / TABLE) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["trial", "state", "loss", *keys, "told"])
        for one in tuned.trials:
            cells = [one.settings.get(key, "") for key in keys]
            writer.writerow([one.number, one.state, one.loss, *cells, one.told])
    points = [(one.state, one.loss, one.settings) for one in tuned.trials]
    factors = [key for key, one in space.items() if isinstance(one, Range) and one.log]
    save_trials(points, factors, tuned.folder / PICTURE)
