"""A machine that is a directory, and a GPU whose NVML is a table."""

import json

import pynvml
import pytest
from deeprig_host.gpu.library import Gpu
from deeprig_host.machine.commands import Machine

from .simulated_card import SimulatedCard


class Files:
    """A machine whose root is a directory of the test's."""

    def __init__(self, root):
        self.machine = Machine(root)

    def place(self, path, content):
        """Write a file: a text as it is, anything else as JSON."""
        file = self.machine.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    def link(self, path, target):
        file = self.machine.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(target)


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


@pytest.fixture
def card(monkeypatch):
    """NVML's calls about one card, at the border where deeprig_host.gpu asks them."""
    simulated = SimulatedCard()
    for name in dir(pynvml):
        if name.startswith("nvmlDeviceGet"):
            monkeypatch.setattr(pynvml, name, simulated.call(name))
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer", simulated.pointer)
    return simulated


@pytest.fixture
def gpu():
    return Gpu(0, "GPU-0", "Simulated card", "0000:01:00.0", "handle")
