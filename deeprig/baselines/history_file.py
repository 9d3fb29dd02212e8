"""A host's history on disk: a file of JSON lines in the lab directory, whole at every moment.

Lines are added at the end and never changed; old ones go where newer have the same key. Writers
take turns by flock(2). What cannot be read is moved aside, with the lines that can be kept.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import quote, unquote

from deeprig.baselines.model import SCHEMA, Entry, Key
from deeprig.report.decode import decode
from deeprig.report.encode import encode

_DIRECTORY = Path(".deeprig", "baselines")
_SUFFIX = ".jsonl"
#: Runs kept of one key, and lines of one host whatever their keys.
KEPT_RUNS = 50
KEPT_LINES = 400


@dataclass(frozen=True, slots=True)
class Stored:
    """A host's history, the oldest entry first, and the numbers of lines that are none of it."""

    entries: tuple[Entry, ...] = ()
    bad_lines: tuple[int, ...] = ()
    first_problem: str = ""


def others(lab_directory: Path, host: str) -> dict[str, Path]:
    """Return the files of all other hosts that have a history, by host. Raise OSError."""
    own = path_of(lab_directory, host)
    found = sorted(own.parent.glob(f"*{_SUFFIX}"))
    return {unquote(path.name.removesuffix(_SUFFIX)): path for path in found if path != own}


def path_of(lab_directory: Path, host: str) -> Path:
    """Return where a host's history lies."""
    return lab_directory / _DIRECTORY / f"{quote(host, safe='')}{_SUFFIX}"


@contextmanager
def exclusively(lab_directory: Path) -> Iterator[None]:
    """Keep other runs of deeprig from changing the lab's histories meanwhile. Raise OSError."""
    directory = lab_directory / _DIRECTORY
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read(path: Path, newest: int = KEPT_LINES) -> Stored:
    """Return the newest lines that a file holds; a missing file is empty. Raise OSError."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Stored()
    entries: list[Entry] = []
    problems: dict[int, str] = {}
    # By line feeds alone: the text of a line may hold what else splitlines() takes for an end.
    lines = [*enumerate(raw.removesuffix(b"\n").split(b"\n") if raw else (), start=1)]
    for number, line in lines[-newest:]:
        try:
            entries.append(_entry(line))
        except (ValueError, RecursionError) as error:  # RecursionError: nested too deep
            problems[number] = f"line {number}: {error}"
    return Stored(tuple(entries), tuple(problems), next(iter(problems.values()), ""))


def append(path: Path, earlier: Sequence[Entry], entry: Entry) -> None:
    """Write the history with a further entry, in one step. Raise OSError; then nothing changed."""
    write(path, kept((*earlier, entry)))


def write(path: Path, entries: Sequence[Entry]) -> None:
    """Write a history in one step, within ``exclusively``. Raise OSError."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.writelines(_line(entry) for entry in entries)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def move_aside(path: Path) -> Path:
    """Give an unreadable file a name that nobody has, within ``exclusively``. Raise OSError."""
    for number in count(1):
        aside = path.with_name(f"{path.name}.unreadable-{number}")
        if not aside.exists():
            return path.rename(aside)
    raise AssertionError("count() has no end")


def kept(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the entries that still matter: some run in them is among the newest of its key."""
    counts: Counter[Key] = Counter()
    found: list[Entry] = []
    for entry in reversed(entries):
        keys = {run.key for run in entry.runs}
        if any(counts[key] < KEPT_RUNS for key in keys):
            found.append(entry)
        counts.update(keys)
    return tuple(reversed(found[:KEPT_LINES]))


def _line(entry: Entry) -> str:
    return json.dumps({"schema": SCHEMA, **encode(entry)}, ensure_ascii=False) + "\n"


def _entry(line: bytes) -> Entry:
    data = json.loads(line)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError(f"it has not the schema {SCHEMA}")
    return decode(Entry, {key: value for key, value in data.items() if key != "schema"})
