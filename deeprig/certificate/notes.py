"""The small facts of a case's data, a line each; what is large stays in the raw document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deeprig.certificate.training import Note

#: Longer texts than this are somebody's log, not a fact.
_LONGEST = 200
_GPUS, _XIDS = "gpus", "xids"
_CUDA = {"build": "CUDA it was built with", "names": "GPUs it sees", "error": "CUDA's error"}
#: Told better by the page's own tables.
_ELSEWHERE = ("devices", "confusion_matrix")


def notes_of(data: Mapping[str, Any]) -> tuple[Note, ...]:
    """Return the notes. Of a burn's GPUs their names and what held their clocks down."""
    return tuple(note for note in _notes(data) if note.text and len(note.text) <= _LONGEST)


def cuda_notes(data: Mapping[str, Any]) -> tuple[Note, ...]:
    """Return what a framework sees of CUDA: what it was built with, GPUs, why there are none."""
    told = ((title, data.get(key)) for key, title in _CUDA.items())
    return tuple(Note(title, _told(value)) for title, value in told if value not in (None, []))


def _notes(data: Mapping[str, Any]) -> Iterator[Note]:
    for name, value in data.items():
        if name == _GPUS and isinstance(value, Mapping):
            yield from (Note(str(gpu), _gpu(about)) for gpu, about in value.items())
        elif name == _XIDS:
            yield Note("Xid errors", "not told" if value is None else _told(value))
        elif name not in _ELSEWHERE and not _is_nothing(value):
            yield Note(str(name).replace("_", " "), _told(value))


def _is_nothing(value: object) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(one is None for one in value)
    return value is None


def _gpu(about: object) -> str:
    if not isinstance(about, Mapping):
        return _told(about)
    reasons = about.get("reasons")
    held = _told(reasons) if isinstance(reasons, Mapping) else "not told"
    return f"{_told(about.get('name'))}; clocks held down by (samples): {held}"


def _told(value: object) -> str:
    """Return a value as people write it: ``driver 580, cuda 13``; an empty list is ``none``."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_told(inner)}" for name, inner in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_told, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not told" if value is None else str(value)
