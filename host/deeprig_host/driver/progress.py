"""Tell what is going on: lines on standard error, programs' output in the transaction's log."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.machine.commands import Done


@dataclass(frozen=True, slots=True)
class Progress:
    """Where progress goes. ``log`` is the transaction's log file, None where there is none."""

    log: Path | None = None

    def say(self, text: str) -> None:
        """Tell one line to whoever watches, and keep it."""
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
        self._keep(f"== {text}\n")

    def keep(self, done: Done) -> Done:
        """Keep a program's output in the log, and return how it ended."""
        head = f"$ {' '.join(done.words)}\n"
        self._keep(f"{head}{done.out}{done.err}[exit {done.code}]\n")
        return done

    def _keep(self, text: str) -> None:
        if self.log is not None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("a", encoding="utf-8") as file:
                file.write(text)
