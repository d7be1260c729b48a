"""One small exported model that reads texts."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

import export
from tests.export import made

LETTERS = "abcdefgh "
PROCESSING = {"kind": "characters", "lower": True, "longest": 60, "vocabulary": LETTERS}


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that says "yes" or "no" to a text."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    lengths = keras.Input((), dtype="int32", name="lengths")
    mask = made.RightPadding(name="mask")(tokens, lengths)
    x = keras.layers.Embedding(len(LETTERS) + 2, 4, name="embedding")(tokens)
    x = keras.layers.GRU(5, name="gru")(x, mask=mask)
    outputs = {"logits": keras.layers.Dense(2, name="logits")(x)}
    path = tmp_path_factory.mktemp("bulk") / "reader.onnx"
    model = made.model([tokens, lengths], outputs, "reader")
    export.to_onnx(model, path, cases=2, processing=PROCESSING, labels=["yes", "no"])
    return path
