"""One model's facts: `recipe.toml`, written by a person, and `card.toml`, measured by the tool."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from zoo.errors import RecipeError
from zoo.typed_tables import typed, typed_value

FORMAT = 1
DOMAINS = ("text", "speech", "series")
DIRECTIONS = ("higher", "lower")


@dataclass(frozen=True)
class Data:
    """The data set a model learns from: its name in `zoo/datasets`, licence and split."""

    name: str
    license: str
    open: bool
    split: str


@dataclass(frozen=True)
class Model:
    """The builder's name and the arguments that the recipe decides."""

    builder: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Schedule:
    """How the learning rate falls after the warm-up.

    `kind` is cosine, linear, exponential, step or constant; `final` the share of it that is left at
    the end, `drops` the number of equal steps down to it.
    """

    kind: str = "cosine"
    final: float = 0.0
    drops: int = 3


@dataclass(frozen=True)
class Initial:
    """What recurrent layers start from, if not from what Keras draws.

    `recurrent` names what draws each gate's matrix; `forget_bias` is that of an LSTM; `chrono` the
    longest dependency in steps that the gates are to span at the start, 0 for none.
    """

    recurrent: str = ""
    forget_bias: float = 1.0
    chrono: int = 0


@dataclass(frozen=True)
class Training:
    """How a recipe trains; epochs are passes over the task's batches.

    `average` is the decay of a moving average of the weights, taken once an epoch (0 is off);
    `patience` counts epochs without a better validation loss before training stops; `clip_norm`
    is the longest gradient, all weights together (0 is off).
    """

    seed: int
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.0
    warmup_epochs: float = 0.0
    patience: int = 10
    average: float = 0.0
    clip_norm: float = 1.0
    schedule: Schedule = field(default_factory=Schedule)
    initial: Initial = field(default_factory=Initial)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """Everything needed to make a model again; see `recipe.toml` in its folder.

    `targets` are the figures that it aims at, metric to value.
    """

    format: int
    title: str
    description: str
    domain: str
    task: str
    license: str
    source: str
    streaming: bool
    data: Data
    processing: dict[str, Any]
    model: Model
    training: Training
    targets: dict[str, float]

    @property
    def sha256(self) -> str:
        """Digest of what decides the weights and their figures: no title, description or target."""
        parts = (self.task, self.data.name, self.processing, asdict(self.model))
        # Settings that are younger than the first cards count where they are used.
        young = {"schedule": asdict(Schedule()), "initial": asdict(Initial())}
        training = {k: v for k, v in asdict(self.training).items() if v != young.get(k, ...)}
        told = json.dumps([*parts, training], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True)
class Metric:
    """One measured figure beside the naive baselines on the same split."""

    name: str
    value: float
    unit: str
    direction: str
    split: str
    protocol: str
    seeds: list[int]
    primary: bool = False
    baselines: dict[str, float] = field(default_factory=dict)
    details: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Weights:
    """The shipped weights file."""

    sha256: str
    bytes: int
    params: int


@dataclass(frozen=True)
class TrainingRun:
    """The run that made the weights; durations in seconds."""

    backend: str
    machine: str
    seed: int
    epochs: int
    seconds: float
    versions: dict[str, str]


@dataclass(frozen=True)
class Quantized:
    """The exported file made small, as measured on the model's own data.

    `speedup` (batch size -> ratio; 2.0 is half the float32 file's time) and `metrics` are those of
    the file in onnxruntime; `computed` counts the nodes that multiply integers, by operator; a
    file with `onnxruntime_only` needs an operator that no other runtime has. `weights_sha256` is
    the digest of the weights that it was made of.
    """

    kind: str
    bytes: int
    float_bytes: int
    speedup: dict[str, float]
    computed: dict[str, int]
    onnxruntime_only: bool
    split: str
    metrics: dict[str, float]
    weights_sha256: str
    machine: str
    onnxruntime: str


@dataclass(frozen=True)
class Robustness:
    """A figure on recordings that have one thing wrong with them, in several degrees.

    `values` is setting -> figure; `setting` says what the degrees are, with their unit.
    """

    condition: str
    setting: str
    metric: str
    split: str
    values: dict[str, float]
    weights_sha256: str

    def __str__(self) -> str:
        degrees = ", ".join(f"{value:.4g} at {degree}" for degree, value in self.values.items())
        return f"{self.condition}: {self.metric} {degrees} ({self.setting}; {self.split})"


@dataclass(frozen=True)
class Few:
    """Figures of a fixed small part of the data, by which code and weights are soon tested.

    They say nothing of how good a model is: the baselines learned from a small part too.
    `baselines` are those of each metric, as in "accuracy.majority".
    """

    metrics: dict[str, float] = field(default_factory=dict)
    baselines: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """The contents of `card.toml`.

    `threshold` is the probability from which on the second of two classes is the answer; 0 where
    the task has none. `few` is empty where all data is soon scored.
    """

    format: int
    version: str
    recipe_sha256: str
    weights: Weights
    run: TrainingRun
    metrics: list[Metric]
    threshold: float = 0.0
    quantized: list[Quantized] = field(default_factory=list)
    robustness: list[Robustness] = field(default_factory=list)
    few: Few = field(default_factory=Few)


@dataclass(frozen=True)
class ModelCard:
    """A recipe and what was measured of it."""

    id: str
    folder: Path
    recipe: Recipe
    measured: Measured | None

    @property
    def cell(self) -> str:
        """The recurrent cell: "rnn", "lstm" or "gru"."""
        return str(self.recipe.model.arguments.get("cell", ""))

    @property
    def primary(self) -> Metric | None:
        """The metric that sorting uses."""
        metrics = self.measured.metrics if self.measured else []
        return next((metric for metric in metrics if metric.primary), None)

    @property
    def sha256(self) -> str:
        """Digest of the recipe and the card as they stand on disk."""
        digest = hashlib.sha256()
        for name in ("recipe.toml", "card.toml"):
            path = self.folder / name
            digest.update(path.read_bytes() if path.exists() else b"")
        return digest.hexdigest()

    def __str__(self) -> str:
        recipe, measured = self.recipe, self.measured
        facts = [
            f"{self.id}: {recipe.title}",
            "",
            " ".join(recipe.description.split()),
            "",
            f"domain      {recipe.domain}, task {recipe.task}, cell {self.cell}",
            f"source      {recipe.source}",
            f"data        {recipe.data.name} ({recipe.data.license}); {recipe.data.split}",
            f"license     {recipe.license} (weights and code)",
            f"streaming   {'yes' if recipe.streaming else 'no'}",
            f"builder     {recipe.model.builder} {_pairs(recipe.model.arguments)}",
            f"targets     {_pairs(recipe.targets)}",
        ]
        if measured is None:
            return "\n".join([*facts, "weights     not trained yet"])
        run, weights = measured.run, measured.weights
        facts += [
            f"weights     {weights.params:,} parameters, {weights.bytes:,} bytes,"
            f" version {measured.version}, sha256 {weights.sha256[:16]}…",
            f"training    {run.epochs} epochs, {run.seconds:.0f} s, {run.backend}, {run.machine},"
            f" seed {run.seed}",
            "",
        ]
        if measured.threshold:
            facts.insert(-1, f"threshold   {measured.threshold:g}")
        for metric in measured.metrics:
            facts.append(f"{metric.name} {metric.value:.4g} {metric.unit} ({metric.split})")
            facts.append(f"  {metric.protocol}; {metric.direction} is better")
            facts.append(f"  baselines: {_pairs(metric.baselines)}")
            facts += [f"  {_pairs(metric.details)}"] if metric.details else []
        facts += [_quantized_line(small) for small in measured.quantized]
        facts += [str(one) for one in measured.robustness]
        return "\n".join(facts)

    def to_dict(self) -> dict[str, Any]:
        """The card as JSON-able values, the shape of `rnn-zoo list --json`."""
        recipe, measured = self.recipe, self.measured
        metrics = measured.metrics if measured else []
        return {
            "id": self.id,
            "title": recipe.title,
            "domain": recipe.domain,
            "task": recipe.task,
            "cell": self.cell,
            "params": measured.weights.params if measured else None,
            "bytes": measured.weights.bytes if measured else None,
            "license": recipe.license,
            "data": recipe.data.name,
            "data_license": recipe.data.license,
            "data_open": recipe.data.open,
            "streaming": recipe.streaming,
            "metric": self.primary.name if self.primary else None,
            "metrics": {metric.name: metric.value for metric in metrics},
            "baselines": {
                f"{metric.name}.{name}": value
                for metric in metrics
                for name, value in metric.baselines.items()
            },
            "version": measured.version if measured else None,
            "description": recipe.description,
            "source": recipe.source,
            "recipe": asdict(recipe),
            "measured": asdict(measured) if measured else None,
        }


def _pairs(values: Mapping[str, Any]) -> str:
    shown = {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in values.items()}
    return ", ".join(f"{name} {value}" for name, value in shown.items())


def _quantized_line(small: Quantized) -> str:
    times = ", ".join(f"{gain:.2f} at batch {batch}" for batch, gain in small.speedup.items())
    return (
        f"{small.kind} file: {small.bytes:,} bytes (float32 {small.float_bytes:,}), "
        f"speed {times}; {_pairs(small.metrics)} ({small.split})"
    )


def read_card(folder: Path) -> ModelCard:
    """Reads a model's folder; `card.toml` may still be missing.

    Raises:
        RecipeError: A file is not TOML, or a key is missing, unknown or of the wrong type.
    """
    recipe = read_recipe(folder / "recipe.toml")
    card = folder / "card.toml"
    measured = typed(Measured, _toml(card), str(card)) if card.exists() else None
    return ModelCard(folder.name, folder, recipe, measured)


def read_recipe(path: Path) -> Recipe:
    """Reads and checks one `recipe.toml`.

    Raises:
        RecipeError: The file is missing, not TOML, or not a recipe.
    """
    return recipe_from(_toml(path), str(path))


def recipe_from(table: Mapping[str, Any], where: str) -> Recipe:
    """Checks what stands in a `recipe.toml`; `where` is what messages call it.

    Raises:
        RecipeError: It is not a recipe.
    """
    recipe = typed(Recipe, table, where)
    if recipe.format != FORMAT:
        raise RecipeError(f"{where}: received format {recipe.format}; this version reads {FORMAT}.")
    if recipe.domain not in DOMAINS:
        raise RecipeError(f"{where}: received domain {recipe.domain!r}; use one of {DOMAINS}.")
    for metric, value in recipe.targets.items():
        typed_value(float, value, f"{where}: targets: {metric}")
    if not recipe.targets:
        raise RecipeError(f"{where}: the table [targets] is empty; name a metric and its value.")
    return recipe


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError(f"{path} does not exist; a model's folder holds recipe.toml.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not TOML: {error}.") from None
