"""Keras layers that Keras lacks; each is registered for saving under the package "rnn_zoo"."""

from __future__ import annotations

import importlib
import pkgutil


def register_all() -> None:
    """Imports every layer of this folder, so that saved models that use them can be opened."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
