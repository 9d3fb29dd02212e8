"""The next-kernel gate: settings, what lies on the host, and how its answer is judged."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import Environment, StrictUndefined
from pydantic import ValidationError
from pyinfra.context import ctx_host
from pyinfra.facts.files import File

from deeprig.content import Content
from deeprig.host_programs import build_archive
from deeprig.tasks.host_programs import PROGRAMS, PYTHON
from deeprig.tasks.left_undone import LastStart, SinceLastStart
from deeprig.verify.checks import Checks
from roles.maintenance import kernel_gate, verify
from roles.maintenance.settings import MaintenanceSettings

ROOT = Path(__file__).parents[4]
UNIT_FILES = [f"{kernel_gate.UNIT_DIRECTORY}/{unit}" for unit in kernel_gate.UNITS]
REQUEST = kernel_gate.REQUEST


def rendered(path, **settings):
    source = Content.of(ROOT).template("maintenance", path).read_text()
    template = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    return template.from_string(source).render(settings=MaintenanceSettings(**settings))


@pytest.mark.parametrize("time", ["00:00", "05:30", "23:59"])
def test_a_time_of_the_day_is_taken_to_the_timer(time):
    text = rendered(UNIT_FILES[2], kernel_gate_time=time)
    assert f"OnCalendar=*-*-* {time}:00\n" in text


@pytest.mark.parametrize("time", ["24:00", "5:30", "05:60", "", "daily", "05:30\nExec=x"])
def test_what_is_no_time_of_the_day_is_refused(time):
    with pytest.raises(ValidationError):
        MaintenanceSettings(kernel_gate_time=time)


def test_every_template_says_who_manages_it():
    paths = [*UNIT_FILES, kernel_gate.APT_HOOK, kernel_gate.KERNEL_HOOK, kernel_gate.WAITER]
    for path in paths:
        assert "Managed by deeprig (role maintenance)" in rendered(path)
    placed = Content.of(ROOT).templates("maintenance")
    assert {path for path in placed if "kernel-gate" in path or "wait-for" in path} == {
        path.lstrip("/") for path in paths
    }


def test_all_parts_mean_the_same_file_and_the_same_program():
    service, path, timer = map(rendered, UNIT_FILES)
    assert f"PathExists={REQUEST}\n" in path
    assert f"rm -f {REQUEST}\n" in service
    assert f"{PROGRAMS} driver gate\n" in service
    assert f"ExecStartPre={kernel_gate.WAITER}\n" in service
    assert PROGRAMS in rendered(kernel_gate.WAITER)
    for hook in (kernel_gate.APT_HOOK, kernel_gate.KERNEL_HOOK):
        assert REQUEST in rendered(hook)
    # The units that a trigger starts are named like it (systemd.timer(5), systemd.path(5)).
    assert {Path(unit).stem for unit in UNIT_FILES} == {"deeprig-kernel-gate"}
    assert "Persistent=true" in timer


def test_a_request_is_taken_before_anything_else_and_again_right_before_the_look():
    """Lost is none: what comes during the look is there when the service ends."""
    lines = [line for line in rendered(UNIT_FILES[0]).splitlines() if line.startswith("Exec")]
    taken = f"ExecStartPre=/bin/rm -f {REQUEST}"
    assert lines[0] == lines[2] == taken
    assert lines[1] == f"ExecStartPre={kernel_gate.WAITER}"
    assert lines[3].startswith("ExecStart=")
    assert len(lines) == 4


def apt_hook_command(tmp_path):
    conf = tmp_path / "90hook"
    conf.write_text(rendered(kernel_gate.APT_HOOK))
    dump = subprocess.run(
        ["apt-config", "dump", "DPkg::Post-Invoke"],
        env=os.environ | {"APT_CONFIG": str(conf)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert dump.stderr == ""
    commands = [line for line in dump.stdout.splitlines() if "kernel-gate" in line]
    assert len(commands) == 1
    return commands[0].split('"', 1)[1].removesuffix('";')


@pytest.mark.skipif(not Path("/usr/bin/apt-config").exists(), reason="apt reads the file")
def test_apt_reads_the_hook_and_the_hook_cannot_fail(tmp_path):
    command = apt_hook_command(tmp_path)
    systemd, request = tmp_path / "systemd", tmp_path / "wanted"

    def run(wanted):
        here = command.replace("/run/systemd/system", str(systemd)).replace(REQUEST, str(wanted))
        return subprocess.run(["sh", "-c", here], capture_output=True, check=False).returncode

    assert run(request) == 0
    assert not request.exists(), "a chroot without systemd is asked nothing"
    systemd.mkdir()
    assert run(request) == 0
    assert request.exists()
    assert run(tmp_path / "no" / "such" / "directory") == 0


def test_the_kernel_hook_cannot_fail(tmp_path):
    script = tmp_path / "hook"
    text = rendered(kernel_gate.KERNEL_HOOK).replace("/run/systemd/system", str(tmp_path))
    script.write_text(text.replace(REQUEST, str(tmp_path / "no" / "such")))
    assert subprocess.run(["sh", script, "6.1.0-28", "/boot/x"], check=False).returncode == 0
    script.write_text(text.replace(REQUEST, str(tmp_path / "wanted")))
    assert subprocess.run(["sh", script, "6.1.0-28", "/boot/x"], check=False).returncode == 0
    assert (tmp_path / "wanted").exists()


class Answering:
    """A host of testinfra's kind that gives the gate's answer."""

    def __init__(self, out, err="", rc=0):
        self.done = SimpleNamespace(stdout=out, stderr=err, rc=rc)

    def run(self, command):
        assert command == f"{PYTHON} {PROGRAMS} driver gate --check"
        return self.done


def found(out, err="", rc=0):
    """Return what verify records of the gate's answer: name to (outcome, evidence)."""
    check = Checks()
    verify.test_the_next_kernel_has_a_module(Answering(out, err, rc), True, check)
    return {c.name: (c.outcome, c.evidence) for c in check.recorded}


NEXT, NEWER = "the next kernel has a module", "no newer kernel is kept from booting"


def test_a_good_answer_passes_with_its_own_words():
    answer = {"outcome": "good", "reason": "6.8.0-45 has module 580.126.20", "without_module": []}
    told = found(json.dumps(answer))
    assert told == {NEXT: ("pass", answer["reason"]), NEWER: ("pass", "without a module: none")}


def test_a_newer_kernel_that_is_kept_from_booting_fails_though_the_next_one_is_good():
    answer = {"outcome": "good", "reason": "6.8.0-45 boots", "without_module": ["6.8.0-50"]}
    told = found(json.dumps(answer))
    assert told[NEXT] == ("pass", "6.8.0-45 boots")
    assert told[NEWER] == ("fail", "without a module: 6.8.0-50")


def test_what_is_simulated_is_said():
    check = Checks()
    host = Answering('{"outcome": "good", "simulated": "a card"}')
    verify.test_the_next_kernel_has_a_module(host, True, check)
    assert {c.simulated for c in check.recorded} == {True}


@pytest.mark.parametrize("outcome", ["refused", "failed", "busy"])
def test_any_other_outcome_fails_with_reason_evidence_and_remedy(outcome):
    answer = {"outcome": outcome, "reason": "no module", "evidence": ["a", "b"], "remedy": "c"}
    assert found(json.dumps(answer), rc=1) == {NEXT: ("fail", "no module\na\nb\n-> c")}


def test_good_with_a_bad_exit_code_is_no_pass():
    assert found('{"outcome": "good"}', rc=1) == {NEXT: ("fail", "outcome: good")}


@pytest.mark.parametrize("out", ["", "no json", "[]", "null", "{}", "3", '{"schema": 1}'])
def test_no_answer_is_unknown(out):
    ((outcome, evidence),) = found(out, "usage: driver", 2).values()
    assert outcome == "unknown"
    assert "gave no answer (exit 2): usage: driver" in evidence


def test_an_answer_that_says_unknown_is_unknown():
    answer = {"outcome": "unknown", "reason": "no NVIDIA driver is installed"}
    assert found(json.dumps(answer), rc=1) == {NEXT: ("unknown", answer["reason"])}


def test_the_waiter_waits_until_the_lock_is_free_and_names_who_holds_it(tmp_path):
    archive = tmp_path / "programs.pyz"
    archive.write_bytes(build_archive(ROOT / "host", "driver"))
    waiter = tmp_path / "wait"
    text = rendered(kernel_gate.WAITER).replace(PROGRAMS, str(archive))
    waiter.write_text(text.replace('Path("/")', f'Path("{tmp_path}")'))
    (tmp_path / "proc").symlink_to("/proc")
    lock = tmp_path / "var/lib/dpkg/lock-frontend"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        waiting = subprocess.Popen([sys.executable, waiter], stdout=subprocess.PIPE, text=True)
        assert f"(pid {os.getpid()}, " in waiting.stdout.readline()
        assert waiting.poll() is None
    assert waiting.wait(timeout=30) == 0
    waiting.stdout.close()
    free = subprocess.run(
        [sys.executable, waiter], capture_output=True, text=True, check=True, timeout=30
    )
    assert (free.stdout, free.stderr) == ("", "")


class AskedHost:
    """A host as pyinfra asks it, after a run that was cut: what it says of the gate's last look."""

    def __init__(self, last, is_requested=False):
        self.last, self.is_requested = last, is_requested

    def get_fact(self, fact, **arguments):
        if fact is SinceLastStart:
            assert arguments["start"] == "ExecMainStartTimestamp"
            assert {PROGRAMS, *UNIT_FILES, kernel_gate.APT_HOOK} <= set(arguments["files"])
            return self.last
        assert (fact, arguments) == (File, {"path": REQUEST})
        return {"size": 0} if self.is_requested else None


@pytest.mark.parametrize(
    ("state", "newer", "is_requested", "expected"),
    [
        ("inactive", (PROGRAMS,), False, True),
        ("failed", (PROGRAMS,), False, True),
        ("inactive", (), False, False),
        ("inactive", (PROGRAMS,), True, False),
        ("activating", (PROGRAMS,), False, False),
    ],
)
def test_a_look_is_due_where_a_part_is_newer_than_the_last_one(
    state, newer, is_requested, expected
):
    with ctx_host.use(AskedHost(LastStart(state, newer), is_requested)):
        assert kernel_gate._is_look_due()() is expected
