"""The daemon on a simulated machine in virtual time, inside this process."""

from dataclasses import dataclass, field

import pytest
from deeprig_host.cooling.config import parse_configuration
from deeprig_host.cooling.daemon import Daemon
from deeprig_host.cooling.places import STATUS_FILE
from deeprig_host.cooling.records import Records
from deeprig_host.cooling.status import read_status
from deeprig_host.machine.commands import Machine as Host

from tests.sim.thermal.api import Machine, Plant, build_library
from tests.sim.thermal.cards import OPEN_AIR_350
from tests.sim.thermal.inside import nvml_of

CURVE = "curve = 30:30 50:40 70:70 85:100"
CONFIGURATION = f"[defaults]\n{CURVE}\n"


@pytest.fixture(scope="session")
def thermal_library(tmp_path_factory):
    """The simulated libnvidia-ml.so.1; what steers it lies beside it."""
    return build_library(tmp_path_factory.mktemp("thermal"))


@dataclass
class VirtualClock:
    """Clocks that go on when they are told to."""

    seconds: float = 1000.0
    slept_seconds: float = 0.0
    unix_seconds: float = 1_800_000_000.0

    def monotonic(self):
        return self.seconds

    def boottime(self):
        return self.seconds + self.slept_seconds

    def unix(self):
        return self.unix_seconds

    def advance(self, seconds):
        self.seconds += seconds
        self.unix_seconds += seconds


@dataclass
class Rig:
    """A daemon, its clock, and the machine that it cools."""

    plant: Plant
    host: Host
    clock: VirtualClock = field(default_factory=VirtualClock)
    said: list = field(default_factory=list)
    daemon: Daemon = None

    def begin(self, text=CONFIGURATION):
        """Start a daemon with a configuration; the one before is forgotten, as by SIGKILL."""
        configuration = parse_configuration(text, "cooling.conf")
        records = Records(self.host, configuration.history_seconds, self.say)
        self.daemon = Daemon(configuration, self.clock, records, self.say, self.host)

    def say(self, level, text):
        self.said.append((level, text))

    def told(self, *parts):
        """Say whether one line has all these parts."""
        return any(all(part in text for part in parts) for _, text in self.said)

    def run(self, seconds):
        """Turn and let time pass for so long."""
        interval = self.daemon.interval_seconds
        for _ in range(round(seconds / interval)):
            self.daemon.turn()
            self.pass_time(interval)

    def pass_time(self, seconds):
        self.plant.step(seconds)
        self.clock.advance(seconds)

    @property
    def status(self):
        return read_status(self.host.path(STATUS_FILE))

    def gpu(self, index=0):
        """The status of a GPU."""
        return self.status["gpus"][index]

    def mode(self, index=0):
        return self.gpu(index)["mode"]

    def truth(self, index=0):
        return self.plant.truth()["gpus"][index]

    def fans(self, index=0):
        """What is so of a card's fans: a percentage each, or "automatic"."""
        return [
            round(fan["asked_percent"]) if fan["is_manual"] else "automatic"
            for fan in self.truth(index)["fans"]
        ]


def load_driver(machine):
    """Have what the kernel module of the driver shows while it is loaded."""
    version = machine.path("/proc/driver/nvidia/version")
    version.parent.mkdir(parents=True)
    version.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.15\n")


@pytest.fixture
def make_rig(thermal_library, tmp_path):
    """Return a function that makes a machine of cards, with a daemon begun on it."""
    plant = Plant(tmp_path / "plant", thermal_library.parent)
    made = []
    with nvml_of(thermal_library, plant.directory):

        def make(*cards, text=CONFIGURATION, **values):
            plant.describe(Machine(cards or (OPEN_AIR_350,), {"is_virtual": 1, **values}))
            rig = Rig(plant, Host(tmp_path / "host"))
            rig.begin(text)
            made.append(rig)
            return rig

        yield make
        for rig in made:
            # Left open, the library would be closed by the garbage collector, in another test.
            rig.daemon.fleet.close()


@pytest.fixture
def rig(make_rig):
    """One open-air card of 350 W, cooled by the curve."""
    return make_rig()
