"""Sources written into a directory of their own, and what loading them says."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from deeprig.errors import ExitCode, InventoryProblem
from deeprig.inventory.load import Lab, load_lab
from deeprig.inventory.sources.source import parse_where


class Desk:
    """A directory in which sources are written, and from which they are loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str, mode: int = 0o644) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        file.chmod(mode)
        return file

    def load(self, where: str | Path) -> Lab:
        return load_lab(parse_where(str(where)))

    def problems(self, where: str | Path) -> list[str]:
        with pytest.raises(InventoryProblem) as caught:
            self.load(where)
        assert caught.value.exit_code == ExitCode.BAD_USAGE
        return [str(problem) for problem in caught.value.problems]

    def only_problem(self, where: str | Path) -> str:
        found = self.problems(where)
        assert len(found) == 1, found
        return found[0]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A desk in a directory that is the current one, with a home of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NETBOX_TOKEN", raising=False)
    return Desk(tmp_path)
