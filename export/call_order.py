"""How the parts of a model are called one after the other, as data for users of any language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from export import bundle
from export.runtime import Model


def call_order(parts: Mapping[str, Model], first: int) -> list[dict[str, Any]]:
    """The parts in the order of their calls, and of each input where its values come from.

    ``from`` is "input", the arrays that the task makes of raw input; "answer", the code chosen
    last; or the name of the part whose ``output`` it is. ``first`` says what stands there at the
    first step: a code, "zeros", or an output of the encoder. ``take`` is "all" where every step
    takes the whole array, and "step" where it takes what stands at its own place along time.

    Args:
        parts: ``encoder`` and ``step``, opened.
        first: What ``previous`` holds before there is an answer.
    """
    encoder, step = parts["encoder"], parts["step"]
    given = {port.name for port in encoder.outputs}
    shapes = {port.name: port.shape for port in step.inputs}
    states = step.metadata.get("states", {})
    inputs: dict[str, Any] = {}
    for name, shape in shapes.items():
        if name == "previous":
            inputs[name] = {"from": "answer", "first": first}
        elif name in states:
            start = {"from": "encoder", "output": name} if name in given else "zeros"
            inputs[name] = {"from": "step", "output": states[name], "first": start}
        elif name in given:
            in_step = shape[1:2] == shapes["previous"][1:2]
            inputs[name] = {"from": "encoder", "output": name, "take": "step" if in_step else "all"}
        else:
            inputs[name] = {"from": "input"}
    own = {port.name: {"from": "input"} for port in encoder.inputs}
    return [
        {"name": name, "file": bundle.PARTS[name], "called": called, "inputs": fed}
        for name, called, fed in (("encoder", "once", own), ("step", "each step", inputs))
    ]
