"""Small labs on disk for unit tests. No host is contacted by any of them."""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Iterator
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


#: A thread that serves a connection ends with it: at once, or it hangs.
_END_SECONDS = 30


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """A thread that outlives its test polls descriptors that others get: gevent's loop aborts."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(_END_SECONDS)
    alive = [thread.name for thread in left if thread.is_alive()]
    assert not alive, f"threads left behind: {alive}"
