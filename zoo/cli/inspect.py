"""`rnn-zoo inspect FILE`."""

from __future__ import annotations

import json
from typing import Any

import click

from zoo.cli._shared import JSON, table

_SHOWN_ELSEWHERE = ("states", "proof")
_WIDTH = 76


@click.command()
@click.argument("file", metavar="FILE")
@JSON
def command(file: str, as_json: bool) -> None:
    """Show what an exported ONNX file takes, gives, says of itself and is made of.

    FILE is an ONNX file or the folder of a bundle. Needs neither TensorFlow nor the onnx package.
    """
    from export.runtime.inspection import inspect_file

    facts = inspect_file(file)
    click.echo(json.dumps(facts) if as_json else table(_rows(facts)))


def _rows(facts: dict[str, Any]) -> list[list[str]]:
    metadata = facts["metadata"]
    rows = [[key, str(facts[key])] for key in ("file", "bytes", "sha256")]
    rows += [["opset", _pairs(facts["opsets"])], ["operators", _pairs(facts["operators"])]]
    for side in ("inputs", "outputs"):
        rows += [[side[:-1], _port(port)] for port in facts[side]]
    states = metadata.get("states", {})
    rows += [["state", f"{source} <- {target}"] for source, target in states.items()]
    rows.append(["proof", _proof(metadata.get("proof"))])
    for key, value in sorted(metadata.items()):
        if key not in _SHOWN_ELSEWHERE:
            rows.append([key, _short(value)])
    for part in facts.get("parts", ()):
        call = part["call"]
        rows.append([call["name"], f"{part['file']}, {part['bytes']} bytes, {call['called']}"])
        rows += [
            ["input", f"{_port(port)} <- {_source(call['inputs'][port['name']])}"]
            for port in part["inputs"]
        ]
        rows += [["output", _port(port)] for port in part["outputs"]]
    return rows


def _port(port: dict[str, Any]) -> str:
    return f"{port['name']}: {port['dtype']} ({', '.join(map(str, port['shape']))})"


def _source(fed: dict[str, Any]) -> str:
    """Where an input of a part comes from; see `export.call_order`."""
    name = " ".join(fed[key] for key in ("from", "output") if key in fed)
    first = fed.get("first")
    if isinstance(first, dict):
        first = _source(first)
    taken = ", its step" if fed.get("take") == "step" else ""
    return name + taken + ("" if first is None else f", first {first}")


def _proof(proof: Any) -> str:
    if not proof:
        return "none: the file was not written by rnn-zoo"
    allowed = _pairs(proof["tolerance"])
    return f"{proof['cases']} random inputs, seed {proof['seed']}, tolerance {allowed}"


def _pairs(facts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
