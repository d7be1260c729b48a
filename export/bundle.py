"""What travels with an exported file: metadata, a digest, a manifest beside it.

An ONNX file holds one JSON text under the key ``rnn_zoo`` and, under ``rnn_zoo_sha256``, the
SHA-256 of its own bytes with those 64 hex digits replaced by zeros, so that damage is found without
a protobuf parser. The digest guards against damage, not against an attacker. Facts that depend on
the machine (versions, measured errors, seconds) stand in ``<file>.manifest.json`` instead.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from zoo.errors import ExportError, RuntimeFileError

METADATA_KEY = "rnn_zoo"
DIGEST_KEY = "rnn_zoo_sha256"
PRODUCER = "rnn-zoo"
MODEL = "model.onnx"
MANIFEST = "manifest.json"
GOLDEN = "golden.json"
PARTS = {"encoder": "encoder.onnx", "step": "step.onnx"}
FORMAT_VERSION = 1
NO_DIGEST = "0" * 64

# A protobuf map entry: the key, then field 2 with a length of 64.
_MARKER = DIGEST_KEY.encode() + b"\x12\x40"


def to_text(metadata: Mapping[str, Any]) -> str:
    """Writes metadata as JSON: keys sorted, ASCII only, so equal facts give equal bytes.

    Raises:
        ExportError: A value has no JSON form.
    """
    facts = {"format_version": FORMAT_VERSION, **metadata}
    try:
        return json.dumps(facts, sort_keys=True, ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ExportError(f"the metadata cannot be written as JSON: {error}") from error


def from_text(text: str | bytes, name: str = "the file's metadata") -> dict[str, Any]:
    """Reads what ``to_text`` wrote.

    Args:
        text: The JSON text.
        name: What it is, for the message.

    Raises:
        RuntimeFileError: It is no JSON object, or of a later format than this release knows.
    """
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RuntimeFileError(f"{name} is no JSON: {error}") from error
    if not isinstance(facts, dict):
        raise RuntimeFileError(f"{name} is no JSON object; export the model again")
    version = facts.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise RuntimeFileError(
            f"{name} has format version {version!r}, this release reads up to {FORMAT_VERSION}; "
            "install a newer rnn-zoo"
        )
    return facts


def sealed(content: bytes) -> bytes:
    """Puts the digest into the bytes of an ONNX file that holds ``NO_DIGEST`` in its place.

    Raises:
        ExportError: The place is missing.
    """
    start = content.rfind(_MARKER + NO_DIGEST.encode())
    if start < 0:
        raise ExportError(f"the file has no metadata entry {DIGEST_KEY!r} to hold its digest")
    start += len(_MARKER)
    digest = hashlib.sha256(content).hexdigest().encode()
    return content[:start] + digest + content[start + 64 :]


def check_seal(content: bytes, name: str) -> None:
    """Checks the digest of a file that bears one; a file that is not ours passes.

    Args:
        content: All bytes of the file.
        name: The file's name, for the message.

    Raises:
        RuntimeFileError: The bytes are not those that were exported.
    """
    ours = METADATA_KEY.encode() in content or PRODUCER.encode() in content[:64]
    start = content.rfind(_MARKER)
    if start < 0 and not ours:
        return
    start += len(_MARKER)
    found = content[start : start + 64]
    blank = content[:start] + NO_DIGEST.encode() + content[start + 64 :]
    if start < len(_MARKER) or hashlib.sha256(blank).hexdigest().encode() != found:
        raise RuntimeFileError(
            f"{name} is damaged: its SHA-256 is not the one it was exported with; "
            "copy or export it again (verify=False loads a file that you changed yourself)"
        )


def identity(content: bytes) -> str:
    """The SHA-256 of a file's bytes, 64 hex digits: what a saved stream is bound to."""
    return hashlib.sha256(content).hexdigest()


def manifest_path(path: str | os.PathLike[str]) -> Path:
    """Where the manifest of an ONNX file stands: ``model.onnx.manifest.json``."""
    return Path(f"{os.fspath(path)}.{MANIFEST}")


def write_json(path: Path, facts: Mapping[str, Any], indent: int | None = 2) -> None:
    """Writes a JSON file with the format's version, under a temporary name, then renames it."""
    from zoo.files import replacing

    versioned = {"format_version": FORMAT_VERSION, **facts}
    text = json.dumps(versioned, indent=indent, sort_keys=True, allow_nan=False) + "\n"
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Reads what ``write_json`` wrote.

    Raises:
        RuntimeFileError: It is missing, no JSON object, or of a later format.
    """
    try:
        return from_text(path.read_bytes(), str(path))
    except OSError as error:
        raise RuntimeFileError(
            f"{path} cannot be read ({error.strerror or error}); a bundle is a folder with "
            f"{MODEL}, {MANIFEST} and {GOLDEN}"
        ) from error


def digests(folder: Path, parts: Iterable[str] = ()) -> dict[str, str]:
    """The SHA-256 of each file that a bundle's manifest vouches for.

    Args:
        folder: The bundle.
        parts: Files of a model's parts.
    """
    return {name: _digest(folder / name) for name in (MODEL, *parts, GOLDEN)}


def part_files(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The parts that a bundle's model also comes in, name -> file; mostly none.

    Raises:
        RuntimeFileError: The manifest does not tell them as an export does.
    """
    try:
        found = {str(part["name"]): Path(part["file"]).name for part in manifest.get("parts", ())}
    except (KeyError, TypeError):
        found = {"damaged": ""}
    if found and found.keys() != PARTS.keys():
        raise RuntimeFileError(
            f"{MANIFEST} does not say which files are {' and '.join(PARTS)}; export again"
        )
    return found


def check_files(folder: Path, expected: Any, names: Iterable[str]) -> None:
    """Checks files of a bundle against those of its manifest.

    Args:
        folder: The bundle.
        expected: File name -> SHA-256.
        names: The files to check.

    Raises:
        RuntimeFileError: One is missing or another.
    """
    for name in names:
        if not isinstance(expected, dict) or expected.get(name) != _digest(folder / name):
            raise RuntimeFileError(
                f"{folder / name} is not the file that {MANIFEST} tells of; copy the whole bundle"
            )


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RuntimeFileError(f"{path} cannot be read ({error.strerror or error})") from error
