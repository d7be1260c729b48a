"""The loss of a linear-chain conditional random field: how unlikely the right path of tags is."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

_TINY = 1e-37  # the smallest number, nearly, whose logarithm a float32 can take


@keras.saving.register_keras_serializable(package="rnn_zoo")
class PathLoss(keras.losses.Loss):  # type: ignore[misc]
    """-log p(tags | sentence) a word, over all paths of tags (Lafferty et al. 2001).

    Source: as on top of a BiLSTM in Lample et al. 2016 (arXiv 1603.01360), by the forward algorithm
    in logarithms.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each row, float (batch,).

        Args:
            y_true: Tags int (batch, time), below zero after a sentence's end.
            y_pred: Of `zoo.layers.transitions.TagTransitions`, joined: float (batch, time + tags
                + 1, tags).
        """
        tags = y_pred.shape[-1]
        scores, pairs = y_pred[:, : -(tags + 1)], y_pred[0, -(tags + 1) :]
        wanted = ops.cast(y_true, "int32")
        real = wanted >= 0
        lengths = ops.sum(ops.cast(real, scores.dtype), axis=1)
        right = path_score(scores, pairs, wanted, real)
        return (all_paths_score(scores, pairs, real) - right) / ops.maximum(lengths, 1.0)


def path_score(scores: Any, pairs: Any, path: Any, real: Any) -> Any:
    """The score of one path a row.

    Args:
        scores: Of tags, float (batch, time, tags).
        pairs: Of neighbours, float (tags + 1, tags), [before, after], the last row for the start.
        path: int (batch, time).
        real: bool (batch, time), false after the end.

    Returns:
        float (batch,).
    """
    tags = scores.shape[-1]
    after = ops.maximum(path, 0)
    start = ops.full_like(after[:, :1], tags)
    before = ops.concatenate([start, after[:, :-1]], axis=1)
    steps = ops.squeeze(ops.take_along_axis(scores, ops.expand_dims(after, -1), axis=-1), -1)
    steps = steps + ops.take(ops.reshape(pairs, (-1,)), before * tags + after)
    return ops.sum(ops.where(real, steps, 0.0), axis=1)


def all_paths_score(scores: Any, pairs: Any, real: Any) -> Any:
    """Logarithm of the sum of exp(score) over all paths, by the forward algorithm.

    A step is a product of matrices, of exponentials shifted so that the largest is 1. It is exact
    as long as no path that is likely in the end lies 80 below another on its way there.

    Args:
        scores: As of `path_score`.
        pairs: Likewise.
        real: Likewise.

    Returns:
        float (batch,).
    """
    largest = ops.max(pairs)
    factors = ops.exp(pairs[:-1] - largest)

    def longer(total: Any, step: Any) -> tuple[Any, Any]:
        score, here = step[:, :-1], step[:, -1:] > 0
        top = ops.max(total, axis=1, keepdims=True)
        reached = ops.matmul(ops.exp(total - top), factors)
        grown = ops.log(reached + _TINY) + top + largest + score
        total = ops.where(here, grown, total)
        return total, total

    # One array: Keras' scan takes several of open length in no graph of TensorFlow.
    here = ops.cast(ops.expand_dims(real, -1), scores.dtype)
    steps = ops.moveaxis(ops.concatenate([scores, here], axis=-1)[:, 1:], 1, 0)
    total, _ = ops.scan(longer, scores[:, 0] + pairs[-1], steps)
    return ops.logsumexp(total, axis=-1)
