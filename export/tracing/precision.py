"""Lets layers of low precision compute in float32: onnxruntime has no CPU kernels for less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import keras

_LOW = frozenset({"float16", "bfloat16"})


def low_precision(layers: Sequence[Any]) -> str | None:
    """The lowest precision that a layer computes in, "bfloat16" or "float16"; None if none does."""
    found = {layer.compute_dtype for layer in layers} & _LOW
    return min(found, default=None)


class _ComputedInFloat32(keras.DTypePolicy):
    """A policy for layers that compute in float32 on weights of another type."""

    def __init__(self, variable_dtype: str) -> None:
        self._kept_dtype = variable_dtype
        super().__init__("float32")

    @property
    def variable_dtype(self) -> str:
        """The type that the weights have already."""
        return self._kept_dtype


@contextmanager
def in_float32(layers: Sequence[Any]) -> Iterator[None]:
    """Gives each layer of low precision the policy float32 for a while; weights stay as they are.

    Source: the mixed precision policies of Keras, after Micikevicius et al. 2018
    (arXiv 1710.03740).
    """
    with ExitStack() as stack:
        for layer in layers:
            if layer.compute_dtype in _LOW:
                stack.callback(setattr, layer, "dtype_policy", layer.dtype_policy)
                layer.dtype_policy = _ComputedInFloat32(layer.variable_dtype)
        yield
