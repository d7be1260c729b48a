"""Lets layers of low precision compute in float32: onnxruntime has no CPU kernels for less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

_LOW = frozenset({"float16", "bfloat16"})


def low_precision(layers: Sequence[Any]) -> str | None:
    """The lowest precision that a layer computes in, "bfloat16" or "float16"; None if none does."""
    found = {layer.compute_dtype for layer in layers} & _LOW
    return min(found, default=None)


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
                layer.dtype_policy = "float32"
        yield
