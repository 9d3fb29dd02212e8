"""The programs of ``host/`` are a distribution of their own: put it on the path.

No framework is needed here: a simulated one stands in. The real ones run in
``tests/contract/test_training_pytorch.py``.
"""

import json
import subprocess
import sys
from array import array
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "host"))

from deeprig_host.training import data, proof, reload
from deeprig_host.training.__main__ import main
from deeprig_host.training.data import CLASSES, Part, Split
from deeprig_host.training.device import Cuda
from deeprig_host.training.framework import Trained
from deeprig_host.training.outputs import Outputs

LABELS = tuple(label for label in range(CLASSES) for _ in range(4))
NO_CUDA = Cuda(build=None, is_available=False, device_count=0, error="no CUDA in this build")


def outputs_for(labels):
    """Outputs that say exactly these labels."""
    rows = [float(label == column) for label in labels for column in range(CLASSES)]
    return Outputs(array("f", rows).tobytes(), CLASSES)


RIGHT_OUTPUTS = outputs_for(LABELS)


@dataclass
class SimulatedFramework:
    """Answers as a framework would; trains nothing."""

    seen_cuda: Cuda = NO_CUDA
    device: str | None = None
    losses: tuple = (2.3, 0.4, 0.02)
    outputs: Outputs = RIGHT_OUTPUTS
    error: Exception | None = None
    plans: list = field(default_factory=list)

    def version(self):
        return "0-simulated"

    def cuda(self):
        return self.seen_cuda

    def train(self, split, plan):
        self.plans.append(plan)
        sys.stdout.write("a library that talks\n")
        subprocess.run(["echo", "a program that talks"], check=True)
        if self.error is not None:
            raise self.error
        device = self.device or plan.device
        return Trained(device, self.losses, self.losses, self.outputs, self.outputs)


class Bench:
    """Runs the program with a simulated framework, data and second process."""

    def __init__(self, workdir, capfd):
        self.workdir = workdir
        self.capfd = capfd
        self.framework = SimulatedFramework()
        self.reloaded = None
        self.stderr = ""

    def change(self, **fields):
        self.framework = replace(self.framework, **fields)

    def predict_again(self, framework, workdir, device):
        return self.reloaded or self.framework.outputs

    def run(self, *options, load=None):
        """Return exit code and the JSON object."""
        arguments = ["pytorch", "--workdir", str(self.workdir), *options]
        code = main(arguments, load or (lambda name: self.framework))
        out, self.stderr = self.capfd.readouterr()
        assert out.count("\n") == 1, out
        return code, json.loads(out)


@pytest.fixture
def bench(tmp_path, capfd, monkeypatch):
    part = Part(images=None, labels=LABELS)
    found = Bench(tmp_path, capfd)
    monkeypatch.setattr(data, "load_split", lambda seed: Split(part, part, part))
    monkeypatch.setattr(data, "save_test_images", lambda images, workdir: None)
    monkeypatch.setattr(reload, "predict_in_new_process", found.predict_again)
    monkeypatch.setattr(proof, "nvidia_gpus_on_bus", lambda: 0)
    return found
