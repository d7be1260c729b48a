"""Runs exported models with numpy and onnxruntime alone.

>>> from export.runtime import load
>>> load("digits.onnx")("clip.wav")
"""

from export.runtime.loading import load
from export.runtime.session_model import Model

__all__ = ["Model", "load"]
