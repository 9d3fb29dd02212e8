"""One run holds a host: the program that holds it, run here on a directory of the test's own."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from pyinfra.api.exceptions import FactProcessError

from deeprig.engine.host_lock import _LOOK, Claim, HostLock, LockOwner, minutes, owner_of
from deeprig.engine.shell_text import shell_text

BOUND_SECONDS = 60


def wait_until(what):
    deadline = time.monotonic() + BOUND_SECONDS
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


class Holder:
    """A run's line to its holding program."""

    def __init__(self, directory, token, silent_seconds=BOUND_SECONDS):
        whose = (token, f"{token}@desk", "4711", "apply", "2026-11-21 12:03:11 UTC")
        words = (shell_text("host_lock.sh"), "hold", str(directory), str(silent_seconds), *whose)
        self.process = subprocess.Popen(
            ("sh", "-c", *words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def answer(self):
        """Return the last word of the answer and what came before it."""
        lines = []
        for line in self.process.stdout:
            word = line.rstrip("\n")
            if word in ("held", "refused"):
                return word, lines
            lines.append(word)
        raise AssertionError(f"no answer but {lines}")

    def beat(self):
        self.process.stdin.write("beat\n")
        self.process.stdin.flush()

    def end(self):
        """Let go in order."""
        self.process.communicate("end\n", timeout=BOUND_SECONDS)

    def lose(self):
        """Close the line, as a dead controller's kernel does."""
        self.process.stdin.close()
        self.process.wait(timeout=BOUND_SECONDS)
        self.process.stdout.close()

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=BOUND_SECONDS)


@pytest.fixture
def holding(tmp_path):
    started = []

    def hold(token, **options):
        started.append(Holder(tmp_path / "run", token, **options))
        return started[-1]

    yield hold
    for holder in started:
        if holder.process.returncode is None:
            holder.kill()


def looked(directory):
    done = subprocess.run(
        ("sh", "-c", _LOOK, "look", str(directory), str(BOUND_SECONDS)),
        capture_output=True,
        text=True,
        check=True,
    )
    return HostLock().process(done.stdout.splitlines())


def test_a_host_is_held_and_freed_in_order(holding, tmp_path):
    first = holding("alice")
    assert first.answer() == ("held", [])
    first.end()
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["host.lock"]
    assert holding("bob").answer() == ("held", [])


def test_a_second_run_is_refused_and_told_who_holds_the_host(holding):
    holding("alice").answer()
    word, lines = holding("bob").answer()
    assert (word, lines[0]) == ("refused", "taken")
    owner = owner_of(lines[1:])
    assert (owner.token, owner.owner, owner.pid) == ("alice", "alice@desk", 4711)
    assert owner.told.startswith("alice@desk, pid 4711, since 2026-11-21 12:03:11 UTC (apply, ")


def test_the_refused_one_does_no_harm_to_the_first(holding, tmp_path):
    first = holding("alice")
    first.answer()
    holding("bob").answer()
    first.beat()
    assert looked(tmp_path / "run").owner == "alice@desk"
    assert holding("carol").answer()[0] == "refused"


def test_a_lost_controller_frees_the_host_at_once_and_its_name_stays(holding, tmp_path):
    first = holding("alice")
    first.answer()
    first.lose()
    assert looked(tmp_path / "run") is None
    second = holding("bob")
    word, lines = second.answer()
    assert (word, lines[0]) == ("held", "stale")
    assert owner_of(lines[1:]).owner == "alice@desk"
    second.end()
    assert holding("carol").answer() == ("held", []), "it is told once"


def test_silence_frees_the_host(holding):
    first = holding("alice", silent_seconds=1)
    first.answer()
    assert first.process.wait(timeout=BOUND_SECONDS) == 1
    assert holding("bob").answer()[1][0] == "stale"


def test_a_killed_holder_frees_the_host(holding):
    first = holding("alice")
    first.answer()
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(timeout=BOUND_SECONDS)
    assert holding("bob").answer()[1][0] == "stale"


def test_a_holder_that_hangs_is_ended_once_it_was_silent_for_too_long(holding, tmp_path):
    first = holding("alice", silent_seconds=1)
    first.answer()
    first.process.send_signal(signal.SIGSTOP)
    # As if the sign of life were old: nobody waits for a minute here.
    (tmp_path / "run" / "host.life").write_text("0\n")
    word, lines = holding("bob", silent_seconds=1).answer()
    assert (word, lines[0]) == ("held", "stale")
    assert first.process.wait(timeout=BOUND_SECONDS) == -signal.SIGKILL


def test_a_process_that_only_has_the_number_of_the_holder_is_left_alone(holding, tmp_path):
    first = holding("alice")
    first.answer()
    data = tmp_path / "run" / "host.owner"
    told = data.read_text().splitlines()
    # The process with the holder's number started at another time than the holder did.
    data.write_text("\n".join("start 1" if x.startswith("start") else x for x in told) + "\n")
    assert looked(tmp_path / "run") is None
    word, lines = holding("bob").answer()
    assert (word, lines[0]) == ("refused", "taken"), "it is not ended, and the lock stays its"
    assert first.process.poll() is None


def test_a_run_ends_its_own_holder_of_an_earlier_connection(holding):
    first = holding("alice")
    first.answer()
    word, lines = holding("alice").answer()
    assert (word, lines[:2]) == ("held", ["stale", "token alice"])
    assert first.process.wait(timeout=BOUND_SECONDS) == -signal.SIGKILL


def test_what_another_boot_left_is_stale(holding, tmp_path):
    first = holding("alice")
    first.answer()
    data = tmp_path / "run" / "host.owner"
    assert looked(tmp_path / "run") is not None
    told = data.read_text().splitlines()
    data.write_text("\n".join("boot another" if x.startswith("boot") else x for x in told) + "\n")
    assert looked(tmp_path / "run") is None


def test_signs_of_life_are_counted_in_the_hosts_uptime(holding, tmp_path):
    first = holding("alice")
    first.answer()
    life = tmp_path / "run" / "host.life"
    life.write_text("1\n")
    first.beat()
    wait_until(lambda: life.read_text() not in ("", "1\n"))
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    assert uptime - BOUND_SECONDS < int(life.read_text()) <= uptime


def test_damaged_data_is_told_and_no_data_is_nobody():
    assert HostLock().process([]) is None
    with pytest.raises(FactProcessError, match="it lacks 'token'"):
        HostLock().process(["uptime 5", "owner alice@desk"])
    with pytest.raises(FactProcessError, match="cannot be read"):
        HostLock().process(["uptime soon"])


def test_a_claim_names_this_process():
    claim = Claim.of_this_process("apply")
    assert claim.pid == os.getpid()
    assert "@" in claim.owner
    assert claim.token != Claim.of_this_process("apply").token


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (3900, "1 h 5 min")]
)
def test_lengths_of_time_are_for_people(seconds, told):
    assert minutes(seconds) == told
    assert told in LockOwner("t", "a@b", 1, "apply", "now", seconds, 0).told


def test_who_meets_a_silent_run_waits_until_it_is_lost(holding, tmp_path):
    first = holding("alice", silent_seconds=8)
    first.answer()
    uptime = int(float(Path("/proc/uptime").read_text().split()[0]))
    # Silent for longer than the doubt begins, and not yet for as long as a lost one.
    (tmp_path / "run" / "host.life").write_text(f"{uptime - 4}\n")
    word, lines = holding("bob", silent_seconds=8).answer()
    assert (word, lines[0]) == ("held", "stale")
