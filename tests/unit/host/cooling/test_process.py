"""The daemon as a process of its own: what systemd and signals see, and what it leaves behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from deeprig_host.machine.commands import Machine

from tests.sim.thermal.api import ALL, Plant
from tests.sim.thermal.api import Machine as SimulatedMachine
from tests.sim.thermal.cards import OPEN_AIR_350
from tests.unit.host.cooling.conftest import load_driver

HOST = Path(__file__).parents[4] / "host"
CONFIGURATION = """[cooling]
interval_seconds = 1
[defaults]
curve = 60:40 85:100
power_limit_watts = 300
[power]
budget_watts = 500
"""
PATIENCE_SECONDS = 60
AUTOMATIC = ["automatic", "automatic"]


@dataclass
class Bench:
    """A simulated machine with two cards, and programs that run on it."""

    root: Path
    library: Path
    plant: Plant
    systemd: socket.socket

    @property
    def environment(self):
        return os.environ | {
            "PYTHONPATH": str(HOST),
            "LD_LIBRARY_PATH": str(self.library.parent),
            "DEEPRIG_SIM_THERMAL": str(self.plant.directory),
            "NOTIFY_SOCKET": self.systemd.getsockname(),
        }

    def words(self, *words):
        return [sys.executable, "-m", "deeprig_host.cooling", "--root", str(self.root), *words]

    def run(self, *words):
        return subprocess.run(
            self.words(*words),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def start(self):
        return subprocess.Popen(
            self.words("run"), env=self.environment, stderr=subprocess.PIPE, text=True
        )

    def wait_for(self, state):
        """Wait until systemd was told a state."""
        while state not in self.systemd.recv(4096).decode().splitlines():
            continue

    def drain(self):
        """Forget what systemd was told up to now."""
        self.systemd.settimeout(0)
        with suppress(BlockingIOError):
            while True:
                self.systemd.recv(4096)

    def fans(self, index):
        return [
            round(fan["asked_percent"]) if fan["is_manual"] else "automatic"
            for fan in self.plant.truth()["gpus"][index]["fans"]
        ]

    def limits(self):
        return [gpu["limit_watts"] for gpu in self.plant.truth()["gpus"]]


@pytest.fixture
def bench(thermal_library, tmp_path):
    plant = Plant(tmp_path / "plant", thermal_library.parent)
    plant.describe(SimulatedMachine((OPEN_AIR_350, OPEN_AIR_350)))
    config = tmp_path / "root/etc/deeprig/cooling.conf"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIGURATION)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE_SECONDS)
        yield Bench(tmp_path / "root", thermal_library, plant, systemd)


@pytest.fixture
def daemon(bench):
    """A daemon that has had its first turn; it is ended after the test."""
    process = bench.start()
    bench.wait_for("READY=1")
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_every_fan_given_back(bench, daemon, number):
    assert bench.fans(0) == bench.fans(1) == [40, 40]
    bench.wait_for("WATCHDOG=1")
    daemon.send_signal(number)
    bench.wait_for("STOPPING=1")
    _, said = daemon.communicate(timeout=PATIENCE_SECONDS)
    assert daemon.returncode == 0, said
    assert bench.fans(0) == bench.fans(1) == AUTOMATIC
    assert number.name in said


def test_a_signal_ends_it_with_1_where_a_fan_stays_ours(bench, daemon):
    bench.plant.set_fault(1, "returns:nvmlDeviceSetDefaultFanSpeed_v2", 999)
    daemon.terminate()
    _, said = daemon.communicate(timeout=PATIENCE_SECONDS)
    assert daemon.returncode == 1
    assert bench.fans(0) == AUTOMATIC
    assert bench.fans(1) == [100, 100]
    assert "the fans are not automatic, full" in said


def test_a_fault_of_our_own_gives_the_fans_back_before_it_is_told(bench):
    program = """
import sys
from deeprig_host.cooling import __main__, records
note = records.Records.note
def break_later(self, document, seconds):
    note(self, document, seconds)
    if document["gpus"][0]["fans"][0]["percent"] == 40:
        raise ZeroDivisionError("a fault of our own")
records.Records.note = break_later
sys.exit(__main__.main(["--root", sys.argv[1], "run"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(bench.root)],
        env=bench.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "a fault of our own" in done.stderr
    assert {call.name for call in bench.plant.calls() if call.gpu == 1} >= {
        "nvmlDeviceSetFanSpeed_v2",
        "nvmlDeviceSetDefaultFanSpeed_v2",
    }
    assert bench.fans(0) == bench.fans(1) == AUTOMATIC


def test_what_sigkill_leaves_restore_gives_back_without_configuration_or_state(bench, daemon):
    daemon.kill()
    daemon.wait(PATIENCE_SECONDS)
    assert bench.fans(0) == bench.fans(1) == [40, 40]  # as on a real card: nobody watches now
    (bench.root / "etc/deeprig/cooling.conf").unlink()
    done = bench.run("restore")
    assert done.returncode == 0, done.stderr
    assert bench.fans(0) == bench.fans(1) == AUTOMATIC
    assert done.stdout.count("the fans are automatic") == 2
    assert bench.limits() == [250, 250]


def test_systemd_is_told_how_many_gpus_are_in_which_mode(bench):
    bench.plant.set_fault(1, "not-supported:nvmlDeviceSetFanSpeed_v2")
    process = bench.start()
    try:
        bench.wait_for("STATUS=GPUs: 1 curve, 1 monitor")
        bench.plant.set_fault(ALL, "driver-unloaded")
        bench.wait_for("STATUS=NVML cannot be used: Driver Not Loaded")
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0  # without its driver a card rules its fans itself


@pytest.mark.parametrize(("patience_seconds", "is_told"), [(7, True), (8, False)])
def test_a_watchdog_that_ends_slow_turns_before_they_are_distrusted_is_told(
    bench, monkeypatch, patience_seconds, is_told
):
    """An interval of 1 s: a turn is not believed after 7 s."""
    monkeypatch.setenv("WATCHDOG_USEC", str(patience_seconds * 1_000_000))
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    process = bench.start()
    bench.wait_for("READY=1")
    process.terminate()
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert ("raise WatchdogSec" in said) is is_told


def test_power_is_put_back_when_it_is_asked_for(bench, daemon):
    assert bench.limits() == [250, 250]
    daemon.terminate()
    daemon.wait(PATIENCE_SECONDS)
    assert bench.limits() == [250, 250]
    done = bench.run("restore", "--power")
    assert done.returncode == 0
    assert bench.limits() == [350, 350]


def test_a_driver_that_hangs_keeps_systemd_from_hearing_of_us_and_no_other_gpu_from_restore(
    bench, daemon
):
    bench.plant.set_fault(0, "hang")
    status = bench.root / "run/deeprig/cooling/status.json"
    end = time.monotonic() + PATIENCE_SECONDS
    while time.time() - json.loads(status.read_text())["time"] < 3:
        assert time.monotonic() < end, "it goes on though NVML hangs"
        time.sleep(0.2)
    bench.drain()  # what it said before it hung
    bench.systemd.settimeout(2)
    with pytest.raises(TimeoutError):
        bench.systemd.recv(4096)
    daemon.kill()
    daemon.wait(PATIENCE_SECONDS)
    done = bench.run("restore", "--limit", "5")
    assert done.returncode == 1
    assert "GPU 0: the fans are as they were" in done.stdout
    assert "GPU 1 (Simulated open-air 350 W): the fans are automatic" in done.stdout
    assert "NVML did not answer in time" in done.stdout
    assert bench.fans(1) == AUTOMATIC
    bench.plant.clear_fault(0, "hang")
    assert bench.run("restore").returncode == 0
    assert bench.fans(0) == AUTOMATIC


def test_restore_tells_what_cannot_be_given_back(bench, daemon):
    daemon.kill()
    daemon.wait(PATIENCE_SECONDS)
    bench.plant.set_fault(0, "lost")
    bench.plant.set_fault(1, "returns:nvmlDeviceSetDefaultFanSpeed_v2", 999)
    done = bench.run("restore")
    assert done.returncode == 1
    assert "GPU 0" in done.stdout
    assert "GPU is lost" in done.stdout
    assert "the fans are at 100 %, and cannot be given back" in done.stdout
    assert bench.fans(1) == [100, 100]


def test_without_a_driver_there_is_nothing_to_restore(bench):
    bench.plant.set_fault(ALL, "driver-unloaded")
    done = bench.run("restore")
    assert done.returncode == 0
    assert "nothing to give back" in done.stdout


@pytest.mark.parametrize("command", [("restore",), ("restore", "--power")])
def test_without_the_library_a_loaded_driver_keeps_the_fans_and_that_is_no_good_end(
    bench, daemon, tmp_path, command
):
    """As after `apt remove` of the library's package, with the module still in the kernel."""
    daemon.kill()
    daemon.wait(PATIENCE_SECONDS)
    load_driver(Machine(bench.root))
    bench.library = tmp_path / "nowhere" / "libnvidia-ml.so.1"
    done = bench.run(*command)
    assert done.returncode == 1
    assert "all GPUs: the fans are as they were" in done.stdout
    assert "NVML Shared Library Not Found" in done.stdout
    assert bench.fans(0) == [40, 40]


def test_a_second_daemon_is_refused_and_touches_nothing(bench, daemon):
    (bench.root / "proc").symlink_to("/proc")
    before = bench.plant.calls()
    done = bench.run("run")
    assert done.returncode == 1
    assert "another cooling daemon is running" in done.stderr
    assert f"pid {daemon.pid}" in done.stderr
    assert bench.plant.calls() == before
    assert daemon.poll() is None


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_configuration_with_mistakes_is_refused_with_file_and_line(bench, command):
    config = bench.root / "etc/deeprig/cooling.conf"
    config.write_text("[defaults]\ncurve = 30:30 90:0 95:100\n")
    words = ("check", str(config)) if command == "check" else ("run",)
    done = bench.run(*words)
    assert done.returncode == 2
    assert f"{config}:2: curve: 0 % at 90 C" in done.stderr
    assert "-> " in done.stderr
    assert "Traceback" not in done.stderr
    assert ("no power limit and no budget is set" in done.stderr) is (command == "run")
    assert bench.plant.calls() == ()


def test_a_good_configuration_is_checked_in_silence(bench):
    done = bench.run("check", str(bench.root / "etc/deeprig/cooling.conf"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_show_tells_a_person_and_says_when_nobody_cools(bench, daemon):
    shown = bench.run("show")
    assert shown.returncode == 0, shown.stderr
    assert f"pid {daemon.pid}" in shown.stdout
    assert "curve at " in shown.stdout
    daemon.kill()
    daemon.wait(PATIENCE_SECONDS)
    status = bench.root / "run/deeprig/cooling/status.json"
    document = json.loads(status.read_text())
    status.write_text(json.dumps(document | {"boottime_seconds": 0}))
    old = bench.run("show")
    assert old.returncode == 1
    assert "too old" in old.stdout
    status.unlink()
    none = bench.run("show")
    assert none.returncode == 1
    assert "there is no status" in none.stderr
    assert "Traceback" not in none.stderr


def test_it_stays_small(bench, daemon):
    bench.wait_for("WATCHDOG=1")
    status = Path(f"/proc/{daemon.pid}/status").read_text()
    (resident,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    assert int(resident.split()[1]) < 40_000, resident


def test_without_root_it_is_refused(bench):
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", *bench.words("run")],
        env=bench.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (done.returncode, bench.plant.calls()) == (1, ())
    assert "only root may set fans" in done.stderr
    assert "Traceback" not in done.stderr
