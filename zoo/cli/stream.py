"""`rnn-zoo stream FILE`."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from zoo.cli._shared import JSON, OPTION, options
from zoo.errors import InputError, RuntimeFileError

if TYPE_CHECKING:
    import numpy as np

    from export.runtime import Model
    from zoo.tasks import Answer

CODINGS = {"s16le": ("<i2", 2), "f32le": ("<f4", 4)}  # numpy's name, bytes
_BYTES = 65536


@click.command()
@click.argument("file", metavar="FILE")
@click.option(
    "--coding",
    type=click.Choice(list(CODINGS)),
    default="s16le",
    show_default=True,
    help="Samples of raw PCM: 16-bit integers or 32-bit floats, little-endian, one channel.",
)
@click.option("--rate", type=int, metavar="HZ", help="Their sampling rate. Default: the model's.")
@OPTION
@JSON
def command(
    file: str, coding: str, rate: int | None, pairs: tuple[str, ...], as_json: bool
) -> None:
    """Answer standard input as it comes, with an exported file that streams.

    A model that hears takes raw PCM, one that reads takes lines of text, one that watches a metric
    takes lines "value" or "time,value". Each answer is a line, or with --json an object a line,
    written at once. After sound, latency and real-time factor are told on standard error.
    """
    from export.runtime import load
    from zoo.tasks import domain_of

    model = load(file, threads=1)  # steps are too small to share, and idle threads spin
    stream = model.stream(**options(pairs))
    pieces = _pieces(model, coding, rate)
    clock = Clock()
    with _quiet_end():
        for piece in pieces:
            with clock.piece(len(piece)):
                _show(stream.feed(piece), as_json)
        _show(stream.flush(), as_json)
    if domain_of(model.task) == "speech":
        config = model.task.config  # type: ignore[attr-defined]
        click.echo(clock.told(config.sampling_rate, config.frame_length), err=True)


class Clock:
    """Takes the time of the answers to pieces of sound."""

    def __init__(self) -> None:
        self._waits: list[float] = []
        self._samples = 0
        self._begun = time.process_time()

    @contextlib.contextmanager
    def piece(self, samples: int) -> Iterator[None]:
        """Takes the time from a piece of so many samples to its answer."""
        start = time.perf_counter()
        yield
        self._waits.append(time.perf_counter() - start)
        self._samples += samples

    def told(self, rate: int, frame: int) -> str:
        """Latency and real-time factor, in a line.

        Args:
            rate: Sampling rate of the model in Hz.
            frame: Samples that a frame must have before it is answered.
        """
        if not self._samples:
            return "No sound came."
        seconds, waits = self._samples / rate, sorted(self._waits)
        factor = (time.process_time() - self._begun) / seconds
        median, most = 1000 * waits[len(waits) // 2], 1000 * waits[-1]
        return (
            f"{seconds:.1f} s of sound in {len(waits)} pieces: answers came {median:.1f} ms "
            f"(median; at most {most:.1f}) after a piece, of frames of {1000 * frame / rate:.0f} "
            f"ms; real-time factor {factor:.4f} (processor time)."
        )


def _pieces(model: Model, coding: str, rate: int | None) -> Iterator[Any]:
    """What a model's stream takes, from standard input.

    Raises:
        RuntimeFileError: The model takes neither sound nor lines.
    """
    kind = model.metadata.get("task")
    domain = importlib.import_module(f"zoo.tasks.{kind}").DOMAIN if kind else ""
    if domain == "text" or (domain == "series" and hasattr(model.task, "reader")):
        return _lines()
    if domain != "speech":
        raise RuntimeFileError(
            f"{model.path.name} takes arrays; feed them from Python by load(...).stream()"
        )
    from zoo.processing import recording

    wanted = int(model.task.config.sampling_rate)  # type: ignore[attr-defined]
    samples = _samples(*CODINGS[coding])
    return samples if rate in (None, wanted) else recording.resampled(samples, rate or 0, wanted)


def _lines() -> Iterator[str]:
    for number, line in enumerate(iter(sys.stdin.buffer.readline, b""), 1):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"Line {number} is not UTF-8: {error}.") from None


def _samples(dtype: str, size: int) -> Iterator[np.ndarray]:
    """Float samples as they arrive; a sample may be cut between two reads."""
    import numpy as np

    from zoo.processing import recording

    rest = b""
    read = getattr(sys.stdin.buffer, "read1", sys.stdin.buffer.read)
    while data := read(_BYTES):
        data = rest + data
        whole = len(data) - len(data) % size
        rest = data[whole:]
        yield recording.mono(np.frombuffer(data[:whole], dtype))
    if rest:
        raise InputError(f"The samples end within one: {len(rest)} bytes are left over.")


def _show(answer: Answer, as_json: bool) -> None:
    """Writes an answer at once; one that says nothing is left out."""
    if text := str(answer):
        click.echo(json.dumps(answer.to_dict()) if as_json else text)
        sys.stdout.flush()


@contextlib.contextmanager
def _quiet_end() -> Iterator[None]:
    """Ends without a word when the reader is gone or the user presses Ctrl-C."""
    # Answers are flushed line by line; an exception could be lost where Python ignores those.
    before = signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing left to flush to
    finally:
        signal.signal(signal.SIGINT, before)
