"""Small labs on disk for unit tests. No host is contacted by any of them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from deeprig.inventory.load import Lab, load_lab


class LabWriter:
    """Writes the files of a lab directory and loads it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.inventory = directory / "inventory" / "lab.py"
        (directory / "inventory" / "group_data").mkdir(parents=True)
        self.write("inventory/lab.py", 'workstations = [("rig1", {"ssh_hostname": "192.0.2.1"})]')

    def write(self, path: str, text: str) -> Path:
        target = self.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text), encoding="utf-8")
        return target

    def hosts(self, text: str) -> None:
        self.write("inventory/lab.py", text)

    def data(self, text: str, group: str = "all") -> None:
        self.write(f"inventory/group_data/{group}.py", text)

    def load(self) -> Lab:
        return load_lab(self.inventory)


@pytest.fixture
def lab(tmp_path: Path) -> LabWriter:
    return LabWriter(tmp_path / "lab")
