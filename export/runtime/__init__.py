"""Runs exported models with numpy and onnxruntime alone.

>>> from export.runtime import load
>>> load("digits.onnx")("clip.wav")

A file that streams answers chunk by chunk, ``load(...).stream().feed(chunk)``; a ``Batcher`` runs
many such streams in one call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from export.runtime.loading import load
from export.runtime.session_model import Model
from zoo.lazy import attribute

if TYPE_CHECKING:
    from export.runtime.batcher import Batcher

__all__ = ["Batcher", "Model", "load"]


def __getattr__(name: str) -> Any:
    return attribute("export.runtime", {"Batcher": "export.runtime.batcher"}, name)
