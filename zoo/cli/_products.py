"""`python -m zoo.cli._products [SECONDS]`: measures integer products for `export.quantize`.

Writes `export/quantization/products.toml`, by which `quantize(kind="int8")` chooses. SECONDS is
the time for each kind of layer, number of units and batch size; the machine should have no other
work.
"""

from __future__ import annotations

import sys
from importlib.metadata import version

import click

from zoo.cli._shared import heavy
from zoo.files import replacing

HEAD = """\
# Written by `python -m zoo.cli._products`: how much faster a layer with integer products is than
# the float32 one (2.0: it takes half the time); one thread, {steps} steps (a product: one),
# features = units. LSTM: DynamicQuantizeLSTM; GRU and SimpleRNN: a Scan with integer products.
# [speedup.KIND]: units = [a figure for each batch size].
machine = "{machine}, onnxruntime {runtime}"
batch = {batches}
"""


def main(seconds: float) -> None:
    """Measures all kinds and widths and writes the table."""
    with heavy():
        from export.quantization.choice import TABLE
        from export.quantization.timing import BATCHES, KINDS, STEPS, UNITS, speedups
        from export.timing import machine

        facts = {"steps": STEPS, "batches": list(BATCHES), "machine": machine()}
        lines = [HEAD.format(runtime=version("onnxruntime"), **facts)]
        with click.progressbar(KINDS, file=sys.stderr, label="products") as bar:
            for kind in bar:
                lines.append(f"[speedup.{kind}]")
                for units in UNITS:
                    found = speedups(kind, units, seconds)
                    lines.append(f"{units} = [{', '.join(f'{value:.2f}' for value in found)}]")
                lines.append("")
    with replacing(TABLE) as temporary:
        temporary.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
