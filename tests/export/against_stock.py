"""Times our export against Keras' own, model by model, in one paired run.

``python -m tests.export.against_stock [--write FILE] [NAME...]`` writes a CSV table; names choose
the benchmarks that contain them.
"""

from __future__ import annotations

import csv
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import click
import keras
import numpy as np

import export
from tests.export.configurations.configuration import (
    CELLS,
    LAYERS,
    Given,
    Through,
    drawing,
    functional,
    randomised,
)
from tests.export.configurations.own_layers import MinimalGatedCell, PeepholeCell
from tests.export.stock import CONTROL_FLOW, Paired, operators, paired_ratio, stock_outcome
from zoo.errors import ExportError

BATCHES = (1, 8, 32)
SEQUENCES = {"return_sequences": True}
RIGHT_PADDED = {"right": 0.8, "all_valid": 0.2}


@dataclass(frozen=True)
class Benchmark:
    """A model of realistic size.

    Attributes:
        name: The model's kind.
        units: Width of its recurrent layers.
        time: Steps of a sequence.
        build: Makes the model.
        given: Its inputs.
    """

    name: str
    units: int
    time: int
    build: Callable[[], Any]
    given: dict[str, Given]

    @property
    def label(self) -> str:
        """Unique among the benchmarks."""
        return f"{self.name}_{self.units}x{self.time}"

    def feeds(self, batch: int) -> dict[str, Any]:
        """Random inputs of one batch."""
        generator = np.random.default_rng(0)
        sizes = {"batch": batch, "time": self.time}
        return dict(drawing(self.given, RIGHT_PADDED)(generator, sizes))


@dataclass(frozen=True)
class Row:
    """A line of the table; times are milliseconds a run, ``ratio`` is stock over ours."""

    configuration: str
    units: int
    time: int
    batch: int
    stock: str
    ours: str
    ratio: str = ""
    noise: str = ""
    ours_ms: str = ""
    stock_ms: str = ""


# Name -> layers of some units, how the model around them is made.
OTHERS: dict[str, tuple[Callable[[int], Any], dict[str, Any]]] = {
    "lstm_elu": (lambda u: LAYERS.LSTM(u, activation="elu"), {}),
    "lstm_softsign": (lambda u: LAYERS.LSTM(u, activation="softsign"), {}),
    "lstm_gelu": (lambda u: LAYERS.LSTM(u, activation="gelu"), {}),
    "gru_elu": (lambda u: LAYERS.GRU(u, activation="elu"), {}),
    "gru_hard_gates": (lambda u: LAYERS.GRU(u, recurrent_activation="hard_sigmoid"), {}),
    "simple_rnn_relu": (lambda u: LAYERS.SimpleRNN(u, activation="relu", **SEQUENCES), {}),
    "lstm_return_state": (lambda u: LAYERS.LSTM(u, return_state=True), {}),
    "gru_backwards": (lambda u: LAYERS.GRU(u, go_backwards=True), {}),
    "lstm_masked_backwards": (
        lambda u: LAYERS.LSTM(u, go_backwards=True, **SEQUENCES), {"mask": "embedding"}),
    "lstm_mask_by_hand": (lambda u: LAYERS.LSTM(u, **SEQUENCES), {"mask": "hand"}),
    "gru_masked_zeros": (
        lambda u: LAYERS.GRU(u, zero_output_for_mask=True, **SEQUENCES), {"mask": "masking"}),
    "lstm_recurrent_dropout": (lambda u: LAYERS.LSTM(u, recurrent_dropout=0.2, **SEQUENCES), {}),
    "gru_recurrent_dropout": (lambda u: LAYERS.GRU(u, recurrent_dropout=0.2, **SEQUENCES), {}),
    "lstm_mixed_float16": (lambda u: LAYERS.LSTM(u, dtype="mixed_float16"), {}),
    "gru_mixed_float16": (lambda u: LAYERS.GRU(u, dtype="mixed_float16"), {}),
    "bidirectional_masked": (
        lambda u: LAYERS.Bidirectional(LAYERS.LSTM(u, **SEQUENCES)), {"mask": "embedding"}),
    "bidirectional_gru_last_masked": (
        lambda u: LAYERS.Bidirectional(LAYERS.GRU(u)), {"mask": "embedding"}),
    "two_lstm_layers": (lambda u: [LAYERS.LSTM(u, **SEQUENCES), LAYERS.LSTM(u)], {}),
    "two_gru_layers": (lambda u: [LAYERS.GRU(u, **SEQUENCES), LAYERS.GRU(u)], {}),
    "two_lstm_layers_masked": (
        lambda u: [LAYERS.LSTM(u, **SEQUENCES), LAYERS.LSTM(u)], {"mask": "embedding"}),
    "stacked_lstm_cells": (lambda u: LAYERS.RNN([LAYERS.LSTMCell(u), LAYERS.LSTMCell(u)]), {}),
    "stacked_mixed_cells": (
        lambda u: LAYERS.RNN([LAYERS.GRUCell(u), LAYERS.LSTMCell(u)], **SEQUENCES), {}),
    "time_distributed_dense": (
        lambda u: [LAYERS.LSTM(u, **SEQUENCES), LAYERS.TimeDistributed(LAYERS.Dense(40))], {}),
    "time_distributed_conv": (
        lambda u: [
            LAYERS.TimeDistributed(LAYERS.Conv2D(8, 3, activation="relu")),
            LAYERS.TimeDistributed(LAYERS.Flatten()),
            LAYERS.GRU(u),
        ],
        {"shape": (20, 12, 12, 1)}),
    "conv_lstm_2d": (
        lambda u: LAYERS.ConvLSTM2D(u // 4, 3, padding="same"), {"shape": (12, 16, 16, 1)}),
    "minimal_gated_cell": (lambda u: LAYERS.RNN(MinimalGatedCell(u), **SEQUENCES), {}),
    "peephole_cell": (lambda u: LAYERS.RNN(PeepholeCell(u)), {}),
    "conv_then_gru": (
        lambda u: [LAYERS.Conv1D(u, 5, padding="causal", activation="relu"), LAYERS.GRU(u)], {}),
}  # fmt: skip


def _through(
    name: str, units: int, time: int, layers: Callable[[], Any], **around: Any
) -> Benchmark:
    shape = around.pop("shape", (None, 32))
    made = Through(layers, shape=shape, scale=0.08, **around)
    return Benchmark(name, units, shape[0] or time, made.build, made.given())


def _language_model(units: int) -> Any:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    states = [keras.Input((units,), name=f"state_{k}") for k in range(2)]
    x = LAYERS.Embedding(11, 32)(tokens)
    options = {"return_state": True, **SEQUENCES}
    x, first = LAYERS.GRU(units, **options)(x, initial_state=states[0])
    x, second = LAYERS.GRU(units, **options)(x, initial_state=states[1])
    outputs = {"logits": LAYERS.Dense(100)(x), "next_0": first, "next_1": second}
    return functional([tokens, *states], outputs, scale=0.08)


def _subclassed_sentence_model(units: int) -> Any:
    parts = [
        LAYERS.Embedding(11, 32, mask_zero=True),
        LAYERS.Bidirectional(LAYERS.LSTM(units, **SEQUENCES)),
        LAYERS.GlobalMaxPooling1D(),
        LAYERS.Dense(5, activation="softmax"),
    ]
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    return randomised(keras.Sequential([tokens, *parts]), 0.08)


def benchmarks() -> dict[str, Benchmark]:
    """All benchmarks by label."""
    found = []
    for cell, (units, time) in product(CELLS, ((32, 50), (128, 100), (256, 50))):
        last = partial(CELLS[cell], units)
        whole = partial(CELLS[cell], units, **SEQUENCES)
        found.append(_through(cell, units, time, last))
        found.append(_through(f"{cell}_masked", units, time, last, mask="embedding"))
        if units == 128:
            found.append(_through(f"{cell}_sequences", units, time, whole))
            found.append(_through(f"{cell}_masked_sequences", units, time, whole, mask="embedding"))
            both = partial(lambda make: LAYERS.Bidirectional(make()), whole)
            found.append(_through(f"{cell}_bidirectional", units, time, both))
    for name, (layers, around) in OTHERS.items():
        found.append(_through(name, 64, 50, partial(layers, 64), **around))
    tokens = {"tokens": Given((None,), "tokens")}
    states = {f"state_{k}": Given((128,)) for k in range(2)}
    one_step = partial(_language_model, 128)
    found.append(Benchmark("language_model_step", 128, 1, one_step, tokens | states))
    sentences = partial(_subclassed_sentence_model, 64)
    found.append(Benchmark("sentence_model", 64, 40, sentences, tokens))
    return {one.label: one for one in found}


def compare(benchmark: Benchmark, folder: Path, rounds: int, **options: Any) -> Iterator[Row]:
    """Exports a benchmark both ways and times both files for every batch size.

    Args:
        benchmark: The model.
        folder: Where the files go.
        rounds: How often each file is timed.
        options: More arguments of ``export.to_onnx``.
    """
    ours, stock = folder / "ours.onnx", folder / "stock.onnx"
    model = benchmark.build()
    outcome = stock_outcome(model, stock, benchmark.feeds(2))
    try:
        export.to_onnx(model, ours, cases=4, **options)
        form = "+".join(sorted(CONTROL_FLOW & operators(ours))).lower() or "ok"
    except (ExportError, TypeError) as error:
        form = f"fails: {error}"
    for batch in BATCHES:
        facts = (benchmark.name, benchmark.units, benchmark.time, batch, outcome, form)
        if outcome.startswith("fails") or form.startswith("fails"):
            yield Row(*facts)
            continue
        yield Row(*facts, *_figures(paired_ratio(ours, stock, benchmark.feeds(batch), rounds)))


def _figures(paired: Paired) -> tuple[str, ...]:
    return tuple(f"{x:.3f}" for x in (paired.ratio, paired.noise, paired.ours, paired.stock))


@click.command()
@click.argument("names", nargs=-1)
@click.option("--write", type=click.Path(path_type=Path), help="The CSV file to write.")
@click.option("--rounds", default=30, show_default=True, help="Timings of each file.")
@click.option("--form", type=click.Choice(["auto", "native", "scan"]), default=None)
@click.option("--optimize-for", type=click.Choice(["latency", "throughput"]), default=None)
def main(
    names: tuple[str, ...],
    write: Path | None,
    rounds: int,
    form: str | None,
    optimize_for: str | None,
) -> None:
    """Times our export against Keras' own; NAMES choose the benchmarks that contain them."""
    asked = {"form": form, "optimize_for": optimize_for}
    options = {key: value for key, value in asked.items() if value}
    known = benchmarks()
    chosen = [x for x in known.values() if not names or any(name in x.label for name in names)]
    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory(prefix="against-stock-") as folder,
        click.progressbar(chosen, file=sys.stderr, item_show_func=_label) as bar,
    ):
        for benchmark in bar:
            rows += compare(benchmark, Path(folder), rounds, **options)
            keras.backend.clear_session()
            if write:  # after every benchmark: a run that is cut off leaves what it found
                write.write_text(_table(rows), encoding="utf-8")
    if not write:
        click.echo(_table(rows), nl=False)


def _label(benchmark: Benchmark | None) -> str:
    return benchmark.label if benchmark else ""


def _table(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Row))
    writer.writerows([getattr(row, field.name) for field in fields(Row)] for row in rows)
    return text.getvalue()


if __name__ == "__main__":
    main()
