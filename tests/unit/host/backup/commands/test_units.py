"""Long work: it outlives whoever asked for it, is followed again, and ends in order."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from deeprig_host.backup.starting import stop
from deeprig_host.backup.units import PREFIX, Work, make_work, works
from deeprig_host.machine.commands import Done, Machine
from deeprig_host.machine.refusal import Refused

from tests.unit.report.small_documents import mistakes

_BOUND_SECONDS = 60


def until(is_so, what):
    end = time.monotonic() + _BOUND_SECONDS
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def begun_unit(process):
    """The unit that the first line of a follower names."""
    return json.loads(process.stderr.readline())["unit"]


def end(*processes):
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def test_a_work_tells_its_unit_then_how_far_it_is_then_its_document(rig):
    code, out, err = rig.run(*rig.begin())
    told = [json.loads(line) for line in err]
    assert told[0]["unit"].startswith(f"{PREFIX}run-")
    assert all(set(one) >= {"what", "repository", "share"} for one in told[1:])
    document = json.loads(out)
    assert (code, document["schema"], document["ok"]) == (0, "deeprig.backup-run/1", True)
    assert document["repositories"]["disk"]["details"]["snapshot"] == "85af55df"


def test_a_work_that_failed_exits_as_it_did(rig):
    rig.write("restic", "#!/bin/sh\necho no room >&2\nexit 1\n").chmod(0o700)
    code, out, _ = rig.run(*rig.begin())
    assert (code, json.loads(out)["ok"]) == (1, False)


def test_a_work_that_is_refused_tells_why_in_words_and_as_a_document(rig):
    code, out, err = rig.run(*rig.begin("--repository", "moon"))
    refused = json.loads(out)["refused"]
    assert (code, refused["reason"]) == (1, "no repository moon is declared")
    assert any("no repository moon is declared" in line for line in err)


def test_a_follower_that_dies_ends_nothing_and_the_same_command_follows_again(rig):
    rig.write("wait", "")
    first = rig.start(*rig.begin())
    unit = begun_unit(first)
    end(first)
    second = rig.start(*rig.begin())
    assert begun_unit(second) == unit
    rig.write("go", "")
    out, _ = second.communicate(timeout=_BOUND_SECONDS)
    assert (second.returncode, json.loads(out)["ok"]) == (0, True)
    assert len([line for line in rig.log() if line.startswith("backup")]) == 1


def test_a_follower_whom_nobody_hears_ends_and_the_work_goes_on(rig):
    rig.write("wait", "")
    process = rig.start(*rig.begin())
    begun_unit(process)
    process.stdout.close()
    process.stderr.close()
    assert process.wait(timeout=_BOUND_SECONDS) != 0
    assert [one["is_running"] for one in rig.status()["works"]] == [True]
    rig.write("go", "")
    assert [one["is_told"] for one in rig.status()["works"]] == [False]
    code, out, _ = rig.run("follow")
    assert (code, json.loads(out)["ok"]) == (0, True)
    assert [one["is_told"] for one in rig.status()["works"]] == [True]


def test_status_tells_what_runs_how_far_it_is_and_that_repositories_are_held(rig):
    rig.write("wait", "")
    process = rig.start(*rig.begin())
    unit = begun_unit(process)
    until(lambda: (rig.status()["works"][0]["progress"] or {}).get("share") == 0.5, "no progress")
    told = rig.status()
    assert mistakes(told, "backup-status") == []
    assert mistakes(told["repositories"]["disk"], "backup standing") == []
    assert "a backup, a check or a drill is running on this host" in told["busy"]
    work = told["works"][0]
    assert (work["unit"], work["is_running"], work["exit_code"]) == (unit, True, None)
    assert work["command"][0] == "run"
    rig.write("go", "")
    process.communicate(timeout=_BOUND_SECONDS)
    told = rig.status()
    assert (told["busy"], told["works"][0]["exit_code"]) == (None, 0)


def test_a_work_that_was_killed_is_told_as_that_and_never_as_good(rig):
    rig.write("wait", "")
    process = rig.start(*rig.begin())
    work = Work(rig.machine.path("/run/deeprig/backup/units") / begun_unit(process))
    found = {
        int(path.name): _parent(path)
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and work.name.encode() in _command(path)
    }
    # What it has just forked has its command line until it becomes another program.
    (pid,) = (pid for pid, parent in found.items() if parent not in found)

    os.kill(pid, signal.SIGKILL)
    out, err = process.communicate(timeout=_BOUND_SECONDS)
    assert (process.returncode, out) == (137, "")
    assert f"{work.name} was ended from outside, before its work was done" in err
    assert rig.status()["works"][0]["exit_code"] is None
    rig.write("go", "")


def _parent(process):
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _command(process):
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def test_sigterm_ends_a_work_in_order_and_its_code_is_known(rig):
    rig.write("wait", "")
    process = rig.start(*rig.begin())
    work = Work(rig.machine.path("/run/deeprig/backup/units") / begun_unit(process))
    until(lambda: any(line.startswith("backup") for line in rig.log()), "restic did not begin")

    def as_systemctl(*words, **_options):
        assert words == ("systemctl", "stop", work.name)
        for path in Path("/proc").iterdir():
            if path.name.isdigit() and work.name.encode() in _command(path):
                os.kill(int(path.name), signal.SIGTERM)
        until(lambda: not work.is_running(), "it did not end")
        return Done(words, 0)

    stop(Machine(rig.machine.root, as_systemctl), work)
    assert work.code == 143
    assert "ended" in rig.log()
    _, err = process.communicate(timeout=_BOUND_SECONDS)
    assert process.returncode == 143
    assert f"{work.name} was ended before its work was done, as it was told to" in err


def test_a_work_that_cannot_be_ended_is_told(rig):
    work = make_work(rig.machine, ("run",))
    failing = Machine(rig.machine.root, lambda *words, **_: Done(words, 1, err="no such unit"))
    with pytest.raises(Refused, match="could not be ended"):
        stop(failing, work)


def test_only_long_work_can_be_begun(rig):
    for words in (("begin",), ("begin", "status"), ("begin", "at-work", "x")):
        code, _, err = rig.run(*words)
        assert (code, err[0].split(";")[0]) == (1, "nothing to begin is named")


def test_nothing_to_follow_is_told(rig):
    code, out, _ = rig.run("follow", "--json")
    assert (code, json.loads(out)["refused"]["reason"][:12]) == (1, "nothing runs")
    code, _, err = rig.run("follow", "moon")
    assert (code, err[0].split(";")[0]) == (1, "there is no work moon")


def test_the_oldest_results_go_and_what_runs_stays(tmp_path):
    machine = Machine(tmp_path)
    running = make_work(machine, ("run",))
    with running.lived():
        for number in range(12):
            work = make_work(machine, ("check", str(number)))
            with work.lived():
                work.end_with(0)
        left = works(machine)
        assert running in left
        assert [one.words[1] for one in left if one != running] == [str(n) for n in range(4, 12)]


def test_a_work_that_goes_while_they_are_listed_hides_no_other(tmp_path):
    machine = Machine(tmp_path)
    first, second = (make_work(machine, (name,)) for name in ("run", "check"))
    (first.place / "words").unlink()  # as another call's sweep has it halfway
    assert works(machine) == (second,)


def test_a_work_that_another_call_swept_already_is_no_fault(tmp_path, monkeypatch):
    machine = Machine(tmp_path)
    for _ in range(9):
        work = make_work(machine, ("run",))
        with work.lived():
            work.end_with(0)
    real = Path.rename

    def rename(path, target):
        if not path.name.startswith("."):
            shutil.rmtree(path)
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    assert make_work(machine, ("check",)) in works(machine)


def test_a_work_has_one_process(tmp_path):
    work = make_work(Machine(tmp_path), ("run",))
    assert not work.is_running()
    with work.lived():
        assert work.is_running()
        with pytest.raises(BlockingIOError), work.lived():
            pass
    assert not work.is_running()


def test_files_of_a_work_are_for_root_alone(tmp_path):
    work = make_work(Machine(tmp_path), ("run",))
    assert work.place.stat().st_mode & 0o077 == 0
    assert work.place.parent.stat().st_mode & 0o077 == 0


def test_spoilt_files_of_a_work_are_unknown(tmp_path):
    work = make_work(Machine(tmp_path), ("run",))
    for name, text in (("words", "{"), ("code", "0x"), ("far", "{broken")):
        (work.place / name).write_text(text)
    assert (work.words, work.code, work.described()["progress"]) == ((), None, None)
