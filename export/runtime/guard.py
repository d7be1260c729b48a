"""Checks arrays before a kernel sees them.

onnxruntime's LSTM and GRU kernels abort the whole process for a batch of zero rows, GRU's for zero
time steps too, and LSTM's answers NaN with a finite, plausible number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.tasks import Arrays

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
}


@dataclass(frozen=True)
class Port:
    """An input or output: open axes are names, such as ``batch`` and ``time``."""

    name: str
    shape: tuple[int | str, ...]
    dtype: str

    @classmethod
    def of(cls, argument: Any) -> Port:
        """Reads onnxruntime's description; an axis with neither size nor name becomes ``?``."""
        shape = tuple("?" if axis is None else axis for axis in argument.shape)
        return cls(argument.name, shape, _DTYPES.get(argument.type, argument.type))


def check_inputs(ports: Sequence[Port], arrays: Mapping[str, Any], minimum: int) -> dict[str, int]:
    """Checks names, types, shapes and values.

    Args:
        ports: The inputs of the model.
        arrays: What the caller gives.
        minimum: The fewest steps on an open axis other than ``batch``.

    Returns:
        The size of each named axis.

    Raises:
        InputError: One sentence that says what was received and what is needed.
    """
    names = [port.name for port in ports]
    missing = [name for name in names if name not in arrays]
    unknown = [name for name in arrays if name not in names]
    if missing or unknown:
        raise InputError(
            f"the model's inputs are {names}; received {list(arrays)}"
            + (f", so {missing} is missing" if missing else "")
        )
    sizes: dict[str, int] = {}
    for port in ports:
        _check_form(port, arrays[port.name], sizes)
    for axis, size in sizes.items():
        if axis != "batch" and size < minimum:
            raise InputError(f"axis {axis!r} has {size} steps; the model needs at least {minimum}")
    for port in ports:
        _check_values(port, arrays[port.name], sizes)
    return sizes


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
        answers[port.name] = np.zeros(shape, port.dtype)
    return answers


def _check_form(port: Port, array: Any, sizes: dict[str, int]) -> None:
    needed = f"{port.dtype} {_text(port.shape)}"
    if not isinstance(array, np.ndarray):
        raise InputError(
            f"input {port.name!r} is a {type(array).__name__}; give a numpy array {needed}"
        )
    received = f"{array.dtype} {_text(array.shape)}"
    if array.dtype != port.dtype or array.ndim != len(port.shape):
        raise InputError(f"input {port.name!r} is {received}; the model needs {needed}")
    for axis, size in zip(port.shape, array.shape, strict=True):
        known = sizes.setdefault(axis, size) if isinstance(axis, str) and axis != "?" else axis
        if known not in ("?", size):
            what = f" with {axis} = {known}, as in the other inputs" if axis in sizes else ""
            raise InputError(f"input {port.name!r} is {received}; the model needs {needed}{what}")


def _check_values(port: Port, array: Any, sizes: Mapping[str, int]) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
        place = f"row {where[0]}" + (f", step {where[1]}" if len(where) > 1 else "")
        raise InputError(
            f"input {port.name!r} holds {array[where]} at {place}; every value must be finite"
        )
    if port.name == "lengths" and array.ndim == 1 and array.dtype.kind == "i" and "time" in sizes:
        wrong = np.flatnonzero((array < 1) | (array > sizes["time"]))
        if wrong.size:
            row = int(wrong[0])
            raise InputError(
                f"input 'lengths' holds {array[row]} at row {row}; "
                f"lengths go from 1 to the number of time steps, here {sizes['time']}"
            )


def _text(shape: Sequence[int | str]) -> str:
    return "(" + ", ".join(str(axis) for axis in shape) + ("," if len(shape) == 1 else "") + ")"
