"""The readers of voices and noise on small folders, and how they are joined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.speech.made import made_recordings
from zoo import datasets
from zoo.datasets import voices_in_noise
from zoo.datasets.barista_orders import Orders
from zoo.errors import DataError

soundfile = pytest.importorskip("soundfile")


def tone(length: int, hertz: float, rate: int) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(length) / rate)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four data sets, a few clips each."""
    base = tmp_path_factory.mktemp("data")
    files = {
        "speech-commands-9/go.flac": tone(3000, 500, 16000),
        "speech-commands-9/up.flac": tone(1500, 700, 16000),
        "fsdd/fsdd_8k.flac": tone(2000, 300, 8000),
        "barista-orders/audio_8k.flac": tone(6000, 400, 8000),
        "background-noise/exercise_bike.flac": tone(1600, 100, 16000),
        "background-noise/pink_noise.flac": tone(2000, 100, 16000),
    }
    for name, samples in files.items():
        (base / name).parent.mkdir(exist_ok=True)
        soundfile.write(base / name, samples, 8000 if "8k" in name else 16000)
    commands = "file,word,speaker,official_split,suggested_split,audio_file,start,length\n"
    commands += "a,go,s1,training,train,go.flac,0,1000\nb,go,s1,training,train,go.flac,1000,1000\n"
    commands += "c,go,s2,validation,test,go.flac,2000,1000\nd,up,s3,training,val,up.flac,0,1500\n"
    (base / "speech-commands-9/index.csv").write_text(commands)
    digits = "file,digit,speaker,take,split,start,length\n"
    digits += "a,1,theo,0,test,0,1000\nb,2,george,1,train,1000,1000\n"
    (base / "fsdd/index.csv").write_text(digits)
    orders = "id,coffeeDrink,start,length\n" + "".join(f"{k},,{k * 1000},1000\n" for k in range(6))
    (base / "barista-orders/index.csv").write_text(orders)
    return base


def test_each_source_is_read(folder: Path) -> None:
    commands = datasets.load("speech-commands-9", folder / "speech-commands-9")
    assert commands.label_names == ("go", "up") and commands.sampling_rate == 16000
    assert commands.labels.tolist() == [0, 0, 0, 1] and commands.takes.tolist() == [0, 1, 0, 0]
    assert commands.splits.tolist() == ["train", "train", "test", "validation"]
    np.testing.assert_allclose(commands.waveforms[3], tone(1500, 700, 16000), atol=1e-4)
    orders = datasets.load("barista-orders", folder / "barista-orders")
    assert isinstance(orders, Orders) and len(orders) == 6
    assert orders.splits.tolist()[:3] == ["test", "validation", "train"]
    noises = datasets.load("background-noise", folder / "background-noise")
    assert sorted(noises.waveforms) == ["exercise_bike", "pink_noise"] and len(noises) == 2


def test_sources_are_joined_at_8_khz_with_speakers_parted(folder: Path) -> None:
    data = datasets.load("voices-in-noise", folder)
    assert len(data) == 12 and data.sampling_rate == 8000
    assert data.commands == ("go", "up")
    assert [len(waveform) for waveform in data.waveforms[:4]] == [500, 500, 500, 750]
    digits = data.where(data.sources == "fsdd")
    assert digits.words.tolist() == ["one", "two"]
    assert digits.splits.tolist() == ["validation", "train"]
    assert sorted(data.noises["test"]) == ["exercise_bike"]
    assert len(data.noises["train"]["pink_noise"]) == 700
    assert len(data.noises["validation"]["pink_noise"]) == 300
    assert set(data.where(data.words == "").sources.tolist()) == {"barista-orders"}


def test_the_speakers_of_fsdd_are_in_one_part_each() -> None:
    recordings = made_recordings()
    names = np.array(["theo", "yweweler", "george"])[np.arange(len(recordings)) % 3]
    splits = np.array(voices_in_noise._by_speaker(names))
    found = {name: set(splits[names == name].tolist()) for name in set(names.tolist())}
    assert found == {"theo": {"validation"}, "yweweler": {"test"}, "george": {"train"}}


def test_what_is_missing_or_damaged_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"index\.csv is missing"):
        datasets.load("barista-orders", tmp_path)
    (tmp_path / "index.csv").write_text("id,start\n1,0\n")
    with pytest.raises(DataError, match="no 'length'"):
        datasets.load("barista-orders", tmp_path)
    (tmp_path / "index.csv").write_text("id,start,length\n1,0,500\n")
    with pytest.raises(DataError, match=r"audio_8k\.flac is missing"):
        datasets.load("barista-orders", tmp_path)
    (tmp_path / "audio_8k.flac").write_bytes(b"fLaC and nothing else")
    with pytest.raises(DataError, match="is damaged"):
        datasets.load("barista-orders", tmp_path)
    soundfile.write(tmp_path / "audio_8k.flac", tone(400, 400, 8000), 8000)
    with pytest.raises(DataError, match="400 samples, fewer"):
        datasets.load("barista-orders", tmp_path)
    (tmp_path / "index.csv").write_text("id,start,length\n1,0,many\n")
    with pytest.raises(DataError, match="index of"):
        datasets.load("barista-orders", tmp_path)
    soundfile.write(tmp_path / "other.flac", tone(400, 400, 8000), 16000)
    with pytest.raises(DataError, match="of the rates"):
        datasets.load("background-noise", tmp_path)
    with pytest.raises(DataError, match="known: "):
        datasets.load("voices", folder)
