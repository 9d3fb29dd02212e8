"""How far a long work is, told while it goes on: JSON for a program, one line for a terminal."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Literal

from deeprig_host.backup.answer import json_object
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.written import Written

Style = Literal["none", "line", "json"]
STYLES: tuple[Style, ...] = ("none", "line", "json")
#: Of one step two lines a second at most: a slow connection carries them. A new step is told at
#: once: nothing may come after it for hours.
_BETWEEN_SECONDS = 0.5
_MIB = 1024 * 1024
#: What restic counts of a backup is what it has read: a slow repository gets it later.
_BACKING_UP = "backing up"
_SENDING = "backing up: all is read, the rest is sent"
#: What restic does at each of its commands; of others (locks) nothing is told.
_STEPS = {
    "init": "making the repository",
    "backup": _BACKING_UP,
    "forget": "forgetting old snapshots",
    "check": "checking",
    "snapshots": "reading the list of snapshots",
    "ls": "reading what the snapshot holds",
    "restore": "restoring",
}
#: restic's lines where its output is no terminal: ``[0:01] 50.00%  3 / 6 packs``.
_SHARE = re.compile(r"\[[\d:]+\]\s+(\d{1,3}(?:\.\d+)?)%")
_VERIFYING = "verifying files in"


@dataclass(frozen=True, slots=True)
class Far:
    """How far a work is. ``share`` is 0 to 1; None is not known, never 0."""

    what: str
    repository: str = ""
    step: str = ""
    share: float | None = None
    done_bytes: int | None = None
    total_bytes: int | None = None
    files: int | None = None

    def as_json(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    def as_line(self) -> str:
        """Return it as the one line of a terminal, written over the last one."""
        share = "    " if self.share is None else f"{self.share:4.0%}"
        done, total = (
            "?" if size is None else str(size // _MIB)
            for size in (self.done_bytes, self.total_bytes)
        )
        sizes = "" if self.done_bytes is None else f"  {done} of {total} MiB"
        return f"\r{share} {self.repository}: {self.step}{sizes}\033[K"


class Progress:
    """Tells how far a work is; the watch of every call of restic in it."""

    def __init__(
        self,
        what: str,
        style: Style,
        write: Callable[[str], object],
        between_seconds: float = _BETWEEN_SECONDS,
    ) -> None:
        """Begin: ``what`` is the command, ``write`` takes what is told."""
        self._between_seconds = between_seconds
        self._style = style
        self._write = write
        self._far = Far(what)
        self._told: Far | None = None
        self._next = 0.0
        self._has_total = False
        self._written: Written | None = None
        # The watcher of what is written is a thread of its own.
        self._one_at_a_time = threading.Lock()

    def expect(self, size_bytes: int, files: int) -> None:
        """Note how much will be restored: restic before 0.16 does not tell."""
        self._has_total = True
        self._far = replace(self._far, total_bytes=size_bytes, files=files)

    def step(self, step: str) -> None:
        """Tell what is done now beside restic."""
        self._tell(replace(self._far, step=step, share=None))

    def begin(self, arguments: tuple[str, ...], repository: Repository) -> None:
        """Tell which step begins."""
        step = _STEPS.get(arguments[0])
        if step is None:
            return
        kept = replace(self._far, repository=repository.name, step=step, share=None)
        kept = replace(kept, done_bytes=None)
        is_restore = arguments[0] == "restore"
        if not (is_restore and self._has_total):
            kept = replace(kept, total_bytes=None, files=None)
            self._has_total = False
        self._tell(kept)
        if is_restore and self._style != "none":
            self._written = Written(self._restored)
            self._written.start()

    def line(self, text: str) -> None:
        """Tell what restic says of how far it is."""
        found = _SHARE.match(text)
        if found:
            self._tell(replace(self._far, share=min(1.0, float(found[1]) / 100)))
        elif text.startswith('{"message_type":"status"'):
            self._tell(self._status(text))
        elif text.startswith(_VERIFYING):
            self._stop_watching()
            self._tell(replace(self._far, step="reading again what was restored"))

    def end(self) -> None:
        """Note that a call of restic has ended."""
        self._stop_watching()

    def close(self) -> None:
        """End the line of a terminal."""
        if self._style == "line" and self._told is not None:
            self._write("\n")

    def _status(self, text: str) -> Far:
        told = json_object(text) or {}
        share = told.get("percent_done")
        is_read = self._far.step.startswith(_BACKING_UP) and share == 1
        return replace(
            self._far,
            step=_SENDING if is_read else self._far.step,
            share=float(share) if isinstance(share, int | float) else None,
            done_bytes=_whole(told.get("bytes_done", told.get("bytes_restored"))),
            total_bytes=_whole(told.get("total_bytes")),
            files=_whole(told.get("total_files")),
        )

    def _restored(self, written_bytes: int) -> None:
        total = self._far.total_bytes
        done = written_bytes if total is None else min(written_bytes, total)
        share = done / total if total else self._far.share
        self._tell(replace(self._far, done_bytes=done, share=share))

    def _stop_watching(self) -> None:
        if self._written is not None:
            self._written.stop()
            self._written = None

    def _tell(self, far: Far) -> None:
        with self._one_at_a_time:
            self._far = far
            if self._style == "none" or far == self._told:
                return
            now, told = time.monotonic(), self._told
            is_new = told is None or (told.repository, told.step) != (far.repository, far.step)
            if not is_new and now < self._next:
                return
            self._told, self._next = far, now + self._between_seconds
            self._write(far.as_json() if self._style == "json" else far.as_line())


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
