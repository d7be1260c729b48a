"""Requests with other values in their slots: "play abba" becomes "play pink floyd"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from zoo.datasets.ud_english_ewt import Tagged
from zoo.processing.spans import Span, spans
from zoo.processing.words import WordCodec
from zoo.training.tagging import CodedSentences, Row


class SwappedRequests(CodedSentences):
    """Requests whose slots get values of other requests of the same intent, drawn anew each time.

    Args:
        codec: Words to codes.
        data: The requests.
        tags: Name of each tag.
        labels: Name of each intent.
        unknown_rate: Share of the words whose code is taken for unknown.
        swap_rate: Share of the slots that get another value of the same name.
    """

    def __init__(
        self,
        codec: WordCodec,
        data: Tagged,
        tags: Sequence[str],
        labels: Sequence[str],
        unknown_rate: float,
        swap_rate: float,
        pad_to: int = 1,
    ) -> None:
        super().__init__(codec, data, tags, labels, unknown_rate, pad_to)
        self._swap_rate = swap_rate
        self._spans = [spans(row) for row in data.tags]
        self._intents = data.labels
        self._values: dict[tuple[str, str], list[tuple[int, Span]]] = defaultdict(list)
        for number, (intent, found) in enumerate(zip(data.labels, self._spans, strict=True)):
            for span in found:
                self._values[intent, span.label].append((number, span))

    def row(self, number: int, rng: np.random.Generator) -> Row:
        """Codes of one request, some of its slots filled anew."""
        plain, pieces, place = super().row(number, rng), [], 0
        for span in self._spans[number]:
            if rng.random() < self._swap_rate:
                values = self._values[self._intents[number], span.label]
                other, found = values[rng.integers(len(values))]
                pieces.append(tuple(part[place : span.start] for part in plain))
                source = super().row(other, rng)
                pieces.append(tuple(part[found.start : found.stop] for part in source))
                place = span.stop
        pieces.append(tuple(part[place:] for part in plain))
        words, characters, tags = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
        return words, characters, tags
