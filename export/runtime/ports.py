"""Inputs and outputs of an exported file: name, shape, type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
    "tensor(string)": "string",
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
        return cls(argument.name, shape, DTYPES.get(argument.type, argument.type))

    def __str__(self) -> str:
        return f"{self.dtype} {shape_text(self.shape)}"


def shape_text(shape: tuple[int | str, ...]) -> str:
    """A shape as Python writes a tuple, names without quotes."""
    return "(" + ", ".join(str(axis) for axis in shape) + ("," if len(shape) == 1 else "") + ")"


def zero_states(ports: Sequence[Port], batch: int) -> dict[str, np.ndarray]:
    """States at the start of a sequence: zeros; an open axis other than the batch is empty."""
    return {port.name: np.zeros(_start_shape(port, batch), port.dtype) for port in ports}


def _start_shape(port: Port, batch: int) -> list[int]:
    return [
        axis if isinstance(axis, int) else 0 if place else batch
        for place, axis in enumerate(port.shape)
    ]
