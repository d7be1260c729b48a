"""Answers for many rows: batches of like lengths, all cores, and a run that can be taken up again.

>>> from export.runtime.bulk import Folder, write
>>> write("digits.onnx", Folder("clips"), "answers.jsonl")
"""

from export.runtime.bulk.parts import Summary
from export.runtime.bulk.predictor import Predictor
from export.runtime.bulk.rows import Folder, Items, Lines, Parquet, Row, Source
from export.runtime.bulk.run import write

__all__ = ["Folder", "Items", "Lines", "Parquet", "Predictor", "Row", "Source", "Summary", "write"]
