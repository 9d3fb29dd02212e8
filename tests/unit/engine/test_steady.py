"""Work that outlives its follower: the programs that carry it, run here in the tests' own session.

Where systemd runs, the work is a unit; here and in a container it is a session of its own. The
package system's part needs a real one: tests/e2e/test_interruptions.py.
"""

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest
from pyinfra.api.command import QuoteString, StringCommand

from deeprig.engine import steady_command
from deeprig.engine.left_running import Work, works_of
from deeprig.engine.steady_command import SteadyCommand, earlier_work
from deeprig.tasks.steady import steadily

BOUND_SECONDS = 60


@pytest.fixture
def run_directory(tmp_path, monkeypatch):
    monkeypatch.setattr(steady_command, "DIRECTORY", str(tmp_path / "steady"))
    return tmp_path / "steady"


def wait_until(what):
    deadline = time.monotonic() + BOUND_SECONDS
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def start(command, **environment):
    return subprocess.Popen(
        # Where the tests run under nohup(1), a hangup would be ignored by all that they start.
        ("env", "--default-signal=HUP", "sh", "-c", command.get_raw_value()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | environment,
    )


def finished(command, **environment):
    process = start(command, **environment)
    out, _ = process.communicate(timeout=BOUND_SECONDS)
    return process.returncode, out


def steady(text):
    return SteadyCommand(StringCommand(text), "test", is_apt=False)


def left_running(seconds=0):
    code, out = finished(earlier_work(seconds))
    assert code == 0, out
    return works_of(out.splitlines())


def test_output_and_exit_code_are_the_commands_own(run_directory):
    assert finished(steady("echo out; echo err >&2; exit 3")) == (3, "out\nerr\n")
    assert [p.name for p in run_directory.iterdir()] == ["steady.lock"]


def test_the_command_gets_its_environment_its_directory_and_its_quotes(run_directory, tmp_path):
    place = tmp_path / "a place's"
    place.mkdir()
    carried = steady('echo "$WORD"; pwd').get_raw_value()
    text = f"cd {shlex.quote(str(place))} && {carried}"
    done = subprocess.run(
        ("sh", "-c", text),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"WORD": 'it\'s $x "y" `z`'},
        timeout=BOUND_SECONDS,
    )
    assert done.stdout == f'it\'s $x "y" `z`\n{place}\n'


def test_secrets_of_the_environment_are_for_root_alone_and_in_nobodys_arguments(
    run_directory, tmp_path
):
    go = tmp_path / "go"
    process = start(steady(f"until [ -e {go} ]; do sleep 0.05; done"), WORD="correct-horse")
    wait_until(lambda: list(run_directory.glob("*/worker")))
    (job,) = (path.parent for path in run_directory.glob("*/worker"))
    assert "correct-horse" in (job / "environment").read_text()
    assert job.stat().st_mode & 0o077 == 0
    worker = (job / "worker").read_text().split()[0]
    assert "correct-horse" not in Path(f"/proc/{worker}/cmdline").read_text()
    go.touch()
    assert process.wait(BOUND_SECONDS) == 0
    process.stdout.close()


@pytest.mark.parametrize("kind", [signal.SIGHUP, signal.SIGTERM, signal.SIGKILL])
def test_work_goes_on_without_its_follower_and_is_told_until_it_ends(run_directory, tmp_path, kind):
    go, done = tmp_path / "go", tmp_path / "done"
    command = steady(f"echo begun; until [ -e {go} ]; do sleep 0.05; done; touch {done}; exit 7")
    process = start(command)
    assert process.stdout.readline() == "begun\n"
    os.killpg(process.pid, kind)
    process.wait(BOUND_SECONDS)
    process.stdout.close()
    (work,) = left_running()
    assert (work.unit, work.last_lines) == (command.unit, ("begun",))
    assert 0 <= work.seconds < BOUND_SECONDS
    go.touch()
    (ended,) = left_running(BOUND_SECONDS)
    assert (ended.unit, ended.seconds, ended.code) == (command.unit, None, "7")
    assert done.exists()
    assert left_running() == (), "it is told once"


def test_a_reader_that_goes_away_does_not_end_the_work(run_directory, tmp_path):
    go, done = tmp_path / "go", tmp_path / "done"
    process = start(
        steady(f"echo begun; until [ -e {go} ]; do echo more; sleep 0.05; done; touch {done}")
    )
    assert process.stdout.readline() == "begun\n"
    process.stdout.close()
    process.wait(BOUND_SECONDS)
    assert not done.exists()
    go.touch()
    wait_until(done.exists)
    left_running(BOUND_SECONDS)


def test_work_that_is_ended_from_outside_is_no_success(run_directory):
    process = start(steady("echo begun; exec sleep 600"))
    assert process.stdout.readline() == "begun\n"
    (worker,) = run_directory.glob("*/worker")
    number = int(worker.read_text().split()[0])
    os.killpg(number, signal.SIGKILL)
    out, _ = process.communicate(timeout=BOUND_SECONDS)
    assert process.returncode == 137
    assert "was ended from outside" in out


def test_the_end_of_work_that_is_followed_is_its_followers_to_take(run_directory, tmp_path):
    """Who waits meanwhile takes nothing (pyinfra's own command line holds no host)."""
    go = tmp_path / "go"
    followed = start(steady(f"echo begun; until [ -e {go} ]; do sleep 0.05; done; exit 5"))
    assert followed.stdout.readline() == "begun\n"
    (follower,) = run_directory.glob("*/follower")
    number = int(follower.read_text().split()[0])
    os.kill(number, signal.SIGSTOP)
    waiting = start(earlier_work(BOUND_SECONDS))
    go.touch()
    out, _ = waiting.communicate(timeout=BOUND_SECONDS)
    assert (waiting.returncode, out) == (0, "")
    os.kill(number, signal.SIGCONT)
    followed.communicate(timeout=BOUND_SECONDS)
    assert followed.returncode == 5


def test_never_two_at_once(run_directory, tmp_path):
    go, order = tmp_path / "go", tmp_path / "order"
    first = start(steady(f"echo begun; until [ -e {go} ]; do sleep 0.05; done; echo 1 >>{order}"))
    assert first.stdout.readline() == "begun\n"
    second = start(steady(f"echo 2 >>{order}"))
    assert second.stdout.readline() == "deeprig: waits for earlier work of deeprig on this host\n"
    go.touch()
    for process in (first, second):
        process.communicate(timeout=BOUND_SECONDS)
    assert order.read_text() == "1\n2\n"


def test_a_child_that_stays_does_not_keep_the_next_work_waiting(run_directory, tmp_path):
    number = tmp_path / "number"
    text = f"setsid sleep 600 >/dev/null 2>&1 & echo $! >{number}"
    try:
        assert finished(steady(text))[0] == 0
        assert finished(steady("echo next")) == (0, "next\n")
    finally:
        os.kill(int(number.read_text()), signal.SIGKILL)


def test_people_see_the_command_and_not_what_carries_it():
    command = SteadyCommand(StringCommand("conda", QuoteString("a b")), "conda", is_apt=False)
    assert str(command) == command.get_masked_value() == "conda 'a b'"
    assert command.unit.startswith("deeprig-steady-conda-")
    assert "deeprig-steady-conda-" in command.get_raw_value()


def test_what_is_no_shell_command_stays_and_nothing_is_wrapped_twice():
    from deeprig.engine.operations import Step

    step = Step(lambda: None)
    plain = StringCommand("true", _env={"A": "b"})
    first, second, third = steadily(["true", step, plain], "test")
    assert isinstance(first, SteadyCommand)
    assert second is step
    assert third.connector_arguments == {"_env": {"A": "b"}}
    (again,) = steadily([first], "other")
    assert again is first


def test_what_a_host_tells_of_its_works():
    lines = ["ended a none", "line x", "running b 61", "line 10%\r 50%", "line two"]
    assert works_of(lines) == (
        Work("a", None, "none", ("x",)),
        Work("b", 61, "61", ("50%", "two")),
    )
    assert works_of(lines)[0].told == "unit a, whose run was lost, ended in the middle, last: x"
    assert works_of(lines)[1].told == "unit b runs for 61 s, last: 50% / two"
    with pytest.raises(ValueError, match="surprise"):
        works_of(["surprise"])
