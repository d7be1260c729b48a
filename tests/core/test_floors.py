"""The three floors: what each room may import, read from the source and tried in a process."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"keras", "tensorflow", "tf2onnx", "onnx", "jax", "torch", "safetensors", "tomli_w"}
LEAF = {"soundfile", "soxr", "scipy", "pandas", "matplotlib", "pyarrow", "openvino", "sklearn"}
LEAF |= {"sacrebleu", "tokenizers", "gymnasium", "mido"}
INSIDE = {  # light files with a leaf library inside a function
    "zoo/processing/recording.py": {"soundfile", "soxr"},
    "zoo/processing/midi.py": {"mido"},
    "export/runtime/bulk/rows.py": {"pyarrow"},
    "export/runtime/bulk/parts.py": {"pyarrow"},
    "export/runtime/openvino_engine.py": {"openvino"},
}
HEAVY_FILES = {"weights.py", "loading.py", "measuring.py"}  # reached by the lazy facade alone
LIGHT_FILES = [
    *sorted(path for path in (ROOT / "zoo").glob("*.py") if path.name not in HEAVY_FILES),
    *sorted((ROOT / "zoo/processing").glob("*.py")),
    *sorted((ROOT / "zoo/tasks").glob("*.py")),
    *sorted((ROOT / "zoo/cli").glob("*.py")),
    *sorted((ROOT / "export/runtime").rglob("*.py")),
    ROOT / "export/__init__.py",
    ROOT / "export/allowed.py",
    ROOT / "export/bundle.py",
    ROOT / "export/golden.py",
]
LEAF_FILES = [
    ROOT / "zoo/processing/recording.py",
    ROOT / "zoo/processing/midi.py",
    *sorted((ROOT / "zoo/datasets").glob("*.py")),
    *sorted((ROOT / "zoo/evaluation").glob("*.py")),
    *sorted((ROOT / "zoo/plots").glob("*.py")),
]
ALLOWED = {"numpy", "zoo", "export"}


def imports(path: Path, at_import: bool = False) -> set[str]:
    """Top-level packages that a file imports, anywhere or only when it is imported itself."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(child)
        for node in ast.walk(tree)
        if (at_import and isinstance(node, ast.FunctionDef)) or _type_checking(node)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names)


def _type_checking(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


@pytest.mark.parametrize("path", LIGHT_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_light_files_import_light_packages(path: Path) -> None:
    allowed = set(ALLOWED)
    if path.parent == ROOT / "zoo/cli":
        allowed |= {"click", "keras"} if path.name == "export.py" else {"click"}
    if path.is_relative_to(ROOT / "export/runtime"):
        allowed |= {"onnxruntime"}
    inside = allowed | INSIDE.get(str(path.relative_to(ROOT)), set())
    assert imports(path) <= inside and imports(path, at_import=True) <= allowed


@pytest.mark.parametrize("path", LEAF_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_leaf_files_import_one_library_inside_a_function(path: Path) -> None:
    assert not imports(path) & HEAVY
    assert not imports(path, at_import=True) & LEAF


def test_zoo_never_imports_export_but_on_the_command_line() -> None:
    for path in (ROOT / "zoo").rglob("*.py"):
        if path.parent != ROOT / "zoo/cli":
            assert "export" not in imports(path), path


def test_no_public_function_bears_the_name_of_a_module() -> None:
    import export
    import zoo

    modules = {path.stem for path in [*(ROOT / "zoo").iterdir(), *(ROOT / "export").iterdir()]}
    assert not modules & {*zoo.__all__, *export.__all__}


LISTING = """
import sys
from importlib.abc import MetaPathFinder

class OnlyStandard(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in {allowed}:
            raise ImportError(f"{{name}} was imported")

sys.meta_path.insert(0, OnlyStandard())
{code}
"""


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import zoo; assert len(zoo.list_models()) and zoo.card('digits-gru').id", {"zoo"}),
        ("import export", {"export", "zoo"}),
        ("import export.runtime", {"export", "zoo", "numpy", "onnxruntime"}),
        ("import zoo.processing.audio, zoo.tasks.classification", {"zoo", "numpy"}),
        (
            "from zoo.cli import app; app(['list'], standalone_mode=False)",
            {"zoo", "click"},
        ),
    ],
)
def test_light_parts_work_where_nothing_else_is_installed(code: str, allowed: set[str]) -> None:
    script = LISTING.format(allowed=sorted(allowed), code=code)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "import zoo; zoo.load('digits-gru')",
        "import zoo; zoo.train('digits-gru')",
        "import zoo; zoo.build('text.language_model')",
        "import export; export.to_onnx(None, 'x.onnx')",
    ],
)
def test_without_the_extra_a_heavy_call_names_it(code: str) -> None:
    light = sorted({"zoo", "export", "numpy", "onnxruntime"})
    refusal = LISTING.format(allowed=light, code="").replace("raise ImportError(", "raise Missing(")
    script = (
        "class Missing(ModuleNotFoundError):\n    pass\n"
        f"{refusal}\nfrom zoo.errors import MissingExtraError\n"
        f"try:\n    {code}\nexcept MissingExtraError as error:\n"
        "    assert 'rnn-zoo[tensorflow]' in str(error), error\nelse:\n    raise SystemExit(3)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
