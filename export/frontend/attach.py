"""Puts the operators of a frontend around those of a converted network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from onnx import ModelProto, helper

from export.frontend import labels, log_mel, own_scale, series, spaced_texts
from export.graph.rebuild import Port
from export.recurrent.writer import Writer
from zoo.processing.feature_rows import FeatureRows
from zoo.processing.frames import Frames, FramesOfChunks
from zoo.processing.frontend import Frontend, Part, Tensor
from zoo.processing.histories import InUnits, Standardised
from zoo.processing.labels import Labels
from zoo.processing.own_scale import FromOwnScale, OwnScale
from zoo.processing.price_band import FromOwnReturns, OwnReturns
from zoo.processing.spaced_texts import SpacedTexts
from zoo.processing.waveforms import Waveforms

# How each part of `zoo.processing` is written: its nodes, from tensors by name to tensors by name.
WRITERS: dict[type[Any], Callable[[Writer, Any, dict[str, str]], dict[str, str]]] = {
    Waveforms: log_mel.write,
    Frames: log_mel.write_frames,
    FramesOfChunks: log_mel.write_chunks,
    SpacedTexts: spaced_texts.write,
    FeatureRows: series.write_feature_rows,
    Standardised: series.write_standardised,
    InUnits: series.write_in_units,
    OwnScale: own_scale.write_own_scale,
    FromOwnScale: own_scale.write_from_own_scale,
    OwnReturns: own_scale.write_own_returns,
    FromOwnReturns: own_scale.write_from_own_returns,
    Labels: labels.write,
}
_RAW = "raw@"  # before the old names of raw inputs, which no converted tensor has


def opset_of(frontend: Frontend, default: int) -> int:
    """The version of the standard operators that a frontend needs, ``default`` at least."""
    texts = isinstance(frontend.before, SpacedTexts)
    return max(default, spaced_texts.OPSET) if texts else default


def attached(
    model: ModelProto, frontend: Frontend, inputs: Sequence[Port], outputs: Sequence[Port]
) -> tuple[ModelProto, list[Port], list[Port]]:
    """Adds a frontend to a model that ``export.graph.rebuild`` then builds anew.

    Args:
        model: The converted network.
        frontend: Its parts become nodes.
        inputs: The network's inputs.
        outputs: The network's outputs.

    Returns:
        The model, and its inputs and outputs at the raw level.
    """
    wider = ModelProto()
    wider.CopyFrom(model)
    graph = wider.graph
    kept: list[Port] = []
    passed: list[Port] = []
    if frontend.before is not None:
        inputs, made = _before(graph, frontend.before, inputs)
        kept = [_port(made[tensor.name], tensor) for tensor in frontend.kept]
        passed = [_port(made[tensor.name], tensor) for tensor in frontend.passed]
    if frontend.after is not None:
        outputs = _after(graph, frontend.after, outputs, passed)
    return wider, list(inputs), [*outputs, *kept]


def _before(graph: Any, part: Part, inputs: Sequence[Port]) -> tuple[list[Port], dict[str, str]]:
    """Puts a part before the network; the new inputs, and the tensors that the part gives."""
    raw = [_port(_RAW + tensor.name, tensor) for tensor in part.reads]
    writer = Writer("processing")
    made = _written(writer, part, {port.new: port.old for port in raw})
    kept = [port for port in inputs if port.new not in made]
    for port in inputs:
        if port.new in made:
            writer.bind(port.old, made[port.new])
    _drop_inputs(graph, {port.old for port in inputs} - {port.old for port in kept})
    graph.input.extend(helper.make_empty_tensor_value_info(port.old) for port in raw)
    nodes = [*writer.nodes, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(writer.constants)
    return [*raw, *kept], made


def _after(graph: Any, part: Part, outputs: Sequence[Port], passed: Sequence[Port]) -> list[Port]:
    writer = Writer("answer")
    made = _written(writer, part, {port.new: port.old for port in (*outputs, *passed)})
    graph.node.extend(writer.nodes)
    graph.initializer.extend(writer.constants)
    kept = [port for port in outputs if port.new not in made]
    return [*kept, *(_port(made[tensor.name], tensor) for tensor in part.gives)]


def _written(writer: Writer, part: Part, tensors: Mapping[str, str]) -> dict[str, str]:
    read = {tensor.name: tensors[tensor.name] for tensor in part.reads}
    return WRITERS[type(part)](writer, part, read)


def _port(old: str, tensor: Tensor) -> Port:
    return Port(old, tensor.name, tensor.dtype, tensor.shape)


def _drop_inputs(graph: Any, names: set[str]) -> None:
    for item in [item for item in graph.input if item.name in names]:
        graph.input.remove(item)
