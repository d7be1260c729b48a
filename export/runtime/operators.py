"""What an ONNX file is made of, read from its bytes: a walk over protobuf fields, no more.

Field numbers are those of onnx.proto3, which never change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from zoo.errors import RuntimeFileError

_OPSETS, _GRAPH = 8, 7  # of a model
_NODE = 1  # of a graph
_TYPE, _ATTRIBUTE, _DOMAIN = 4, 5, 7  # of a node
_BODIES = (6, 11)  # of an attribute: a graph, graphs


def operators(content: bytes) -> dict[str, int]:
    """How often each operator stands in a file, those in bodies of loops and branches too.

    Args:
        content: The file.

    Returns:
        Operator -> count, the most frequent first; operators of other domains than ONNX's own
        as ``domain.Operator``.

    Raises:
        RuntimeFileError: The bytes are no ONNX file.
    """
    found: Counter[str] = Counter()
    for number, graph in _fields(memoryview(content)):
        if number == _GRAPH:
            _count(graph, found)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def opsets(content: bytes) -> dict[str, int]:
    """The version of the operators by domain; ONNX's own domain is "ai.onnx".

    Raises:
        RuntimeFileError: The bytes are no ONNX file.
    """
    versions = {}
    for number, entry in _fields(memoryview(content)):
        if number == _OPSETS:
            facts = dict(_fields(entry))
            versions[bytes(facts.get(1, b"")).decode() or "ai.onnx"] = int(facts.get(2, 0))
    return versions


def _count(graph: memoryview, found: Counter[str]) -> None:
    for number, node in _fields(graph):
        if number != _NODE:
            continue
        name = domain = ""
        for field, value in _fields(node):
            if field == _TYPE:
                name = bytes(value).decode()
            elif field == _DOMAIN:
                domain = bytes(value).decode()
            elif field == _ATTRIBUTE:
                for part, body in _fields(value):
                    if part in _BODIES:
                        _count(body, found)
        found[f"{domain}.{name}" if domain not in ("", "ai.onnx") else name] += 1


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: an int, or the bytes of text or of a message."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        size = {1: 8, 5: 4}.get(kind)
        if kind == 2:
            size, at = _varint(message, at)
        if size is None or at + size > end:
            raise RuntimeFileError("the file is no ONNX model: its bytes are no protobuf message")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
    raise RuntimeFileError("the file is no ONNX model: its bytes are no protobuf message")
