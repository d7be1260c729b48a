"""Waveforms to log-mel spectrograms as ONNX operators.

A strided convolution cuts the frames and multiplies them with the windowed Fourier basis at once,
which measured faster than ``STFT``. The mean of a frame is taken out by the basis itself: each of
its rows sums to zero.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from export.recurrent.writer import Writer
from zoo.processing.audio import QUIET, LogMel, filterbank, hann
from zoo.processing.frames import Frames, FramesOfChunks
from zoo.processing.waveforms import Waveforms

Tensors = dict[str, str]


def write(writer: Writer, part: Waveforms, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.waveforms.Waveforms``.

    Args:
        writer: Collects the nodes; they are valid in opset 13 to 20.
        part: What is written.
        inputs: The tensors ``waveform`` float32 (batch, samples) and ``samples`` int32 (batch,).

    Returns:
        The tensors ``features`` float32 (batch, time, mels) and ``lengths`` int32 (batch,).
    """
    config = part.config
    frames = _frames(writer, config, inputs["samples"])
    most = writer.op("ReduceMax", frames, keepdims=1)
    bands = _bands(writer, config, _heard(writer, config, most, inputs))
    places = _range(writer, most)
    rows = writer.op("Unsqueeze", frames, writer.ints(1, 2))
    real = writer.op("Less", writer.op("Unsqueeze", places, writer.ints(0, 2)), rows)
    zero = writer.constant(0, np.float32)
    features = _logarithm(writer, config, writer.op("Where", real, bands, zero))
    return {
        "features": writer.op("Where", real, features, zero),
        "lengths": writer.op("Cast", frames, to=TensorProto.INT32),
    }


def write_frames(writer: Writer, part: Frames, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.frames.Frames``: all samples of ``waveform`` are real.

    Returns:
        The tensor ``features`` float32 (batch, time, mels).
    """
    shape = writer.op("Shape", inputs["waveform"])
    batch = writer.op("Slice", shape, writer.ints(0), writer.ints(1))
    count = writer.op("Slice", shape, writer.ints(1), writer.ints(2))
    samples = writer.op("Expand", writer.op("Cast", count, to=TensorProto.INT32), batch)
    found = write(writer, Waveforms(part.config), {**inputs, "samples": samples})
    return {"features": found["features"]}


def write_chunks(writer: Writer, part: FramesOfChunks, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.frames.FramesOfChunks``.

    A convolution without padding reads the frames that are complete, and no others.

    Args:
        writer: Collects the nodes.
        part: What is written.
        inputs: The tensors ``waveform`` float32 (batch, samples), with ``held`` before it.

    Returns:
        The tensors ``features`` float32 (batch, time, mels) and ``next_held`` float32 (batch,
        samples of frames that are not complete).
    """
    joined = writer.op("Concat", inputs["held"], inputs["waveform"], axis=1)
    bands = _bands(writer, part.config, writer.op("Unsqueeze", joined, writer.ints(1)))
    frames = writer.op("Slice", writer.op("Shape", bands), writer.ints(1), writer.ints(2))
    used = writer.op("Mul", frames, writer.ints(part.config.hop_length))
    end = writer.ints(np.iinfo(np.int64).max)
    return {
        "features": _logarithm(writer, part.config, bands),
        "next_held": writer.op("Slice", joined, used, end, writer.ints(1)),
    }


def basis(config: LogMel) -> tuple[np.ndarray, np.ndarray]:
    """The windowed Fourier basis, and the bands that read its squares.

    Returns:
        float32 (2 x bins, frame_length), cosines before sines, and float32 (mels, 2 x bins); only
        bins that a band reads are there.
    """
    bank = filterbank(config).astype(np.float64)
    bins = np.flatnonzero(bank.any(axis=0))
    angle = 2 * np.pi * np.outer(bins, np.arange(config.frame_length)) / config.fft_length
    waves = np.concatenate([np.cos(angle), np.sin(angle)]) * hann(config.frame_length)
    centred = waves - waves.mean(axis=1, keepdims=True)
    bands = np.tile(bank[:, bins], 2) / config.frame_length
    return centred.astype(np.float32), bands.astype(np.float32)


def _frames(writer: Writer, config: LogMel, samples: str) -> str:
    """How many frames each row has, int64 (batch,)."""
    count = writer.op("Cast", samples, to=TensorProto.INT64)
    beyond = writer.op("Sub", count, writer.ints(config.frame_length))
    some = writer.op("Max", beyond, writer.ints(0))
    hops = writer.op(
        "Div",
        writer.op("Add", some, writer.ints(config.hop_length - 1)),
        writer.ints(config.hop_length),
    )
    return writer.op("Max", writer.op("Add", hops, writer.ints(1)), writer.ints(config.frames))


def _heard(writer: Writer, config: LogMel, most: str, inputs: Tensors) -> str:
    """Waveforms (batch, 1, as many samples as all frames read), zeros after each row's end."""
    axis = writer.op(
        "Slice", writer.op("Shape", inputs["waveform"]), writer.ints(1), writer.ints(2)
    )
    count = writer.op("Cast", inputs["samples"], to=TensorProto.INT64)
    real = writer.op("Less", _range(writer, axis), writer.op("Unsqueeze", count, writer.ints(1)))
    zero = writer.constant(0, np.float32)
    kept = writer.op("Where", real, inputs["waveform"], zero)
    last = writer.op("Mul", writer.op("Sub", most, writer.ints(1)), writer.ints(config.hop_length))
    size = writer.op("Add", last, writer.ints(config.frame_length))
    missing = writer.op("Sub", size, axis)  # below zero where no row reaches the axis' end
    pads = writer.op("Concat", writer.ints(0, 0, 0), missing, axis=0)
    return writer.op("Unsqueeze", writer.op("Pad", kept, pads), writer.ints(1))


def _bands(writer: Writer, config: LogMel, waveforms: str) -> str:
    """Mel powers (batch, time, mels)."""
    waves, bands = basis(config)
    kernel = writer.constant(waves[:, None], np.float32, "basis")
    spectrum = writer.op(
        "Conv", waveforms, kernel, strides=[config.hop_length], kernel_shape=[config.frame_length]
    )
    power = writer.op("Mul", spectrum, spectrum)
    mels = writer.op("MatMul", writer.constant(bands, np.float32, "bands"), power)
    return writer.op("Transpose", mels, perm=[0, 2, 1])


def _logarithm(writer: Writer, config: LogMel, bands: str) -> str:
    """log10 of the bands relative to the level, which is computed in float64."""
    if config.level == "recording":
        sums = writer.op("ReduceSum", bands, writer.ints(-1), keepdims=1)
        double = writer.op("Cast", sums, to=TensorProto.DOUBLE)
        energy = writer.op("Div", double, writer.constant(config.mels, np.float64))
        total = writer.op("ReduceSum", energy, writer.ints(-2), keepdims=1)
        squares = writer.op(
            "ReduceSum", writer.op("Mul", energy, energy), writer.ints(-2), keepdims=1
        )
        quiet = writer.constant(QUIET, np.float64)
        level = writer.op("Div", squares, writer.op("Max", total, quiet))
        share = writer.op("Reciprocal", writer.op("Max", level, quiet))
        bands = writer.op("Mul", bands, writer.op("Cast", share, to=TensorProto.FLOAT))
    floor = writer.constant(config.floor, np.float32)
    logs = writer.op("Log", writer.op("Add", bands, floor))
    return writer.op("Mul", logs, writer.constant(1 / np.log(10), np.float32))


def _range(writer: Writer, count: str) -> str:
    """0 to ``count`` - 1, int64; ``count`` is int64 (1,)."""
    zero, one = writer.constant(0, np.int64), writer.constant(1, np.int64)
    return writer.op("Range", zero, writer.op("Squeeze", count), one)
