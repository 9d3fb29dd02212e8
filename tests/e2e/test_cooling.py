"""The real daemon as a real unit on a real host, on simulated cards: set up, proven, and broken.

After each fault every fan is automatic or at 100 %, or set by the curve; never left low. What the
fans did is read from the simulated cards themselves. The rows become docs/cooling-faults.md.
"""

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

from deeprig.cooling.curve import parse_curve, percent_at
from deeprig.lab import api
from deeprig.lab.requirements import check_requirements
from tests.e2e import cooling_page
from tests.e2e.cooled_host import (
    CARDS,
    HOST,
    SERVICE,
    STATE,
    STATUS,
    CooledHost,
    are_automatic,
    are_safe,
    are_taken,
    cooled_lab,
    fans_of,
)
from tests.e2e.cooling_page import Row
from tests.e2e.running import ROOT
from tests.sim.hosts import api as power

_CURVE = parse_curve("30:30 50:40 70:70 85:100")
_DROP_IN = f"/run/systemd/system/{SERVICE}.d/test.conf"
_CONFIGURATION = "/etc/deeprig/cooling.conf"
_FIRST = "/root/declared-cooling.conf"
_HISTORY = "/var/lib/deeprig/cooling"
_AGAIN = "the daemon cools again by itself"


@pytest.fixture(scope="module")
def cooled_state(tmp_path_factory):
    check_requirements()
    directory = ROOT / ".lab" / f"cooling-{os.getpid()}"
    try:
        yield cooled_lab(directory, tmp_path_factory.mktemp("plant"))
    finally:
        api.down(directory)
        assert not directory.exists()
    cooling_page.save()


@pytest.fixture
def host(cooled_state, tmp_path):
    """The host as declared, its cards under load and cooled."""
    made = CooledHost(tmp_path / "lab", cooled_state, None)
    made.path.mkdir()
    made.declare()
    # Another test may have left it otherwise, or failed half way.
    is_as_declared = f"cmp -s {_FIRST} {_CONFIGURATION} && systemctl is-active {SERVICE}"
    if made.ssh(HOST, is_as_declared).returncode != 0:
        made.changes()
        made.root(f"cp {_CONFIGURATION} {_FIRST}")
    made.load()
    made.wait_until_cooled()
    yield made
    shutil.rmtree(made.path)


@contextmanager
def unit_with(host, **options):
    """Have the unit with other options for a while: with Restart=no what it leaves can be seen."""
    lines = "\\n".join(f"{key}={value}" for key, value in options.items())
    host.root(
        f"mkdir -p {_DROP_IN.rpartition('/')[0]}; printf '[Service]\\n{lines}\\n' > {_DROP_IN};"
        f" systemctl daemon-reload; systemctl restart {SERVICE}"
    )
    host.wait_until_cooled()
    try:
        yield
    finally:
        host.root(
            f"rm {_DROP_IN}; systemctl daemon-reload; systemctl reset-failed {SERVICE};"
            f" systemctl restart {SERVICE}"
        )
        host.wait_until_cooled()


def state_of(host):
    return host.root(f"systemctl show -P ActiveState {SERVICE}")


def wait_for_end(host):
    host.wait_until(lambda: state_of(host) in ("failed", "inactive"), "the unit has not ended")


def journal(host, words):
    """Return the newest line of the unit's journal that has the words."""
    text = host.root(f"journalctl -u {SERVICE} -b -o cat --no-pager -n 400")
    lines = [line for line in text.splitlines() if words in line]
    assert lines, text
    return lines[-1].strip()


def record(fault, host, told, afterwards=_AGAIN):
    """Add a row of what the fans do now."""
    words = dict.fromkeys(fans_of(gpu) for gpu in host.truth())
    cooling_page.record(Row(fault, ", ".join(words), told, afterwards))


def test_apply_cools_verify_proves_and_a_second_apply_changes_nothing(host):
    assert host.changes() == []
    assert host.bad() == {}
    found = host.checks()
    assert found["GPU 3 is cooled: curve"]["simulated"]
    assert found["power limits are as declared"]["outcome"] == "not applicable"
    for gpu, told in zip(host.truth(), host.status()["gpus"], strict=True):
        # Down only after the card has cooled by the hysteresis: never below the curve.
        least = percent_at(_CURVE, told["temperature_c"] - 4)
        assert all(fan["asked_percent"] >= least - 1 for fan in gpu["fans"])
        assert all(fan["rpm"] > 0 for fan in gpu["fans"])
    # What a cut run left: files that are newer than what runs.
    host.root(f"touch {_CONFIGURATION}")
    assert host.changes() == ["Restart the cooling daemon with what was placed"]
    assert host.changes() == []


def test_other_settings_reach_the_cards_and_damage_is_told(host):
    host.declare(target_c=65, power_limit_watts=250, power_budget_watts=900)
    assert host.changes() == [
        "Configure the cooling",
        "Restart the cooling daemon with what was placed",
    ]
    host.wait_until_cooled()
    assert host.bad() == {}
    assert [gpu["limit_watts"] for gpu in host.truth()] == [225] * CARDS
    assert "GPU 0 is cooled: target" in host.checks()
    # What somebody else sets is set again; what is written into the file is told.
    host.root(f"sed -i 's/^target_c = 65/target_c = 80/' {_CONFIGURATION}")
    assert host.bad() == {"its configuration is as declared": "fail"}
    assert "Configure the cooling" in host.changes()
    host.root(f"systemctl disable --now {SERVICE}")
    assert {"the daemon is running", "it starts at boot", "its loop turns"} <= set(host.bad())
    assert host.changes() == ["Start the cooling daemon"]
    with host.fault(1, "stuck-fan"):
        host.wait_until(lambda: host.truth()[1]["fans"][0]["rpm"] == 0, "its fan still turns")
        host.wait_until(
            lambda: host.status()["gpus"][1]["fans"][0]["rpm"] == 0, "the status is an old one"
        )
        assert host.bad()["GPU 1 fan 0 turns"] == "fail"
    # What is declared no more is not left in the cards.
    host.declare()
    changes = host.changes()
    assert changes[:2] == ["Give power limits back to the cards", "Configure the cooling"]
    assert {gpu["limit_watts"] for gpu in host.truth()} == {350}
    host.wait_until_cooled()
    assert host.changes() == []


def test_the_curve_is_drawn_with_what_the_host_recorded(host):
    host.root(f"sed -i 's/^history_seconds.*/history_seconds = 1/' {_CONFIGURATION}")
    host.root(f"systemctl restart {SERVICE}")
    host.wait_until(
        lambda: int(host.root(f"wc -l < {_HISTORY}/history.csv")) > 4 * CARDS, "no history"
    )
    picture = host.path / "curve.svg"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "deeprig", "cooling", "curve", "-i", str(host.inventory)),
            *("--hours", "0.1", "--svg", str(picture)),
        ],
        capture_output=True,
        text=True,
        cwd=host.path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "4 x Simulated open-air 350 W" in done.stdout
    assert "GPU 3 Simulated open-air 350 W" in done.stdout
    assert "hottest card" in done.stdout
    text = picture.read_text()
    assert text.startswith("<svg ")
    assert "cards slow down at 93" in text
    assert host.changes() == [
        "Configure the cooling",
        "Restart the cooling daemon with what was placed",
    ]


def test_a_configuration_that_the_daemon_would_refuse_is_not_placed(host):
    """A lab may have a template of its own; a daemon that is stopped by it would cool nothing."""
    before = host.root(f"cat {_CONFIGURATION}")
    host.write("templates/cooling/etc/deeprig/cooling.conf", "[defaults]\ncurve = 30:0 90:10\n")
    done = host.run("apply", code=1)
    told = " ".join((done.stdout + done.stderr).split())
    assert "this configuration is refused and not placed" in told
    assert "cooling.conf:2" in told
    assert host.root(f"cat {_CONFIGURATION}") == before
    assert state_of(host) == "active"
    assert all(map(are_taken, host.truth()))


def test_another_master_of_the_fans_is_refused_and_nothing_is_done(host):
    host.root(
        "printf '[Service]\\nExecStart=/bin/sleep 600\\n' > /etc/systemd/system/coolgpus.service;"
        " systemctl daemon-reload; systemctl start coolgpus"
    )
    try:
        host.declare(target_c=60)
        told = host.run("apply", code=2)
        assert "coolgpus.service is at work" in told.stdout + told.stderr
        assert "target_c" not in host.root(f"cat {_CONFIGURATION}")
    finally:
        host.root("systemctl stop coolgpus; rm /etc/systemd/system/coolgpus.service")
        host.root("systemctl daemon-reload")


_FANCONTROL = """INTERVAL=10
DEVPATH=hwmon9=devices/platform/nowhere.656
DEVNAME=hwmon9=nowhere
FCTEMPS=hwmon9/pwm2=hwmon9/temp1_input
MINTEMP=hwmon9/pwm2=30
MAXTEMP=hwmon9/pwm2=60
MINSTART=hwmon9/pwm2=150
MINSTOP=hwmon9/pwm2=100
"""


@pytest.mark.full  # two packages
def test_fans_of_the_case_whose_chip_is_not_there_are_told(host):
    """A container has no fans: fancontrol starts, finds no chip, and ends; verify says so."""
    host.declare(chassis_fans={"fancontrol": _FANCONTROL})
    host.run("apply", code=None)  # whether it ends before systemctl looks is a matter of time
    state = "systemctl show -P ActiveState fancontrol"
    host.wait_until(lambda: host.root(state) == "failed", "fancontrol runs without a chip")
    found = host.checks()
    assert found["fancontrol is at work"]["outcome"] == "fail"
    assert found["fancontrol has the declared text"]["outcome"] == "pass"
    host.declare()
    assert "Leave the fans of the case to the mainboard" in host.changes()
    assert host.changes() == []


# Faults: the daemon is ended.


def test_sigterm(host):
    with unit_with(host, Restart="no"):
        host.root(f"systemctl kill -s TERM {SERVICE}")
        wait_for_end(host)
        assert all(map(are_automatic, host.truth()))
        told = journal(host, "SIGTERM: giving")  # systemd has a line of its own about it
        record("SIGTERM", host, told, "systemd starts it at the next boot")


def test_sigkill(host):
    with unit_with(host, Restart="no"):
        host.root(f"systemctl kill -s KILL {SERVICE}")
        wait_for_end(host)
        assert all(map(are_automatic, host.truth()))
        told = journal(host, "GPU 3 (Simulated open-air 350 W): the fans are automatic")
    before = host.root(f"systemctl show -P MainPID {SERVICE}")
    host.root(f"systemctl kill -s KILL {SERVICE}")
    host.wait_until(
        lambda: host.root(f"systemctl show -P MainPID {SERVICE}") not in ("0", before),
        "it was not started again",
    )
    host.wait_until_cooled()
    cooling_page.record(Row("SIGKILL", "automatic", told, _AGAIN))


def test_a_call_of_the_driver_that_hangs(host):
    hang = host.fault("all", "hang:nvmlDeviceGetTemperatureV")
    with unit_with(host, Restart="no", WatchdogSec=8), hang:
        wait_for_end(host)
        assert all(map(are_automatic, host.truth()))
        told = journal(host, "Watchdog timeout")
        record("the driver hangs in a call: watchdog", host, told)


@pytest.mark.full
def test_a_card_that_hangs_in_every_call_keeps_no_other_from_being_given_back(host):
    with unit_with(host, Restart="no", WatchdogSec=8), host.fault(0, "hang"):
        wait_for_end(host)
        truth = host.truth()
        assert all(map(are_automatic, truth[1:])), truth
        told = journal(host, "GPU 0: ")
        # Nobody can command it any more: it keeps the speed that the daemon gave it last.
        words = "the others automatic; the hanging one as it was"
        cooling_page.record(Row("one card hangs in every call: watchdog", words, told, _AGAIN))


# Faults: the machine and its driver.


def test_power_cut_and_reboot(host):
    host.declare(power_limit_watts=250)
    host.changes()
    machine = host.state.host(HOST)
    power.power_off(host.state, machine)
    power.power_on(host.state, machine)
    host.load()
    host.wait_until_cooled()
    told = journal(host, "NVML is open")
    _wait_for_limits(host)
    record("power cut, then boot", host, told, "cooled after the boot")
    boot = host.root("cat /proc/sys/kernel/random/boot_id; stat -c %Y /run/systemd/system")
    host.ssh(HOST, "systemctl reboot")
    host.wait_until(lambda: _boot_of(host) not in ("", boot), "it did not boot")
    host.load()
    host.wait_until_cooled()
    _wait_for_limits(host)
    assert host.bad() == {}
    record("reboot", host, journal(host, "NVML is open"), "cooled after the boot")


def _wait_for_limits(host):
    """Wait until every card has its limit: the driver comes up with 350 W."""
    host.wait_until(
        lambda: {gpu["limit_watts"] for gpu in host.truth()} == {250}, "limits are not set"
    )


def _boot_of(host):
    return host.ssh(
        HOST, "cat /proc/sys/kernel/random/boot_id; stat -c %Y /run/systemd/system"
    ).stdout.strip()


@pytest.mark.full  # 30 s of good readings
def test_a_driver_that_is_unloaded_under_it(host):
    with host.fault("all", "driver-unloaded"):
        host.wait_until(lambda: host.status()["no_library"] is not None, "it did not see it")
        assert all(map(are_safe, host.truth()))
        record("driver unloaded under it", host, str(host.status()["no_library"]))
        assert host.bad()["NVML answers it"] == "fail"
    host.wait_until_cooled()


@pytest.mark.full  # 30 s of good readings
def test_a_card_that_is_lost(host):
    before = host.truth()[1]
    with host.fault(1, "lost"):
        host.wait_until(lambda: host.modes()[1] == "lost", "it did not see it")
        truth = host.truth()
        assert all(are_taken(gpu) for n, gpu in enumerate(truth) if n != 1)
        # Nobody can command it any more; it was not made slower on the way.
        for fan, was in zip(truth[1]["fans"], before["fans"], strict=True):
            assert not fan["is_manual"] or fan["asked_percent"] >= was["asked_percent"] - 3
        told = host.status()["gpus"][1]["reason"]
        assert host.bad()["GPU 1 is cooled: curve"] == "fail"
        words = "the others by the curve; the lost one as it was"
        cooling_page.record(Row("GPU lost", words, told, "taken up again when it is back"))
    host.wait_until(lambda: host.modes()[1] == "curve", "it was not taken up again")


@pytest.mark.full  # 30 s of good readings
def test_one_card_of_four_that_tells_nonsense(host):
    with host.fault(2, "temperature", "255"):
        host.wait_until(lambda: host.modes()[2] == "failsafe", "it believes it")
        truth = host.truth()
        assert are_safe(truth[2])
        assert all(are_taken(gpu) for n, gpu in enumerate(truth) if n != 2)
        told = host.status()["gpus"][2]["reason"]
        host.wait_until(lambda: host.modes()[2] == "released", "it is not given back")
        assert are_automatic(host.truth()[2])
        words = "that card 100 %, then automatic; the others by the curve"
        fault = "one card of four tells an absurd temperature"
        cooling_page.record(Row(fault, words, told, "cooled again after 30 s of good readings"))
    host.wait_until(lambda: host.modes()[2] == "curve", "it was not taken up again")


def test_one_card_of_four_that_refuses_its_fans(host):
    # Forbidden from the start: what was set before could not be given back either.
    host.root(f"systemctl stop {SERVICE}")
    with host.fault(2, "eperm"):
        host.root(f"systemctl start {SERVICE}")
        host.wait_until(lambda: host.modes()[2] == "monitor", "it did not see it")
        truth = host.truth()
        assert are_automatic(truth[2])
        host.wait_until(
            lambda: all(are_taken(g) for n, g in enumerate(host.truth()) if n != 2),
            "not the others",
        )
        assert host.bad() == {"GPU 2 is cooled: curve": "fail"}
        words = "that card automatic, the others by the curve"
        told = host.status()["gpus"][2]["reason"]
        fault = "one card of four refuses to have its fans set"
        cooling_page.record(Row(fault, words, told, "watched; verify fails with the reason"))
    host.root(f"systemctl restart {SERVICE}")
    host.wait_until_cooled()


@pytest.mark.full  # 30 s of good readings
def test_a_card_that_refuses_everything_is_given_back_as_soon_as_it_obeys(host):
    before = host.truth()[2]
    with host.fault(2, "eperm"):
        # Nothing is asked of it while it stays as it is: heat makes the daemon set its fans.
        host.root(f"echo 100 > {STATE}/set/2/load")
        stuck = "the fans are stuck"
        host.wait_until(
            lambda: host.status()["gpus"][2]["reason"].startswith(stuck), "it is not told"
        )
        told = host.status()["gpus"][2]
        assert told["mode"] == "released", "which is alarmed"
        truth = host.truth()
        assert all(are_taken(gpu) for n, gpu in enumerate(truth) if n != 2)
        # Nobody can command it; it was not made slower on the way.
        for fan, was in zip(truth[2]["fans"], before["fans"], strict=True):
            assert fan["asked_percent"] >= was["asked_percent"] - 3
    host.load()
    host.wait_until(lambda: are_automatic(host.truth()[2]), "it was not given back")
    host.wait_until(lambda: host.modes()[2] == "curve", "it was not taken up again")
    words = "the others by the curve; that one as it was, then automatic"
    fault = "one card of four refuses everything about the fans that it gave us"
    afterwards = "given back as soon as it obeys, cooled after 30 s of good readings"
    cooling_page.record(Row(fault, words, told["reason"].partition(":")[0], afterwards))


# Faults: what is on the host.


@pytest.mark.parametrize(
    ("fault", "curve", "words"),
    [
        ("a falling curve in the file on the host", "30:50 60:40 85:100", "the curve falls"),
        ("0 % at 90 C in the file on the host", "30:30 90:0 95:100", "would stop the fan"),
    ],
)
def test_a_wrong_configuration_on_the_host(host, fault, curve, words):
    host.root(f"sed -i 's/^curve = .*/curve = {curve}/' {_CONFIGURATION}")
    assert host.ssh(HOST, f"systemctl restart {SERVICE}").returncode != 0
    assert state_of(host) == "failed", "it is not tried again without end"
    assert all(map(are_automatic, host.truth()))
    told = journal(host, words)
    assert told.startswith(f"{_CONFIGURATION}:"), "with its line"
    record(fault, host, told, "the next apply mends it")
    assert host.changes() == ["Configure the cooling", "Start the cooling daemon"]
    host.wait_until_cooled()


def test_a_disk_that_is_full(host):
    host.root(
        f"mount -t tmpfs -o size=4k full {_HISTORY}; head -c 4096 /dev/zero > {_HISTORY}/rest;"
        f" systemctl restart {SERVICE}"
    )
    try:
        host.wait_until(
            lambda: host.status()["unwritten"]["history"] > 0, "the history could be written"
        )
        host.wait_until_cooled()
        told = journal(host, "history cannot be written")
        record("disk full for the history", host, told, "the history goes on when there is room")
    finally:
        host.root(f"umount {_HISTORY}")
    host.root(f"systemctl restart {SERVICE}")


@pytest.mark.full
def test_a_clock_that_jumps(host):
    """SIMULATED by libfaketime: the machine's clock is not the container's to set."""
    host.root("apt-get update -qq && apt-get -qq -y install libfaketime >/dev/null")
    library = host.root("find /usr/lib -name libfaketime.so.1")
    host.root("echo +0 > /run/faketime.rc")
    environment = (
        f"LD_PRELOAD={library} FAKETIME_TIMESTAMP_FILE=/run/faketime.rc FAKETIME_NO_CACHE=1 "
        # The simulated cards take a file with another time for another machine.
        "FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1"
    )
    with unit_with(host, Environment=environment):
        before = host.status()
        host.root("echo +400d > /run/faketime.rc")
        host.wait_until(lambda: host.status()["time"] > before["time"] + 399 * 86_400, "no jump")
        told = host.status()
        assert [gpu["mode"] for gpu in told["gpus"]] == ["curve"] * CARDS
        assert told["pid"] == before["pid"]
        assert 0 < told["boottime_seconds"] - before["boottime_seconds"] < 600
        assert all(map(are_taken, host.truth()))
        record(
            "clock jumps by 400 days (simulated by libfaketime)", host, "nothing", "cooling goes on"
        )


def test_a_second_daemon(host):
    setters = len(host.setters())
    pid = host.status()["pid"]
    done = host.ssh(HOST, "/opt/deeprig/environment/bin/python -I -m deeprig_host.cooling run")
    assert done.returncode == 1
    assert "another cooling daemon" in done.stderr
    assert all(map(are_taken, host.truth()))
    assert not [line for line in host.setters()[setters:] if line.split("\t")[1] != str(pid)]
    told = re.sub(r"\b\d+ (s|min|h)\b", r"N \1", done.stderr.splitlines()[0])
    told = told.replace(f"pid {pid}", "pid N")
    record("a second daemon", host, told, "the first cools on")


def test_the_unit_beside_a_daemon_that_a_person_started(host):
    host.root(f"systemctl stop {SERVICE}")
    python = "/opt/deeprig/environment/bin/python"
    host.root(f"systemd-run -q --unit=by-hand {python} -m deeprig_host.cooling run")
    host.wait_until_cooled()
    pid = host.root("systemctl show -P MainPID by-hand")
    try:
        host.root(f"systemctl start --no-block {SERVICE}")
        # Each time systemd removes the unit's directory, and starts it anew.
        tries = f"systemctl show -P NRestarts {SERVICE}"
        host.wait_until(lambda: int(host.root(tries)) >= 2, "it is not tried again")
        told = journal(host, "another cooling daemon")
        assert f"pid {pid}" in told
        host.wait_until_cooled()
        host.wait_until(lambda: host.ssh(HOST, f"test -e {STATUS}").returncode == 0, "no status")
        assert str(host.status()["pid"]) == pid
    finally:
        host.root(f"systemctl stop {SERVICE} by-hand; systemctl start {SERVICE}")
    fault = "the unit beside a daemon that a person started"
    told = "another cooling daemon is running on this host"
    words = "by the curve; given back, and taken again by the first, at each try"
    cooling_page.record(Row(fault, words, told, "the first cools on; the unit runs once it ends"))
    host.wait_until_cooled()


def test_the_role_switched_off(host):
    host.declare(power_limit_watts=250)
    host.changes()
    host.wait_until(
        lambda: {gpu["limit_watts"] for gpu in host.truth()} == {250}, "limits are not set"
    )
    host.declare(enabled=False)
    assert set(host.changes()) == {
        "Stop the cooling daemon",
        "Give power limits back to the cards",
        "Remove the cooling's configuration",
        "Let systemd forget the cooling daemon",
    }
    truth = host.truth()
    assert all(map(are_automatic, truth))
    assert {gpu["limit_watts"] for gpu in truth} == {350}
    assert host.bad() == {}
    assert host.changes() == []
    record("role switched off", host, "power limits are the cards' own", "apply brings it back")
    host.root(f"touch {_CONFIGURATION}")
    assert host.bad() == {"nothing of the cooling is left": "fail"}
    host.declare()
    host.changes()
    host.wait_until_cooled()
    assert host.bad() == {}


def test_the_page_shows_what_was_seen():
    """The documented rows are those of this run (python -m tests.e2e.cooling_page writes them)."""
    seen = cooling_page.seen()
    if not seen:
        pytest.skip("no fault was run")
    cooling_page.save()
    lines = cooling_page.PAGE.lines()
    assert [row.line() for row in seen if row.line() not in lines] == []
