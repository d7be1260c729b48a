"""Keras activations as the activation attributes of ONNX recurrent operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True)
class Activation:
    """An ONNX activation name with the parameters it takes (None: it takes none)."""

    name: str
    alpha: float | None = None
    beta: float | None = None


ACTIVATIONS = {
    "tanh": Activation("Tanh"),
    "sigmoid": Activation("Sigmoid"),
    "relu": Activation("Relu"),
    "linear": Activation("Affine", 1.0, 0.0),
    "hard_sigmoid": Activation("HardSigmoid", 1.0 / 6.0, 0.5),
    "elu": Activation("Elu", 1.0),
    "leaky_relu": Activation("LeakyRelu", 0.2),
    "softsign": Activation("Softsign"),
    "softplus": Activation("Softplus"),
}


def onnx_activation(function: Callable[..., Any]) -> Activation | None:
    """Finds the ONNX form of a Keras activation function; None where there is none."""
    for name, form in ACTIVATIONS.items():
        if function is getattr(keras.activations, name):
            return form
    return None


def activation_attributes(activations: Sequence[Activation]) -> dict[str, Any]:
    """Node attributes for the activations of all gates and directions, in ONNX order."""
    attributes: dict[str, Any] = {"activations": [form.name for form in activations]}
    alphas = [form.alpha for form in activations if form.alpha is not None]
    betas = [form.beta for form in activations if form.beta is not None]
    if alphas:
        attributes["activation_alpha"] = alphas
    if betas:
        attributes["activation_beta"] = betas
    return attributes
