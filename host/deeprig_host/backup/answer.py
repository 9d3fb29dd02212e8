"""How restic ended, by meaning: the same words for every version from 0.14 on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

Meaning = Literal[
    "good",
    "partial",
    "no repository",
    "locked",
    "wrong password",
    "no restic",
    "too long",
    "full",
    "failed",
]
#: What timeout(1) ends with when it has ended restic.
TOO_LONG = 124
#: restic 0.17 and later, and timeout(1) for the others. docs: "Scripting, Exit codes".
_BY_CODE: dict[int, Meaning] = {
    0: "good",
    3: "partial",
    10: "no repository",
    11: "locked",
    12: "wrong password",
    TOO_LONG: "too long",
    127: "no restic",
}
#: Before 0.17 these are all exit 1; all of the words must stand in what restic says (recorded with
#: 0.14.0). "Is there a repository" alone is also said of a server that refuses access.
_BY_WORDS: tuple[tuple[Meaning, tuple[str, ...]], ...] = (
    ("locked", ("repository is already locked",)),
    ("wrong password", ("wrong password or no key found",)),
    ("no repository", ("Is there a repository", "not exist")),
    ("no repository", ("Is there a repository", "no such file")),
    ("full", ("no space left on device",)),
    ("full", ("disk quota exceeded",)),
)
_SHOWN_LINES = 6
#: Of Go's stack traces, which restic adds to some errors: a place in a source, or a function.
_TRACE = re.compile(r"\s+\S+\.(?:go|s):\d+|(?:main|runtime|github\.com/\S+|golang\.org/\S+)\.\S+")
_KILLED = (137, -9)


@dataclass(frozen=True, slots=True)
class Answer:
    """How one call of restic ended.

    ``lines`` is its standard output without progress, ``errors`` the end of its standard error;
    ``is_cut`` where there was more output than is kept.
    """

    meaning: Meaning
    code: int
    lines: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    is_cut: bool = False

    @property
    def is_good(self) -> bool:
        """Say whether restic did all of what it was told."""
        return self.meaning == "good"

    @property
    def messages(self) -> tuple[dict[str, Any], ...]:
        """Return the JSON objects of the output and of the errors, one a line."""
        found = (json_object(line) for line in (*self.lines, *self.errors))
        return tuple(one for one in found if one is not None)

    @property
    def text(self) -> str:
        """Return what restic said for people."""
        return "\n".join(line for line in (*self.lines, *self.errors) if json_object(line) is None)

    def document(self) -> Any:
        """Return the output as one JSON value. Raise ValueError where it is none."""
        return json.loads("\n".join(self.lines))

    def summary(self) -> dict[str, Any] | None:
        """Return the summary of a backup, None where it did not come so far."""
        kinds = (one for one in self.messages if one.get("message_type") == "summary")
        return next(kinds, None)

    def reason(self) -> str:
        """Return why it is not good, in restic's own last words."""
        if self.code in _KILLED:
            return "restic was killed: out of memory, or it did not end when its time was over"
        lines = (line for line in self.errors if not _TRACE.fullmatch(line))
        said = [text for line in lines if (text := _in_words(line))]
        return "; ".join(said[-_SHOWN_LINES:]) or f"restic ended with code {self.code}"


def _in_words(line: str) -> str:
    """Return a line for people: with ``--json`` restic 0.17 and later say errors as JSON too."""
    told = json_object(line)
    if told is None:
        return line.strip()
    error = told.get("error")
    text = error.get("message") if isinstance(error, dict) else told.get("message")
    return str(text or line).strip().replace("\n", "; ")


def meaning_of(code: int, said: str) -> Meaning:
    """Return what an exit code means; an unknown one that is not 0 is a failure."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    for meaning, words in _BY_WORDS:
        if code == 1 and all(word in said for word in words):
            return meaning
    return "failed"


def json_object(line: str) -> dict[str, Any] | None:
    """Return the JSON object that a line is, None where it is none."""
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
