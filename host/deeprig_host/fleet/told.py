"""What is told: values by section and key, what could not be read, and what does not apply."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from deeprig_host.machine.commands import Machine

#: A longer value is told by its beginning and its digest: a report lists them.
_LONGEST_VALUE = 400


@dataclass(slots=True)
class Told:
    """The state so far. A key that is not there is not on this machine, which is known."""

    sections: dict[str, dict[str, str]] = field(default_factory=dict)
    unknown: list[dict[str, str]] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Page:
    """One section while it is written."""

    section: str
    machine: Machine
    told: Told

    def say(self, key: str, value: object) -> None:
        """Tell a value."""
        text = " ".join(str(value).split())
        if len(text) > _LONGEST_VALUE:  # two that begin alike are not one
            digest = hashlib.sha256(text.encode()).hexdigest()[:16]
            text = f"{text[:_LONGEST_VALUE]}... (sha256 {digest})"
        self.told.sections.setdefault(self.section, {})[key] = text

    def lack(self, key: str, why: str) -> None:
        """Note that a value cannot be read; with the key "", that nothing of the section can."""
        entry = {"section": self.section, "key": key, "why": why[:_LONGEST_VALUE]}
        self.told.unknown.append(entry)

    def skip(self, why: str) -> None:
        """Note that (a part of) the section does not apply to this machine."""
        self.told.skipped.append({"section": self.section, "why": why})

    def text(self, absolute: str) -> str | None:
        """Return a file's stripped text, None where there is none. Raise OSError."""
        try:
            content = self.machine.path(absolute).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return content.decode("utf-8", "replace").strip()

    def say_file(self, key: str, absolute: str) -> None:
        """Tell a file's text; nothing where there is none, unknown where it cannot be read."""
        try:
            text = self.text(absolute)
        except OSError as error:
            self.lack(key, f"{absolute}: {error.strerror}")
            return
        if text is not None:
            self.say(key, text)

    def names(self, absolute: str) -> tuple[str, ...]:
        """Return a directory's entries, none where there is none. Raise OSError."""
        try:
            return tuple(sorted(entry.name for entry in self.machine.path(absolute).iterdir()))
        except (FileNotFoundError, NotADirectoryError):
            return ()
