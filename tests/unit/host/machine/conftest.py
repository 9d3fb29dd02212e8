"""A machine that is a directory; nothing is run on it."""

import pytest
from deeprig_host.machine.commands import Machine


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "root")
