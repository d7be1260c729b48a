"""Pretrained models: a card, a Keras model with its weights, and the task that it serves."""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo import catalog
from zoo.builders import build, has_parts, has_states
from zoo.model_card import ModelCard
from zoo.processing.parts import Parts
from zoo.tasks import Answer, Arrays, Run, Task, answer, chat, generate, load_task
from zoo.weights import check_digest, load_weights, read_header, share_weights, weight_arrays

if TYPE_CHECKING:
    import keras

    from zoo.processing.conversation import Conversation

METADATA_FORMAT = 1
_PLAIN_FACTS = ("labels", "threshold", "names", "units", "sampling_rate")


class Pretrained:
    """A trained model that takes raw input.

    Args:
        card: What is known of it; its folder holds `weights.safetensors`.
        verify: Whether the weights must be the very file that the card was measured on.

    Attributes:
        card: The model's card.
        model: The `keras.Model` (of a causal model: the form that starts from zero states).
        task: Raw input to arrays, outputs to answers.

    Raises:
        WeightsError: The weights are missing, damaged, or of another model.
    """

    def __init__(self, card: ModelCard, verify: bool = True) -> None:
        path = card.folder / "weights.safetensors"
        if verify and card.measured:
            check_digest(path, card.measured.weights.sha256)
        header = read_header(path)
        recipe = card.recipe
        self.card = card
        self.arguments: dict[str, Any] = {**recipe.model.arguments, **header["arguments"]}
        self.run_facts: dict[str, Any] = header["run"]
        self.model: keras.Model = build(recipe.model.builder, **self.arguments)
        load_weights(self.model, path)
        self.task: Task = load_task(recipe.task, header["processing"])

    @cached_property
    def network(self) -> keras.Model:
        """The model that the task runs: for a causal one, the form with states as in- and outputs.

        It has the weights that `model` has when this is first asked for. A builder without such a
        form leaves the states to the export.
        """
        builder = self.card.recipe.model.builder
        if not self.card.recipe.streaming or not has_states(builder):
            return self.model
        streaming = build(builder, **self.arguments, streaming=True)
        streaming.set_weights(self.model.get_weights())
        return streaming

    @cached_property
    def parts(self) -> dict[str, keras.Model]:
        """`encoder` and `step` of a model that answers step by step; empty for any other.

        They have the weights that `model` has when this is first asked for.
        """
        builder, found = self.card.recipe.model.builder, dict[str, "keras.Model"]()
        for part in ("encoder", "step") if has_parts(builder) else ():
            found[part] = build(builder, **self.arguments, part=part)
            share_weights(self.model, found[part])
        return found

    @property
    def states(self) -> dict[str, str]:
        """State inputs of `network` and the outputs that feed them; empty if it has none."""
        return states_of(self.network)

    @cached_property
    def run(self) -> Run:
        """What computes the network once, from input name -> array to output name -> array.

        Axes are (batch, time, features); states left out are zeros. Of a model with parts it is a
        `zoo.processing.parts.Parts`, so that the task asks the encoder once and then for steps.
        """
        whole = run_of(self.network)
        parts = {name: run_of(model) for name, model in self.parts.items()}
        return Parts(**parts, whole=whole) if parts else whole

    def predict(self, raw: Any, **options: Any) -> Answer:
        """Answers for one raw input: a text, a waveform or its file, a table.

        Args:
            raw: What the model's task takes.
            **options: The task's own settings.

        Raises:
            InputError: The raw input or an option cannot be used.
        """
        return answer(self.task, self.task.frontend.around(self.run), raw, options)

    def generate(self, raw: Any, **options: Any) -> Iterator[str]:
        """Writes on after a prompt, piece by piece as it is made; see the task's `predict`.

        Args:
            raw: The prompt.
            **options: Those of `predict`, but for `beams`: a search knows its text at the end only.

        Raises:
            InputError: The task does not write, or the prompt or an option cannot be used.
        """
        return generate(self.task, self.task.frontend.around(self.run), raw, options)

    def chat(self) -> Conversation:
        """Begins a dialogue: `reply(text)` turn after turn, `save()` and `restore(bytes)` between.

        Raises:
            InputError: The model's task holds no dialogues.
        """
        return chat(self.task, self.task.frontend.around(self.run), self.card.sha256)

    def parameters(self) -> int:
        """Number of weights."""
        return sum(array.size for array in weight_arrays(self.model).values())

    def metadata(self) -> dict[str, Any]:
        """What an exported file tells of itself, as JSON-able values."""
        measured, processing = self.card.measured, self.task.processing
        plain = {key: processing[key] for key in _PLAIN_FACTS if key in processing}
        return {
            **plain,
            "format_version": METADATA_FORMAT,
            "id": self.card.id,
            "version": measured.version if measured else "0",
            "card_sha256": self.card.sha256,
            "domain": self.card.recipe.domain,
            "task": self.card.recipe.task,
            "processing": processing,
            "states": self.states,
            "license": self.card.recipe.license,
            "data_license": self.card.recipe.data.license,
            "producer": f"rnn-zoo {importlib.metadata.version('rnn-zoo')}",
        }


def _of_use(record: logging.LogRecord) -> bool:
    """Whether a user can do anything about a message of TensorFlow's."""
    return "tf.function retracing" not in record.getMessage()


# A step of a decoder is asked with memories of many lengths, and traced for a few of them.
logging.getLogger("tensorflow").addFilter(_of_use)


def states_of(network: keras.Model) -> dict[str, str]:
    """State inputs of a network and the outputs that feed them; empty if it has none."""
    names = [tensor.name for tensor in network.inputs]
    return {name: f"next_{name}" for name in names if name.startswith("state_")}


def run_of(network: keras.Model) -> Run:
    """What computes a Keras model once; states left out are zeros."""
    sizes = {tensor.name: tensor.shape[-1] for tensor in network.inputs}
    states = states_of(network)

    def run(arrays: Arrays) -> Arrays:
        batch = len(next(iter(arrays.values())))
        zeros = {name: np.zeros((batch, sizes[name]), np.float32) for name in states}
        given = {**zeros, **arrays}
        inputs = {name: given[name] for name in sizes}
        outputs = network.predict_on_batch(
            inputs if len(sizes) > 1 else next(iter(inputs.values()))
        )
        if not isinstance(outputs, dict):
            outputs = {network.output_names[0]: outputs}
        return {name: np.asarray(value) for name, value in outputs.items()}

    return run


def load(model: str | Path, *, verify: bool = True) -> Pretrained:
    """Loads a pretrained model.

    Args:
        model: An id of the zoo, or the folder of a model that you trained.
        verify: Whether the weights must have the SHA-256 that the card states, if there is one.

    Raises:
        UnknownModelError: No such id; the message names the nearest ones.
        WeightsError: The weights are missing, damaged, or of another model.
    """
    return Pretrained(catalog.card(model), verify)
