"""`rnn-zoo run` over many inputs and `rnn-zoo inspect`, with tiny files of the user's own."""

from __future__ import annotations

import csv
import io
import json
import wave
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from onnx import ModelProto

import export
from export.runtime.operators import operators, opsets
from tests.export import made
from zoo.cli import app
from zoo.errors import InputError, RuntimeFileError

LABELS = ["no", "yes"]
TEXT = {"kind": "characters", "lower": True, "longest": 20, "vocabulary": "abc ", "labels": LABELS}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    lengths = keras.Input((), dtype="int32", name="lengths")
    mask = made.RightPadding(name="mask")(tokens, lengths)
    x = keras.layers.Embedding(6, 3, name="embedding")(tokens)
    x = keras.layers.GRU(4, name="gru")(x, mask=mask)
    model = made.model([tokens, lengths], {"logits": keras.layers.Dense(2)(x)}, "texts")
    folder = tmp_path_factory.mktemp("run") / "texts"
    export.to_bundle(model, folder, processing=TEXT, cases=4)
    return folder


def _run(*words: str, given: str | bytes | None = None) -> Any:
    return CliRunner().invoke(app, ["run", *words], input=given)


def test_one_input_gives_its_answer(texts: Path) -> None:
    told = _run(str(texts), "abba", "--json")
    assert told.exit_code == 0, told.output
    assert set(json.loads(told.stdout)["probabilities"]) == set(LABELS)
    assert _run(str(texts / "model.onnx"), "abba").stdout.startswith(("yes (", "no ("))


def test_lines_of_standard_input_become_records(texts: Path) -> None:
    done = _run(str(texts), "-", "--json", given=b"abba\n \ncab\nb\xffa\n-\n")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["input"] for r in records] == ["abba", " ", "cab", "line 4", "-"]
    assert ["error" in r for r in records] == [False, True, False, True, False]
    assert "UTF-8" in records[3]["error"]
    assert isinstance(done.exception, InputError) and "2 of 5 inputs failed" in str(done.exception)
    alone = json.loads(_run(str(texts), "cab", "--json").stdout)
    assert records[2]["answer"] == alone


def test_a_table_has_a_column_for_each_part_of_the_answer(texts: Path) -> None:
    done = _run(str(texts), " ", "a,b", "c", "--csv", "--threads", "1")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    columns = ["input", "label", "probabilities.no", "probabilities.yes"]
    assert list(rows[0]) == [*columns, "error"]
    assert [row["input"] for row in rows] == [" ", "a,b", "c"]
    assert rows[0]["error"] and not rows[1]["error"] and rows[2]["label"] in LABELS
    failed = _run(str(texts), " ", "", "--csv").stdout.splitlines()
    assert failed[0] == "input,error" and len(failed) == 3


def test_text_files_and_folders_stand_for_their_text(texts: Path, tmp_path: Path) -> None:
    for name in ("one.txt", "two.txt", "other.md", ".hidden.txt"):
        (tmp_path / name).write_text("cab\n")
    done = _run(str(texts), str(tmp_path), "--json")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(r["input"]).name for r in records] == ["one.txt", "two.txt"]
    alone = json.loads(_run(str(texts), "cab", "--json").stdout)
    assert {json.dumps(r["answer"]) for r in records} == {json.dumps(alone)}
    assert json.loads(_run(str(texts), str(tmp_path / "one.txt"), "--json").stdout) == alone
    (tmp_path / "one.txt").write_bytes(b"\xff")
    assert isinstance(_run(str(texts), str(tmp_path / "one.txt")).exception, InputError)
    assert _run(str(texts), "a" * 5000).exit_code == 0  # too long for a path


def test_sound_files_of_a_folder(tmp_path: Path) -> None:
    processing = {"kind": "log_mel", "mels": 6, "longest": 1.0}
    file = tmp_path / "speech.onnx"
    labels = ["a", "b", "c"]
    export.to_onnx(made.speech_like(), file, processing=processing, labels=labels, cases=2)
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for name in ("b.wav", "a.wav"):
        with wave.open(str(sounds / name), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(np.arange(4000, dtype="<i2").tobytes())
    (sounds / "c.wav").write_bytes(b"no sound")
    done = _run(str(file), str(sounds), "--json")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(r["input"]).name for r in records] == ["a.wav", "b.wav", "c.wav"]
    assert records[0]["answer"] == records[1]["answer"] and "c.wav" in records[2]["error"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["{folder}", "a", "--json", "--csv"], "give one of them"),
        (["{folder}", "a", "--threads", "0"], "threads=0"),
        (["{folder}", "a", "-o", "colour=1"], "colour"),
        (["{empty}", "a"], "cannot be read"),
    ],
)
def test_what_cannot_be_run_is_one_error(
    words: list[str], says: str, texts: Path, tmp_path: Path
) -> None:
    done = _run(*[word.format(folder=texts, empty=tmp_path) for word in words])
    assert isinstance(done.exception, InputError | RuntimeFileError)
    assert says in str(done.exception) and done.stdout == ""


def test_a_terminal_gets_a_progress_bar_on_stderr(
    texts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    app(["run", str(texts), "a", "b", "c", "--json"], standalone_mode=False)
    told = capsys.readouterr()
    assert "inputs" in told.err and "100%" in told.err
    assert [json.loads(line)["input"] for line in told.out.splitlines()] == ["a", "b", "c"]


def test_inspect_shows_ports_proof_and_operators(texts: Path) -> None:
    told = json.loads(CliRunner().invoke(app, ["inspect", str(texts), "--json"]).stdout)
    assert {port["name"] for port in told["inputs"]} >= {"tokens", "lengths"}
    assert told["metadata"]["proof"]["cases"] == 4 and told["opsets"]["ai.onnx"] >= 18
    assert told["bytes"] == (texts / "model.onnx").stat().st_size
    text = CliRunner().invoke(app, ["inspect", str(texts / "model.onnx")]).stdout
    for fact in ("tokens: int32 (batch, time)", "GRU 1", "4 random inputs"):
        assert fact in text


def test_operators_are_those_that_onnx_counts(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    export.to_onnx(made.small(), file, cases=2, form="scan")
    proto = ModelProto.FromString(file.read_bytes())
    counts: dict[str, int] = {}

    def count(graph: Any) -> None:
        for node in graph.node:
            counts[node.op_type] = counts.get(node.op_type, 0) + 1
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    count(attribute.g)

    count(proto.graph)
    found = operators(file.read_bytes())
    assert found == counts and "Scan" in found
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert opsets(file.read_bytes()) == {"ai.onnx": 18}
    for damaged in (b"\x3a\xff", b"\xff" * 20, file.read_bytes()[:-5], b"\x3b"):
        with pytest.raises(RuntimeFileError):
            operators(damaged)
