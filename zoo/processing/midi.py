"""MIDI files to frames of notes and back, through mido."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.errors import InputError, MissingExtraError
from zoo.processing.notes import Frames

TICKS = 480  # of a quarter note
DRUMS = 9  # the channel
VELOCITY = 80


def read_midi(path: Path, frames_per_quarter: int) -> Frames:
    """The notes that sound in each frame, of all tracks but drums, to the end of the last one.

    A note sounds in a frame if it does so at the frame's middle, so that small differences of
    playing do not matter.

    Args:
        path: The file.
        frames_per_quarter: Frames in a quarter note.

    Raises:
        InputError: There is no such file, or it is no MIDI file with notes.
        MissingExtraError: mido is not installed.
    """
    mido = _mido()
    try:
        file = mido.MidiFile(path)
        sounding = _notes(mido.merge_tracks(file.tracks))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; give the path of a MIDI file.") from None
    except (OSError, EOFError, ValueError, KeyError, IndexError) as error:
        raise InputError(f"{path} is no MIDI file: {error or 'it ends too soon'}.") from None
    if not sounding:
        raise InputError(f"{path} has no notes.")
    frame = file.ticks_per_beat / frames_per_quarter
    count = max(1, round(max(end for _, _, end in sounding) / frame))
    frames: list[set[int]] = [set() for _ in range(count)]
    for note, start, end in sounding:
        for place in range(count):
            if start <= (place + 0.5) * frame < end:
                frames[place].add(note)
    return tuple(tuple(sorted(notes)) for notes in frames)


def _notes(track: Any) -> list[tuple[int, int, int]]:
    """Number, first tick and end of each note."""
    now, begun, found = 0, dict[tuple[int, int], int](), []
    for message in track:
        now += message.time
        if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
            continue
        key = (message.channel, message.note)
        if key in begun:
            found.append((message.note, begun.pop(key), now))
        if message.type == "note_on" and message.velocity > 0:
            begun[key] = now
    return found


def midi_bytes(frames: Sequence[Sequence[int]], frames_per_quarter: int, tempo: float) -> bytes:
    """A MIDI file of one track; a note in successive frames is held.

    Args:
        frames: Note numbers of each frame.
        frames_per_quarter: Frames in a quarter note.
        tempo: Quarter notes a minute.

    Raises:
        MissingExtraError: mido is not installed.
    """
    mido = _mido()
    file = mido.MidiFile(ticks_per_beat=TICKS)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo)))
    told, before = 0, set[int]()
    for place, frame in enumerate([*frames, ()]):
        now, sounding = place * TICKS // frames_per_quarter, set(frame)
        ends = [("note_off", note) for note in sorted(before - sounding)]
        for kind, note in [*ends, *(("note_on", note) for note in sorted(sounding - before))]:
            track.append(mido.Message(kind, note=note, velocity=VELOCITY, time=now - told))
            told = now
        before = sounding
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


def _mido() -> Any:
    try:
        import mido
    except ImportError:
        raise MissingExtraError("music", "Reading and writing MIDI files") from None
    return mido
