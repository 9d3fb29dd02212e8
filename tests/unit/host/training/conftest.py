"""The suite with a simulated framework and simulated cases: nothing is trained here."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from deeprig_host.training import case_table, device, suite
from deeprig_host.training.__main__ import main
from deeprig_host.training.cases import Case, judged
from deeprig_host.training.device import Cuda
from deeprig_host.training.evaluation import Check

NO_CUDA = Cuda(build=None, is_available=False, device_count=0, error="no CUDA in this build")
GOOD = Check("a check", True, "this", "this")
BAD = Check("a check", False, "this", "that")


@dataclass
class SimulatedFramework:
    """Answers as a framework would."""

    seen_cuda: Cuda = NO_CUDA
    error: Exception | None = None

    def version(self):
        return "0-simulated"

    def cuda(self):
        if self.error is not None:
            raise self.error
        return self.seen_cuda


@dataclass
class Bench:
    """Runs the suite with cases that are given as functions."""

    workdir: Path
    capfd: object
    framework: SimulatedFramework = field(default_factory=SimulatedFramework)
    functions: dict = field(default_factory=dict)
    contexts: list = field(default_factory=list)
    stderr: str = ""

    def load(self, framework, case):
        def run(context):
            self.contexts.append(context)
            return self.functions.get(case.name, lambda context: judged((GOOD,)))(context)

        return run

    def load_framework(self, name, backend=None):
        return self.framework

    def run(self, *options, framework="pytorch", load=None, profile="acceptance"):
        """Return exit code and the events."""
        arguments = ["suite", framework, "--workdir", str(self.workdir), "--profile", profile]
        code = main([*arguments, *options], load or self.load_framework)
        out, self.stderr = self.capfd.readouterr()
        return code, [json.loads(line) for line in out.splitlines()]

    def document(self, *options, **how):
        """Return exit code and the document."""
        code, events = self.run(*options, **how)
        return code, events[-1]["document"]


@pytest.fixture
def bench(tmp_path, capfd, monkeypatch):
    rows = (
        Case("one", "life", ("pytorch",), ("smoke", "acceptance")),
        Case("two", "life", ("pytorch", "keras"), ("acceptance",)),
        Case("gpu", "gpu", ("pytorch",), ("acceptance",), needs_gpu=True),
    )
    found = Bench(tmp_path, capfd)
    monkeypatch.setattr(case_table, "CASES", rows)
    monkeypatch.setattr(device, "nvidia_gpus_on_bus", lambda: 0)
    monkeypatch.setattr(suite, "load_case", found.load)
    return found
