"""Recurrent Keras models to ONNX and SavedModel, each file proven before it gets its name.

Importing this package is light (standard library only); the functions below load TensorFlow and
tf2onnx when first used. ``export.runtime`` runs the exported files with numpy and onnxruntime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.lazy import attribute

if TYPE_CHECKING:
    from export.bundle_folder import to_bundle
    from export.golden import replay
    from export.onnx_model import to_onnx
    from export.proof.verifying import verify
    from export.quantization.quantize import quantize
    from export.saved_model import to_saved_model

__all__ = ["quantize", "replay", "to_bundle", "to_onnx", "to_saved_model", "verify"]

_HOMES = {
    "quantize": "export.quantization.quantize",
    "replay": "export.golden",
    "to_bundle": "export.bundle_folder",
    "to_onnx": "export.onnx_model",
    "to_saved_model": "export.saved_model",
    "verify": "export.proof.verifying",
}


def __getattr__(name: str) -> Any:
    return attribute("export", _HOMES, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
