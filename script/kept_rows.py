"""Rows of a page that take long to find out: a run that was ended goes on from what is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KeptRows:
    """One file a row below ``directory``. ``basis`` is all that the rows depend on beside their
    names: a row of another basis is another row."""

    directory: Path
    basis: str

    def read(self, name: str) -> dict[str, str] | None:
        """Return what was kept, None where nothing was. Raise ValueError for what is no row."""
        try:
            text = self._file(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        row = json.loads(text)
        if isinstance(row, dict):
            return row
        raise ValueError(f"{self._file(name)} holds no row: delete it")

    def keep(self, name: str, row: dict[str, str]) -> None:
        """Keep a row, whole or not at all."""
        self.directory.mkdir(parents=True, exist_ok=True)
        file = self._file(name)
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps(row), encoding="utf-8")
        draft.replace(file)

    def _file(self, name: str) -> Path:
        key = hashlib.sha256(f"{self.basis}\n{name}".encode()).hexdigest()
        return self.directory / f"{key}.json"


def basis_of(files: Iterable[Path], *more: str) -> str:
    """Return a word for what is in the files, and for more."""
    seen = hashlib.sha256("\n".join(more).encode())
    for file in sorted(files):
        seen.update(f"\n{file}\n".encode() + file.read_bytes())
    return seen.hexdigest()
