"""The command line: help, answers, and one line for every kind of bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from zoo.catalog import all_cards
from zoo.cli import Commands, app, main
from zoo.cli._shared import options, table
from zoo.errors import InputError

COMMANDS = Commands().list_commands(None)  # type: ignore[arg-type]


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Runs `rnn-zoo` in this process and gives its exit code."""
    monkeypatch.setattr(sys, "argv", ["rnn-zoo", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_useful_help(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert result.output.count("\n") > 5
    top = CliRunner().invoke(app, ["--help"])
    assert f"\n  {name} " in top.output


def test_help_imports_no_framework() -> None:
    code = (
        "import sys\nfrom zoo.cli import app\n"
        "for name in [[], *([n] for n in app.list_commands(None))]:\n"
        "    try: app([*name, '--help'])\n"
        "    except SystemExit: pass\n"
        "bad = {'keras', 'tensorflow', 'onnx', 'onnxruntime', 'numpy'} & {*sys.modules}\n"
        "sys.exit(str(bad) if bad else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_list_filters_and_prints_json() -> None:
    result = CliRunner().invoke(app, ["list", "--domain", "speech", "--json"])
    wanted = [card.id for card in all_cards() if card.recipe.domain == "speech"]
    assert [found["id"] for found in json.loads(result.output)] == wanted
    plain = CliRunner().invoke(app, ["list", "--cell", "lstm"]).output
    assert "shakespeare-lstm" in plain and "digits-gru" not in plain


def test_show_prints_everything_known() -> None:
    text = CliRunner().invoke(app, ["show", "digits-gru"]).output
    for fact in ("fsdd", "CC BY-SA 4.0", "baselines", "sha256", "speech.classifier"):
        assert fact in text
    assert (
        json.loads(CliRunner().invoke(app, ["show", "digits-gru", "--json"]).output)["cell"]
        == "gru"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "digit-gru"], "digits-gru"),
        (["predict", "digit-gru", "x.wav"], "digits-gru"),
        (["predict", "shakespeare-lstm", ""], "empty text"),
        (["predict", "shakespeare-lstm", "naïve"], "'ï'"),
        (["predict", "shakespeare-lstm", "a", "-o", "seed"], "name=value"),
        (["predict", "shakespeare-lstm", "a", "-o", "colour=3"], "colour"),
        (["predict", "digits-gru", "{folder}/none.wav"], "none.wav"),
        (["predict", "digits-gru", "{folder}/noise.wav"], "noise.wav"),
        (["predict", "flu-segrnn", "{folder}/columns.csv"], "WEIGHTED"),
        (["predict", "flu-segrnn", "{folder}/short.csv"], "104"),
        (["predict", "flu-segrnn", "{folder}/noise.wav"], "lacks the columns"),
        (["run", "{folder}/none.onnx", "x"], "none.onnx"),
        (["run", "{folder}/noise.wav", "x"], "noise.wav"),
        (["export", "{folder}/none.keras"], "none.keras"),
        (["export", "{folder}/bad.keras"], "bad.keras"),
        (["verify", "{folder}/none.onnx", "digits-gru"], "none.onnx"),
        (["train", "digit-gru"], "digits-gru"),
        (["train", "--from", "shakespeare-lstm", "--data", "{folder}/none.txt"], "none.txt"),
        (["train", "--from", "shakespeare-lstm"], "give start (--from) and data"),
        (["train", "names-rnn", "--data", "mine.csv"], "without start"),
        (["train"], "name the recipe"),
        (["cross-validate", "flu-segrnn"], "no groups"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    words: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "noise.wav").write_bytes(b"not a sound" * 50)
    (tmp_path / "bad.keras").write_bytes(b"not a model")
    (tmp_path / "columns.csv").write_text("DATE,flu\n2020-01-05,1.0\n")
    (tmp_path / "short.csv").write_text(
        "DATE,% WEIGHTED ILI\n2020-01-05,1.0\n2020-01-12,1.5\n2020-01-19,1.5\n"
    )
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code = call(monkeypatch, *[word.format(folder=tmp_path) for word in words])
    told = capsys.readouterr()
    assert code == 2
    assert told.err.startswith("rnn-zoo: ") and told.err.count("\n") == 1, told.err
    assert says in told.err and "Traceback" not in told.err
    assert told.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_options_are_json_where_they_can_be() -> None:
    assert options(["seed=3", "temperature=0.5", "name=a b", "top_k=null"]) == {
        "seed": 3,
        "temperature": 0.5,
        "name": "a b",
        "top_k": None,
    }
    with pytest.raises(InputError, match="name=value"):
        options(["seed"])


def test_tables_are_aligned() -> None:
    assert table([["a", "b"], ["long", "c"]]) == "a     b\nlong  c"
