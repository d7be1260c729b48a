"""Checks arrays before a kernel sees them.

onnxruntime's LSTM and GRU kernels abort the whole process for a batch of zero rows, GRU's for zero
time steps too; both answer NaN with a finite, plausible number, and a negative code is looked up
from the end of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from export.runtime.ports import Port, shape_text
from zoo.errors import InputError
from zoo.processing.finite import all_finite
from zoo.tasks import Arrays

LONGEST = 100_000  # steps on an open axis but the batch: 256 units take 2 s for so many
_CHARACTERS = 1_000_000  # of one text, which become fewer steps
LARGEST = 2**26  # values in one input or output
_COUNTS = ("lengths", "samples")  # inputs (batch,) that say how many steps of a row are real


class Guard:
    """Knows what a model's inputs must be.

    Args:
        inputs: The inputs.
        outputs: The outputs.
        minimum: The fewest steps on an open axis; states and ``batch`` may have none.
        states: Names of the inputs that are states.
        codes: Input name -> how many codes there are; they go from 0.
        longest: Axis name -> the most steps on it, where that is not ``LONGEST``.
        allow_nonfinite: Let NaN and infinities pass.
        chunks: How long chunks must be: what the metadata holds under "streaming".
    """

    def __init__(
        self,
        inputs: Sequence[Port],
        outputs: Sequence[Port],
        *,
        minimum: int = 1,
        states: frozenset[str] = frozenset(),
        codes: Mapping[str, int] | None = None,
        longest: Mapping[str, int] | None = None,
        allow_nonfinite: bool = False,
        chunks: Mapping[str, Any] | None = None,
    ) -> None:
        self.outputs = tuple(outputs)
        self._ports = {port.name: (port, _dtype(port)) for port in inputs}
        checks = {port.name: self._check_of(port, codes or {}) for port in inputs}
        self._checks = [(name, check) for name, check in checks.items() if check is not None]
        timed = _open_axes(port for port in inputs if port.name not in states)
        self._least = dict.fromkeys(timed, minimum)
        self._most = dict.fromkeys(_open_axes(inputs), LONGEST) | dict(longest or {})
        self._finite = not allow_nonfinite
        self._chunks = dict(chunks or {})
        # What passed last: a decoder asks for the same shapes step after step.
        self._passed: tuple[list[Any] | None, dict[str, int]] = (None, {})

    def __call__(self, arrays: Mapping[str, Any]) -> dict[str, int]:
        """Checks names, types, shapes and values.

        Args:
            arrays: What the caller gives.

        Returns:
            The size of each named axis.

        Raises:
            InputError: One sentence that says what was received and what is needed.
        """
        form = [(name, type(array), _known_form(array)) for name, array in arrays.items()]
        passed, sizes = self._passed
        if form != passed:
            sizes = self._sizes(arrays)
            self._passed = form, sizes
        for name, check in self._checks:
            check(name, arrays[name], sizes)
        return sizes

    def _sizes(self, arrays: Mapping[str, Any]) -> dict[str, int]:
        """Checks names, types and shapes; gives the size of each named axis."""
        if arrays.keys() != self._ports.keys():
            raise InputError(self._names_differ(arrays))
        sizes: dict[str, int] = {}
        for name, (port, dtype) in self._ports.items():
            _check_form(port, dtype, arrays[name], sizes)
        self._check_sizes(sizes)
        if self._chunks:
            self._check_chunk(arrays, sizes)
        return sizes

    def _check_sizes(self, sizes: Mapping[str, int]) -> None:
        for axis, least in self._least.items():
            if sizes[axis] < least:
                raise InputError(
                    f"axis {axis!r} has {sizes[axis]} steps; the model needs at least {least}"
                )
        for axis, most in self._most.items():
            if sizes.get(axis, 0) > most:
                raise InputError(
                    f"axis {axis!r} has {sizes[axis]} steps; at most {most} go into one call"
                )
        for port in self.outputs:
            values = _size(port, sizes)
            if values > LARGEST:
                raise InputError(
                    f"output {port.name!r} would have {values} values; at most {LARGEST} come "
                    "from one call, so cut the input into several"
                )

    def _check_chunk(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
        """A chunk must be long enough for an answer, together with what is held of those before."""
        facts = self._chunks
        begun = True
        for name, full in facts.get("held", {}).items():
            steps = arrays[name].shape[1]
            if steps not in (0, full):
                raise InputError(f"state {name!r} holds {steps} steps; it holds 0 or {full}")
            begun = begun and steps == full
        carried = facts.get("carried")
        held = arrays[carried].shape[1] if carried else 0
        least = int(facts.get("later_steps" if begun else "first_steps", 1))
        axis = facts.get("axis", "time")
        if sizes[axis] + held < least:
            raise InputError(
                f"axis {axis!r} has {sizes[axis]} steps; this chunk of a stream needs at least "
                f"{least - held}"
            )

    def _check_of(self, port: Port, codes: Mapping[str, int]) -> Any:
        """What looks at the values of an input, if anything must."""
        if port.name in codes:
            return _Codes(int(codes[port.name]))
        if port.dtype.startswith("float"):
            return self._check_finite
        if port.dtype == "string":
            return _check_texts
        if port.name in _COUNTS and len(port.shape) == 1 and "int" in port.dtype:
            return _check_counts
        return None

    def _check_finite(self, name: str, array: Any, _: Mapping[str, int]) -> None:
        if self._finite and not all_finite(array):
            where = np.unravel_index(int(np.isfinite(array).argmin()), array.shape)
            raise InputError(
                f"input {name!r} holds {array[where]}{_place(where)}; every value must be finite"
            )

    def _names_differ(self, arrays: Mapping[str, Any]) -> str:
        missing = [name for name in self._ports if name not in arrays]
        return f"the model's inputs are {list(self._ports)}; received {list(arrays)}" + (
            f", so {missing} is missing" if missing else ""
        )


def empty_answer(ports: Sequence[Port], sizes: Mapping[str, int]) -> Arrays:
    """The outputs for a batch of zero rows.

    Raises:
        InputError: The size of an output's axis is known only once the model has run.
    """
    answers = {}
    for port in ports:
        shape = [sizes.get(axis, -1) if isinstance(axis, str) else axis for axis in port.shape]
        if min(shape, default=0) < 0:
            raise InputError("the batch has zero rows; give at least one")
        answers[port.name] = np.zeros(shape, object if port.dtype == "string" else port.dtype)
    return answers


class _Codes:
    """Refuses codes outside 0 to ``count`` - 1."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __call__(self, name: str, array: Any, _: Mapping[str, int]) -> None:
        if _within(array, self.count):
            return
        wrong = (array < 0) | (array >= self.count)
        where = np.unravel_index(int(wrong.argmax()), array.shape)
        raise InputError(
            f"input {name!r} holds {array[where]}{_place(where)}; codes go from 0 to "
            f"{self.count - 1}"
        )


def _known_form(array: Any) -> Any:
    """Type and shape of an array; of anything else None, which no form that passed has."""
    return (array.dtype, array.shape) if isinstance(array, np.ndarray) else None


def _within(array: Any, count: int) -> bool:
    """Whether all integers are 0 to ``count`` - 1; as unsigned ones, negative ones are large."""
    unsigned = array.view(f"u{array.itemsize}")
    return not array.size or bool(np.maximum.reduce(unsigned, axis=None) < count)


def _check_counts(name: str, array: Any, sizes: Mapping[str, int]) -> None:
    steps = sizes.get("time", sizes.get("samples"))
    if steps is None or _within(array - 1, steps):
        return
    row = int(((array < 1) | (array > steps)).argmax())
    raise InputError(
        f"input {name!r} holds {array[row]} at row {row}; "
        f"{name} go from 1 to the number of steps on the time axis, here {steps}"
    )


def _check_texts(name: str, array: Any, _: Mapping[str, int]) -> None:
    for index, text in enumerate(array.ravel().tolist()):
        if isinstance(text, str) and len(text) <= _CHARACTERS and "\0" not in text:
            if text.isascii():
                continue
            try:
                text.encode()
                continue
            except UnicodeEncodeError:
                what = f"holds a text with half a surrogate pair at row {index}; give valid Unicode"
        elif not isinstance(text, str):
            what = f"holds a {type(text).__name__} at row {index}; give str"
        elif len(text) > _CHARACTERS:
            what = f"holds a text of {len(text)} characters at row {index}; cut it to {_CHARACTERS}"
        else:
            what = f"holds a NUL character at row {index}; leave it out"
        raise InputError(f"input {name!r} {what}")


def _check_form(port: Port, dtype: Any, array: Any, sizes: dict[str, int]) -> None:
    if type(array) is not np.ndarray and type(array) is not np.memmap:
        raise InputError(
            f"input {port.name!r} is a {type(array).__name__}; give a plain numpy array {port}"
        )
    texts = port.dtype == "string" and array.dtype.kind in "UO"
    if (array.dtype != dtype and not texts) or array.ndim != len(port.shape):
        raise InputError(f"input {port.name!r} is {_text(array)}; the model needs {port}")
    for axis, size in zip(port.shape, array.shape, strict=True):
        known = sizes.setdefault(axis, size) if isinstance(axis, str) and axis != "?" else axis
        if known != size and (axis != "?" or not size):
            what = f" with {axis} = {known}, as in the other inputs" if axis in sizes else ""
            raise InputError(f"input {port.name!r} is {_text(array)}; the model needs {port}{what}")
    if array.size > LARGEST:
        raise InputError(
            f"input {port.name!r} is {_text(array)}; at most {LARGEST} values go into one call"
        )


def _size(port: Port, sizes: Mapping[str, int]) -> int:
    """The number of values of an output, as far as its axes are known."""
    values = 1
    for axis in port.shape:
        values *= sizes.get(axis, 1) if isinstance(axis, str) else axis
    return values


def _open_axes(ports: Iterable[Port]) -> set[str]:
    """Names of the open axes that are not the batch."""
    names = {axis for port in ports for axis in port.shape if isinstance(axis, str)}
    return names - {"batch", "?"}


def _dtype(port: Port) -> Any:
    """The numpy type of an input; one that nobody uses where numpy has none of that name."""
    try:
        return np.dtype(object if port.dtype == "string" else port.dtype)
    except TypeError:
        return np.dtype("V1")


def _place(where: Sequence[Any]) -> str:
    names = ("row", "step")
    parts = [f"{name} {int(at)}" for name, at in zip(names, where, strict=False)]
    return " at " + ", ".join(parts) if parts else ""


def _text(array: Any) -> str:
    return f"{array.dtype} {shape_text(array.shape)}"
