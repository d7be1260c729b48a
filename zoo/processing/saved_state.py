"""What a stream or a conversation remembers as bytes that any machine reads: arrays, no code.

Layout, integers little-endian: the magic ``RNNZSTRM``; uint16 version; 32 bytes, SHA-256 that
names the model; uint32 length of a JSON text (ASCII) and that text, a list of ``[name, dtype,
shape]``; the arrays one after the other, little-endian, row by row; 32 bytes, SHA-256 of all
before.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from zoo.errors import StreamError
from zoo.processing.frontend import Arrays

MAGIC, VERSION = b"RNNZSTRM", 1
_HEAD = struct.Struct("<8sH32sI")
_DIGEST = 32
_DTYPES = frozenset(
    {"float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"}
)


def pack(arrays: Mapping[str, np.ndarray], model: str) -> bytes:
    """Writes named arrays.

    Args:
        arrays: Of numbers or truth values.
        model: A SHA-256 that names the model, 64 hex digits.
    """
    table = [[name, array.dtype.name, list(array.shape)] for name, array in arrays.items()]
    text = json.dumps(table).encode("ascii")
    head = _HEAD.pack(MAGIC, VERSION, bytes.fromhex(model), len(text))
    body = [np.asarray(a, a.dtype.newbyteorder("<")).tobytes() for a in arrays.values()]
    content = b"".join([head, text, *body])
    return content + hashlib.sha256(content).digest()


def unpack(blob: Any, model: str) -> Arrays:
    """Reads what ``pack`` wrote for the same model.

    Raises:
        StreamError: The bytes are damaged, cut short, of another model or of a later version.
    """
    if not isinstance(blob, (bytes, bytearray, memoryview)):
        raise StreamError(f"received a {type(blob).__name__}; give the bytes that save() returned")
    content = bytes(blob)
    if content[: len(MAGIC)] != MAGIC:
        raise StreamError("the bytes are no saved stream; give what save() returned")
    whole = len(content) >= _HEAD.size + _DIGEST
    if not whole or hashlib.sha256(content[:-_DIGEST]).digest() != content[-_DIGEST:]:
        raise StreamError("the saved stream is damaged or cut short; save it again")
    _, version, digest, length = _HEAD.unpack_from(content)
    if version != VERSION:
        raise StreamError(
            f"the saved stream has version {version}, this release reads {VERSION}; "
            "restore it with the release that saved it"
        )
    if digest.hex() != model:
        raise StreamError(
            f"the stream was saved for the model {digest.hex()[:12]}…, this one is "
            f"{model[:12]}…; load the one it was saved with"
        )
    try:
        return _arrays(content[_HEAD.size : -_DIGEST], length)
    except (ValueError, TypeError) as error:
        raise StreamError(f"the saved stream cannot be read: {error}") from error


def _arrays(content: bytes, length: int) -> Arrays:
    table = json.loads(content[:length].decode("ascii"))
    start, found = length, {}
    for name, dtype, shape in table:
        if dtype not in _DTYPES or min(shape, default=0) < 0:
            raise ValueError(f"{name!r} is {dtype} {shape}")
        kind = np.dtype(dtype).newbyteorder("<")
        count = math.prod(shape)
        flat = np.frombuffer(content, kind, count, start)
        found[str(name)] = flat.reshape(shape).astype(dtype)
        start += flat.nbytes
    if start != len(content):
        raise ValueError(f"{len(content) - start} bytes are left over")
    return found
