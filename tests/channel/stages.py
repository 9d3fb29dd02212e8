"""Content-addressed build steps: a directory exists, or it is built completely.

A stage's directory name carries a digest of everything it was made from, so that a
second build finds it and a changed input makes a new one.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def source_digest(*modules: Path) -> str:
    """Return the SHA-256 over the text of files and, sorted, of directories of files."""
    digest = hashlib.sha256()
    for module in modules:
        files = sorted(module.rglob("*")) if module.is_dir() else [module]
        for file in (f for f in files if f.is_file() and f.suffix != ".pyc"):
            digest.update(f"{file.relative_to(module.parent)}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Stages:
    """The finished steps below one directory."""

    root: Path

    def get(self, name: str, key: object, make: Callable[[Path], None]) -> Path:
        """Return the directory of step `name` for `key`, made by `make` if it is missing.

        `make` fills a temporary sibling that is renamed into place when it returns, so
        an interrupted build leaves no half-made step behind under the final name.
        """
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
        final = self.root / f"{name}-{digest}"
        if final.is_dir():
            return final
        self.root.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=self.root))
        try:
            make(unfinished)
            unfinished.chmod(0o755)
            unfinished.rename(final)
        finally:
            if unfinished.exists():
                shutil.rmtree(unfinished)
        return final
