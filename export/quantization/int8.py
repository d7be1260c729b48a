"""A file with int8 weights: integer products where they pay, else small on disk."""

from __future__ import annotations

from onnx import NodeProto

from export.quantization.choice import Choice
from export.quantization.graph import Editor
from export.quantization.lstm import integer_lstm
from export.quantization.product import integer_product
from export.quantization.recurrence import integer_scan
from export.quantization.stored import store_integers
from export.recurrent.writer import Writer

_FORMS = {
    "LSTM": integer_lstm,
    "GRU": integer_scan,
    "RNN": integer_scan,
    "MatMul": integer_product,
    "Gemm": integer_product,
}


def make_int8(editor: Editor, choice: Choice) -> tuple[dict[str, int], int]:
    """Makes a model's weights int8.

    Returns:
        How many nodes of each operator compute in integers now, by the operator they were; and
        how many weights besides are stored as int8.
    """
    computed: dict[str, int] = {}

    def change(node: NodeProto) -> Writer | None:
        form = _FORMS.get(node.op_type)
        if form is None or node.domain or not choice.integer(editor, node):
            return None
        written = form(editor, node)
        if written is not None:
            computed[node.op_type] = computed.get(node.op_type, 0) + 1
        return written

    editor.replace_nodes(change)
    return computed, store_integers(editor)
