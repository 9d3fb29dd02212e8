"""A machine that is a directory; neither restic nor a server is run on it."""

import pytest
from deeprig_host.machine.commands import Machine


@pytest.fixture
def machine(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    return Machine(root)
