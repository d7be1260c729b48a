"""Recurrent models that the exporter must be right about, as data; ``ALL`` holds every one."""

from __future__ import annotations

from tests.export.configurations import (
    around,
    bidirectional,
    custom,
    encoder_decoder,
    masks,
    one_layer,
    precision,
    stacked,
    stateful,
    time_distributed,
    whole_models,
)
from tests.export.configurations.configuration import Configuration, table

__all__ = ["ALL", "Configuration"]

ALL: dict[str, Configuration] = table(
    *(
        configuration
        for family in (
            one_layer,
            masks,
            bidirectional,
            stacked,
            time_distributed,
            custom,
            encoder_decoder,
            around,
            whole_models,
            stateful,
            precision,
        )
        for configuration in family.CONFIGURATIONS.values()
    )
)
