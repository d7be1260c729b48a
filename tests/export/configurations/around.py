"""Other layers before, between and after recurrent ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from tests.export.configurations.configuration import LAYERS, Configuration, Through, table
from tests.export.configurations.one_layer import SEQUENCES

Rows = dict[str, tuple[Callable[[], list[Any]], dict[str, Any]]]


def lstm(**options: Any) -> Any:
    """The recurrent layer of most rows."""
    return LAYERS.LSTM(4, name="lstm", **SEQUENCES | options)


def gru(**options: Any) -> Any:
    """The second recurrent layer of most rows."""
    return LAYERS.GRU(4, name="gru", **options)


def attends(layer: Any) -> Callable[[Any], Any]:
    """Lets a sequence attend to itself."""
    return lambda x: layer([x, x])


def multi_head(**options: Any) -> Callable[[Any], Any]:
    """Self-attention of two heads."""
    layer = LAYERS.MultiHeadAttention(2, 3, name="heads")
    return lambda x: layer(x, x, **options)


# Name -> layers in a row, how the model around them is made.
BEFORE: Rows = {
    "conv_causal": (lambda: [LAYERS.Conv1D(4, 3, padding="causal"), gru()], {}),
    "conv_strided": (lambda: [LAYERS.Conv1D(4, 3, strides=2, padding="same"), lstm()], {}),
    "conv_dilated": (
        lambda: [LAYERS.Conv1D(4, 3, dilation_rate=2, padding="causal"), gru()], {}),
    "conv_valid": (lambda: [LAYERS.Conv1D(4, 3, activation="relu"), gru()], {}),
    "conv_separable": (lambda: [LAYERS.SeparableConv1D(4, 3, padding="same"), gru()], {}),
    "conv_depthwise": (lambda: [LAYERS.DepthwiseConv1D(3, padding="same"), gru()], {}),
    "conv_pool": (
        lambda: [LAYERS.Conv1D(4, 3, padding="same"), LAYERS.MaxPooling1D(2), gru()],
        {"shape": (12, 3)}),
    "average_pool": (lambda: [LAYERS.AveragePooling1D(3, 2, "same"), lstm()], {}),
    "upsampling": (lambda: [LAYERS.UpSampling1D(2), gru()], {}),
    "padding": (lambda: [LAYERS.ZeroPadding1D((2, 1)), LAYERS.Cropping1D((1, 0)), gru()], {}),
    "conv_transposed": (
        lambda: [LAYERS.Conv1DTranspose(3, 4, strides=2, padding="same"), gru()], {}),
    "batch_normalisation": (lambda: [LAYERS.BatchNormalization(), gru()], {}),
    "normalisation": (
        lambda: [LAYERS.Normalization(mean=[1.0, 0.5, 0.2], variance=[2.0, 1.0, 0.5]), gru()], {}),
    "dense": (lambda: [LAYERS.Dense(4, "relu"), LAYERS.Dropout(0.2), gru()], {}),
    "dropout": (lambda: [LAYERS.SpatialDropout1D(0.3), gru()], {"mask": "embedding"}),
    "noise": (lambda: [LAYERS.GaussianNoise(0.3), LAYERS.GaussianDropout(0.2), gru()], {}),
    "permuted_features_first": (lambda: [LAYERS.Permute((2, 1)), gru()], {"shape": (3, None)}),
    "reshaped": (lambda: [LAYERS.Reshape((6, 2)), gru()], {"shape": (12,)}),
    "repeated": (lambda: [LAYERS.RepeatVector(5), lstm()], {"shape": (3,)}),
    "embedding_plain": (
        lambda: [LAYERS.Embedding(2, 4), gru()], {"shape": (None,), "dtype": "int32"}),
    "one_hot": (
        lambda: [lambda x: keras.ops.one_hot(x, 5), gru()], {"shape": (None,), "dtype": "int32"}),
    "masked_normalisation": (
        lambda: [LAYERS.LayerNormalization(), lstm(), gru()], {"mask": "masking"}),
}  # fmt: skip
AFTER: Rows = {
    "layer_normalisation": (lambda: [lstm(), LAYERS.LayerNormalization(), gru()], {}),
    "rms_normalisation": (lambda: [lstm(), LAYERS.RMSNormalization(), gru()], {}),
    "group_normalisation": (lambda: [lstm(), LAYERS.GroupNormalization(2), gru()], {}),
    "unit_normalisation": (lambda: [gru(), LAYERS.UnitNormalization()], {}),
    "batch_normalisation_between": (lambda: [lstm(), LAYERS.BatchNormalization(), gru()], {}),
    "max_over_time": (lambda: [lstm(), LAYERS.GlobalMaxPooling1D()], {}),
    "mean_over_time": (lambda: [lstm(), LAYERS.GlobalAveragePooling1D()], {}),
    "masked_mean": (lambda: [lstm(), LAYERS.GlobalAveragePooling1D()], {"mask": "embedding"}),
    "pooling": (lambda: [lstm(), LAYERS.MaxPooling1D(2, padding="same"), gru()], {}),
    "softmax": (lambda: [lstm(), LAYERS.Dense(5), LAYERS.Softmax()], {}),
    "flattened": (lambda: [lstm(), LAYERS.Flatten(), LAYERS.Dense(2)], {"shape": (6, 3)}),
    "lambda": (lambda: [lstm(), LAYERS.Lambda(lambda x: x[:, -1] * 2.0)], {}),
    "activity": (lambda: [lstm(), LAYERS.ActivityRegularization(0.1), LAYERS.PReLU(
        shared_axes=[1])], {}),
    "gelu": (lambda: [lstm(), LAYERS.Dense(4, "gelu"), gru()], {}),
    "dropouts": (lambda: [LAYERS.Dropout(0.2), lstm(), LAYERS.AlphaDropout(0.2), gru()], {}),
    "einsum": (lambda: [lstm(), LAYERS.EinsumDense("btu,uv->btv", (None, 3), bias_axes="v")], {}),
}  # fmt: skip
ATTENTION: Rows = {
    "attention": (lambda: [lstm(), attends(LAYERS.Attention())], {}),
    "attention_masked": (lambda: [lstm(), attends(LAYERS.Attention())], {"mask": "embedding"}),
    "attention_scaled_concat": (
        lambda: [lstm(), attends(LAYERS.Attention(use_scale=True, score_mode="concat"))], {}),
    "additive_attention": (lambda: [lstm(), attends(LAYERS.AdditiveAttention()), gru()], {}),
    "additive_attention_masked": (
        lambda: [lstm(), attends(LAYERS.AdditiveAttention())], {"mask": "masking"}),
    "multi_head_attention": (lambda: [lstm(), multi_head(), gru()], {}),
    "multi_head_causal": (lambda: [lstm(), multi_head(use_causal_mask=True)], {}),
    "multi_head_masked": (lambda: [lstm(), multi_head(), gru()], {"mask": "embedding"}),
    "multi_head_fixed": (lambda: [multi_head(), gru()], {"shape": (6, 3)}),
    "group_query_attention": (
        lambda: [lstm(), attends(lambda pair: LAYERS.GroupQueryAttention(2, 4, 2)(*pair))], {}),
}  # fmt: skip


def _rows(rows: Rows) -> list[Configuration]:
    return [
        Through(layers, **around).configuration(f"around_{name}", "around", "loop_free")
        for name, (layers, around) in rows.items()
    ]


CONFIGURATIONS = table(*_rows(BEFORE), *_rows(AFTER), *_rows(ATTENTION))
