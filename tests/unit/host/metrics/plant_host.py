"""The collector as a program of its own, on a simulated machine."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.sim.thermal.api import Plant

HOST_PROGRAMS = Path(__file__).parents[4] / "host"
BOUND_SECONDS = 60
#: A pass with less patience than the program's own.
_IMPATIENT = """
import sys
from pathlib import Path
from deeprig_host.machine.commands import Machine
from deeprig_host.metrics.__main__ import Told, one_pass
from deeprig_host.metrics.collector import Collector
from deeprig_host.metrics.nvml import NvmlReader
from deeprig_host.metrics.nvml_child import asking
from deeprig_host.metrics.nvml_wait import Patience
machine = Machine(Path("/"))
reader = NvmlReader(asking(machine), Patience(card_seconds=2))
sys.exit(one_pass(Collector(machine, reader), sys.argv[1], Told()))
"""


@dataclass
class PlantHost:
    """A simulated machine and where the collector writes."""

    library: Path
    plant: Plant
    output: Path

    def command(self, *arguments):
        return [sys.executable, "-m", "deeprig_host.metrics", "--output", self.output, *arguments]

    @property
    def environment(self):
        return os.environ | {
            "LD_LIBRARY_PATH": str(self.library.parent),
            "DEEPRIG_SIM_THERMAL": str(self.plant.directory),
            "PYTHONPATH": str(HOST_PROGRAMS),
        }

    def run(self, *command, **options):
        words = command or self.command()
        return subprocess.run(
            words,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=BOUND_SECONDS,
            check=False,
            **options,
        )

    def run_impatient(self):
        return self.run(sys.executable, "-c", _IMPATIENT, str(self.output))

    @contextmanager
    def running(self):
        """The collector in its loop."""
        with subprocess.Popen(
            self.command("--every", "1"), env=self.environment, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.terminate()
                process.wait(BOUND_SECONDS)

    def seen(self):
        """Return every value by name without ``deeprig_``, index of GPU, and the other labels."""
        told = {}
        for family in text_string_to_metric_families(self.output.read_text()):
            for sample in family.samples:
                labels = dict(sample.labels)
                labels.pop("uuid", None)
                index = [labels.pop("gpu")] if "gpu" in labels else []
                key = (sample.name.removeprefix("deeprig_"), *index, *labels.values())
                assert key not in told
                told[key] = sample.value
        return told

    def wait_for(self, condition):
        """Return what is seen once it is so; fail when it does not become so."""
        end = time.monotonic() + BOUND_SECONDS
        while time.monotonic() < end:
            told = self.seen() if self.output.exists() else {}
            if condition(told):
                return told
            time.sleep(0.05)
        raise AssertionError(f"it did not become so: {told}")
