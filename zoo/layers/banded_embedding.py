"""One table of symbols for a network's way in and its way out: frequent ones long, rare ones short.

Source: adaptive softmax, Grave et al. 2017 (arXiv 1609.04309); short vectors on the way in, Baevski
and Auli 2019 (arXiv 1809.10853); one table for both ways, Press and Wolf 2017 (arXiv 1608.05859).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
from keras import ops

from zoo.errors import RecipeError


@keras.saving.register_keras_serializable(package="rnn_zoo")
class BandedEmbedding(keras.layers.Layer):  # type: ignore[misc]
    """Vectors of symbols, and from vectors back to the symbols' probabilities.

    Codes are sorted by how frequent their symbols are and cut into bands. A vector of the first
    band has the whole width, one of each later band is `narrowing` times shorter than of the band
    before and is projected to the width. On the way back the first band stands beside one entry
    for each later band, and the symbols of that share its probability. Without cut-offs this is an
    embedding tied to the output layer.

    Called with

    - codes int (batch, time): their vectors, float (batch, time, width);
    - vectors (batch, time, width) and `reverse=True`: logarithms of the probabilities of all
      symbols, float (batch, time, symbols);
    - vectors and `told=codes`: the negative logarithms of the probabilities of these codes, float
      (batch, time). Where `room` is given, only so many vectors of a batch are compared with the
      symbols of each later band; were there more, the others count as if all symbols of the band
      were equally likely.

    Args:
        input_dim: Number of codes.
        width: Length of the vectors.
        cutoffs: First code of each band but the first, increasing.
        narrowing: How many times shorter the vectors of each next band are.
        room: For each band but the first, the share of the vectors of a batch that may belong to
            it when codes are told; None for all.

    Raises:
        RecipeError: The cut-offs do not increase, or leave a band empty or without a vector.
    """

    def __init__(
        self,
        input_dim: int,
        width: int,
        cutoffs: Sequence[int] = (),
        narrowing: int = 4,
        room: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.input_dim, self.width, self.narrowing = input_dim, width, narrowing
        self.cutoffs = tuple(cutoffs)
        self.room = tuple(room) if room is not None else (1.0,) * len(self.cutoffs)
        self._bands = list(pairwise((0, *self.cutoffs, input_dim)))
        if any(first >= end for first, end in self._bands) or self._size(len(self.cutoffs)) < 1:
            raise RecipeError(
                f"Received the cut-offs {list(self.cutoffs)} for {input_dim} symbols of width "
                f"{width}; they must increase, and {narrowing} times shorter must leave a vector."
            )

    def build(self, input_shape: Any) -> None:
        """Makes one table a band, and what projects it to the width and stands for it."""
        self.tables, self.projections = [], []
        for band, (first, end) in enumerate(self._bands):
            size = self._size(band)
            self.tables.append(self._weight(f"table_{band}", (end - first, size), size))
            if band:
                self.projections.append(self._weight(f"projection_{band}", (size, self.width), 1))
        if self.cutoffs:
            self.entries = self._weight("entries", (len(self.cutoffs), self.width), self.width)

    def call(self, inputs: Any, reverse: bool = False, told: Any = None) -> Any:
        """Vectors of codes, or of vectors the probabilities of all or of the told symbols."""
        if told is not None:
            return self._told_losses(inputs, told)
        return self._shares(inputs) if reverse else self._vectors(inputs)

    def compute_output_shape(
        self, inputs_shape: Any, reverse: bool = False, told_shape: Any = None
    ) -> Any:
        """See `call`."""
        if told_shape is not None:
            return tuple(told_shape)
        return (*inputs_shape[:2], self.input_dim if reverse else self.width)

    def compute_output_spec(
        self, inputs: Any, reverse: bool = False, told: Any = None, **_: Any
    ) -> keras.KerasTensor:
        """A float tensor; see `call`."""
        told_shape = None if told is None else told.shape
        shape = self.compute_output_shape(inputs.shape, reverse, told_shape)
        return keras.KerasTensor(shape, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "width": self.width,
            "cutoffs": list(self.cutoffs),
            "narrowing": self.narrowing,
            "room": list(self.room),
        }

    def _vectors(self, codes: Any) -> Any:
        total: Any = 0.0
        for band, (first, end) in enumerate(self._bands):
            place = ops.clip(codes - first, 0, end - first - 1)
            vectors = ops.take(self.tables[band], place, axis=0)
            if band:
                vectors = ops.matmul(vectors, self.projections[band - 1])
            if self.cutoffs:
                within = (codes >= first) & (codes < end)
                vectors *= ops.expand_dims(ops.cast(within, vectors.dtype), -1)
            total = vectors + total
        return total * math.sqrt(self.width)

    def _shares(self, vectors: Any) -> Any:
        head = ops.log_softmax(self._head(vectors))
        first = self._bands[0][1]
        pieces = [head[..., :first]]
        for band in range(1, len(self._bands)):
            place = first + band - 1
            pieces.append(head[..., place : place + 1] + self._within(vectors, band))
        return ops.concatenate(pieces, axis=-1) if self.cutoffs else head

    def _told_losses(self, vectors: Any, told: Any) -> Any:
        flat = ops.reshape(vectors, (-1, self.width))
        codes = ops.reshape(ops.cast(told, "int32"), (-1,))
        entry = codes
        for band, (first, _) in enumerate(self._bands[1:]):
            entry = ops.where(codes >= first, self._bands[0][1] + band, entry)
        losses = -_chosen(ops.log_softmax(self._head(flat)), entry)
        for band in range(1, len(self._bands)):
            losses += self._band_losses(flat, codes, band)
        return ops.reshape(losses, ops.shape(told))

    def _band_losses(self, vectors: Any, codes: Any, band: int) -> Any:
        """Losses of the codes within a band, 0 of all others, float (vectors,)."""
        first, end = self._bands[band]
        member = ops.cast((codes >= first) & (codes < end), vectors.dtype)
        count = codes.shape[0] if codes.shape[0] is not None else ops.shape(codes)[0]
        room = self.room[band - 1]
        places = count if room >= 1 else 1 + count * int(room * 1000) // 1000
        rows = ops.top_k(member, places)[1]
        logs = self._within(ops.take(vectors, rows, axis=0), band)
        found = -_chosen(logs, ops.clip(ops.take(codes, rows) - first, 0, end - first - 1))
        alike = member * math.log(end - first)
        return ops.scatter_update(alike, ops.expand_dims(rows, -1), found * ops.take(member, rows))

    def _head(self, vectors: Any) -> Any:
        """Scores of the first band's symbols and of each later band."""
        scores = ops.matmul(vectors, ops.transpose(self.tables[0]))
        if not self.cutoffs:
            return scores
        return ops.concatenate([scores, ops.matmul(vectors, ops.transpose(self.entries))], axis=-1)

    def _within(self, vectors: Any, band: int) -> Any:
        """Logarithms of the shares of a later band's symbols in that band."""
        short = ops.matmul(vectors, ops.transpose(self.projections[band - 1]))
        return ops.log_softmax(ops.matmul(short, ops.transpose(self.tables[band])))

    def _size(self, band: int) -> int:
        return int(self.width // self.narrowing**band)

    def _weight(self, name: str, shape: tuple[int, int], width: int) -> Any:
        normal = keras.initializers.RandomNormal(stddev=width**-0.5)
        return self.add_weight(name=name, shape=shape, initializer=normal)


def _chosen(logs: Any, codes: Any) -> Any:
    """Of each row the value at its code: (rows, codes), int (rows,) -> (rows,)."""
    return ops.squeeze(ops.take_along_axis(logs, ops.expand_dims(codes, -1), axis=-1), -1)
