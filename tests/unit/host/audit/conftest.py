"""Hosts as trees of files, written anew for each test."""

import errno
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[4] / "host"))

from deeprig_host.audit.collect import collect
from deeprig_host.audit.tree import Tree

from .recorded_hosts import files_of


class Bench:
    """A recorded host that a test may change before it is looked at."""

    def __init__(self, root, monkeypatch):
        self.root = root
        self._monkeypatch = monkeypatch
        self._refused = {}

    def host(self, name):
        """Write a recorded host; return the bench."""
        files_of(name).write(self.root)
        return self

    def put(self, absolute, content):
        """Write one file anew."""
        path = self.path(absolute)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def path(self, absolute):
        return self.root / absolute.lstrip("/")

    def refuse(self, absolute, code=errno.EACCES):
        """Let reading fail as the kernel's files do; the tests' root may read everything."""
        if not self._refused:
            for name in ("read_bytes", "iterdir"):
                self._monkeypatch.setattr(Path, name, self._failing(getattr(Path, name)))
        self._refused[self.path(absolute)] = code

    def _failing(self, real):
        def read(path):
            if path in self._refused:
                code = self._refused[path]
                raise OSError(code, os.strerror(code), str(path))
            return real(path)

        return read

    def collect(self):
        return collect(Tree(self.root))

    def why(self, what):
        """Return the reasons that are given for a null."""
        return [entry["why"] for entry in self.collect()["unknown"] if entry["what"] == what]


@pytest.fixture
def bench(tmp_path, monkeypatch):
    root = tmp_path / "root"
    root.mkdir()
    return Bench(root, monkeypatch)
