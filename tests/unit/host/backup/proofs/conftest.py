"""A machine that is a directory, and lines as restic prints them."""

import pytest
from deeprig_host.backup.snapshots import Node
from deeprig_host.machine.commands import Machine


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path / "root")
    machine.root.mkdir()
    return machine


@pytest.fixture
def node():
    def make(path, kind="file", size=10, **fields):
        values = {"mode": 0o644, "uid": 0, "gid": 0, "mtime_ns": 5, "ctime_ns": 5}
        return Node(path, kind, size, **(values | fields))

    return make
