"""Every answer as people read it: what is good, what is not, and what to do."""

import time

import pytest

from deeprig.backup.answer import HostAnswer
from deeprig.errors import ExitCode
from tests.unit.backup.asked import document
from tests.unit.backup.shown import report, shown

HOUR = 3600.0


def job(outcome="good", hours=2.0, **more):
    now = time.time()
    return {
        "outcome": outcome,
        "started_time": now - hours * HOUR,
        "success_time": now - hours * HOUR,
        "reasons": [],
        "remarks": [],
        "details": {},
    } | more


def standing(*, ok=True, reason="", **jobs):
    jobs = {
        "backup": job(details={"snapshot": "85af55df9999"}),
        "check": None,
        "drill": None,
    } | jobs
    due = {"is_due": False, "reason": "", "next_time": time.time() + 5 * HOUR + 60}
    return {"ok": ok, "reason": reason, "jobs": jobs, "due": {"backup": due}}


def status(*, busy=None, works=(), **repositories):
    told = document(repositories=repositories, busy=busy, works=list(works))
    is_good = all(one["ok"] for one in repositories.values())
    return HostAnswer("rig1", "good" if is_good else "failed", document=told)


def rows(text):
    return [line.split("   ") for line in text.splitlines()]


def cells(text, number=2):
    return [cell.strip() for cell in rows(text)[number] if cell.strip()]


def test_a_good_repository_is_one_line_of_the_table():
    check = job(hours=72, details={"repository_bytes": 5 * 1024**3})
    text = shown(report("status", status(disk=standing(check=check))))
    assert cells(text) == [
        *("rig1", "disk", "2 h ago", "85af55df", "3 days ago", "never"),
        *("in 5 h", "5.0 GiB", "good"),
    ]
    assert text.count("\n") == 3


def test_what_is_wrong_is_said_below_the_table():
    failed = job("failed", 30, details={"snapshot": "85af55df"})
    bad = standing(ok=False, reason="backup: the disk is full", backup=failed)
    text = shown(report("status", status(disk=bad)))
    assert cells(text)[2] == "failed, good 30 h ago"
    assert cells(text)[-1] == "not good"
    assert "rig1 disk: backup: the disk is full" in text


@pytest.mark.parametrize(
    ("busy", "word"), [(None, "cut off, good 2 h ago"), ("a backup runs", "running, good 2 h ago")]
)
def test_a_job_that_does_not_end_was_cut_off_unless_somebody_works(busy, word):
    last = job(details={"snapshot": "0123456789ab"})
    text = shown(
        report("status", status(busy=busy, disk=standing(backup=job("running", last=last))))
    )
    assert cells(text)[2:4] == [word, "01234567"]


def test_what_runs_now_is_told_with_how_far_it_is():
    far = {"step": "backing up", "repository": "disk", "share": 0.25, "done_bytes": 2048}
    work = {"unit": "u1", "is_running": True, "begun_time": time.time() - 90, "progress": far}
    ended = {"unit": "u0", "is_running": False, "begun_time": 1.0, "is_told": True}
    text = shown(report("status", status(works=(ended, work), disk=standing())))
    assert "rig1: runs, begun 2 min ago: disk: backing up  25%  2.0 KiB (u1)" in text
    assert "u0" not in text


@pytest.mark.parametrize(("code", "how"), [(1, "ended with code 1"), (None, "was killed")])
def test_work_that_ended_while_nobody_followed_is_told(code, how):
    work = {"unit": "u0", "is_running": False, "begun_time": time.time() - 90, "exit_code": code}
    text = shown(report("status", status(works=(work,), disk=standing())))
    assert f"rig1: u0, begun 2 min ago, {how}, and nobody followed: 'deeprig backup" in text


def test_what_is_followed_is_shown_as_what_it_is():
    text = shown(report("follow", backed_up(), status(disk=standing())))
    assert cells(text)[3] == "85af55df"
    assert "VERDICT" in text


def test_a_repository_of_which_nothing_is_told_is_not_good():
    told = document(repositories={"disk": None})
    text = shown(report("status", HostAnswer("rig1", "failed", document=told)))
    assert cells(text)[-1] == "not good"
    assert "rig1 disk: how it stands is not told" in text


def test_a_time_in_the_future_is_told_as_that():
    text = shown(report("status", status(disk=standing(backup=job(hours=-48)))))
    assert "in the future (" in cells(text)[2]


def test_a_narrow_terminal_has_a_block_instead_of_a_table():
    text = shown(report("status", status(disk=standing())), width=40)
    assert text.startswith("rig1 disk: good\n")
    assert "    backup      2 h ago\n" in text
    assert max(map(len, text.splitlines())) <= 40


def test_a_host_without_an_answer_is_told_with_the_remedy():
    gone = HostAnswer("rig2", "unreachable", "rig2: no connection", "is it on?")
    text = shown(report("status", status(disk=standing()), gone))
    assert text.endswith("rig2: unreachable: rig2: no connection\n    -> is it on?\n")


def test_no_number_is_cut_on_a_narrow_terminal():
    text = shown(report("now", backed_up()), width=50)
    assert text.startswith("rig1 disk: good\n    snapshot    85af55df\n")
    assert "    size        2.0 KiB\n" in text
    assert max(map(len, text.splitlines())) <= 50
    assert "OUTCOME   SNAPSHOT" in shown(report("now", backed_up()), width=100)


def backed_up(outcome="good", **more):
    details = {
        "snapshot": "85af55df9999",
        "files": 7,
        "bytes": 2048,
        "added_bytes": 100,
        "seconds": 1.25,
    }
    one = job(outcome, details=details) | more
    told = document("run", ok=outcome == "good", repositories={"disk": one})
    return HostAnswer("rig1", "good" if outcome == "good" else "failed", document=told)


def test_a_backup_is_told_in_numbers_and_its_remarks_when_asked():
    made = report("now", backed_up(remarks=["unlocked it"]))
    wanted = ["rig1", "disk", "good", "85af55df", "7", "2.0 KiB", "100 B"]
    assert cells(shown(made))[:7] == wanted
    assert "unlocked it" not in shown(made)
    assert "rig1 disk: note: unlocked it" in shown(made, verbose=True)


def test_a_backup_that_failed_says_why():
    text = shown(report("now", backed_up("failed", reasons=["no room"], remarks=["and a note"])))
    assert cells(text)[2] == "failed"
    assert "rig1 disk: no room\nrig1 disk: note: and a note\n" in text


def test_a_proof_that_could_not_be_made_is_unproven_and_not_good():
    details = {"outcome": "unproven", "snapshot": "85af55df", "files": 0}
    one = job("failed", details=details, reasons=["unproven", "locked"])
    told = document("drill", ok=False, repositories={"disk": one})
    text = shown(report("drill", HostAnswer("rig1", "failed", document=told)))
    assert cells(text)[2] == "unproven"


def test_a_word_of_the_details_never_makes_a_job_good():
    for word in ("running", "failed"):
        one = job(word, details={"outcome": "good"})
        told = document("check", ok=False, repositories={"disk": one})
        text = shown(report("check", HostAnswer("rig1", "failed", document=told)))
        assert cells(text)[2] == word


def test_a_list_shows_the_newest_unless_all_are_asked_for():
    rows = [
        {
            "id": f"{n:08d}ffff",
            "time": 1.7e9 + n,
            "host": "rig9",
            "tags": ["deeprig"],
            "paths": ["/h"],
        }
        for n in range(30)
    ]
    good = {"refused": None, "snapshots": rows}
    bad = {
        "refused": {"reason": "locked", "evidence": ["by pid 7"], "remedy": "wait"},
        "snapshots": [],
    }
    told = document("list", ok=False, repositories={"disk": good, "nas": bad})
    made = report("list", HostAnswer("rig1", "failed", document=told))
    text = shown(made)
    assert "rig1 disk: 30 snapshots, the newest 20 of them (-v shows all)" in text
    assert "00000029   2023-11-14 22:13:49   rig9" in text
    assert "00000009 " not in text
    assert "rig1 nas: unknown: locked; by pid 7\n    -> wait\n" in text
    assert "00000009 " in shown(made, verbose=True)


def restored(*, is_dry_run=False, ok=True, **more):
    placed = [{"path": f"/home/k{n}", "action": "kept", "reason": "it is newer"} for n in range(25)]
    placed.append({"path": "/home/bad", "action": "failed", "reason": "Is a directory"})
    told = document("restore", ok=ok, repository="disk", target="/", overwrite="newer")
    told |= {"snapshot": {"id": "85af55df99", "host": "rig0", "time": 1.7e9}, "paths": ["/home"]}
    told |= {"counts": {"created": 9, "kept": 25, "failed": 1, "same": 4}, "placed": placed}
    told |= {"is_dry_run": is_dry_run, "size_bytes": 10} | more
    return HostAnswer("rig1", "good" if ok else "failed", document=told)


def test_a_restore_tells_what_was_kept_and_what_went_wrong_first():
    text = shown(report("restore", restored(ok=False)))
    assert text.startswith(
        "rig1: restored of snapshot 85af55df (2023-11-14 22:13:20 UTC, of rig0) from disk in place"
        ", 10 B: /home\n    1 could not be restored\n        /home/bad: Is a directory\n"
        "    25 kept\n"
    )
    assert "/home/k19: it is newer\n        and 5 more (-v)\n" in text
    assert text.endswith("    9 made\n    4 the same already\n")
    assert "/home/k24" in shown(report("restore", restored(ok=False)), verbose=True)


def test_a_dry_run_says_that_nothing_is_changed():
    text = shown(report("restore", restored(is_dry_run=True)))
    assert text.startswith("rig1: nothing is changed; a restore of snapshot 85af55df")
    assert "25 would be kept" in text


@pytest.mark.parametrize(("is_complete", "is_told"), [(False, True), (True, False), (None, False)])
def test_a_restore_of_a_snapshot_that_lacks_a_source_says_so(is_complete, is_told):
    told = restored()
    told.document["snapshot"]["is_complete"] = is_complete
    assert ("the snapshot lacks a source" in shown(report("restore", told))) is is_told


@pytest.mark.parametrize(
    ("statuses", "was_interrupted", "code"),
    [
        (["good", "good"], False, ExitCode.GOOD),
        (["good", "unreachable"], False, ExitCode.UNREACHABLE),
        (["good", "left running"], False, ExitCode.UNREACHABLE),
        (["unreachable", "failed"], False, ExitCode.FAILED),
        ([], False, ExitCode.FAILED),
        (["good"], True, ExitCode.INTERRUPTED),
    ],
)
def test_the_exit_code_is_the_worst_that_happened(statuses, was_interrupted, code):
    hosts = (HostAnswer(f"rig{n}", status) for n, status in enumerate(statuses))
    made = report("now", *hosts, was_interrupted=was_interrupted)
    assert made.exit_code is code
    assert made.to_json()["exit_code"] == int(code)
    assert made.to_json()["schema"] == "deeprig.backup.now/1"


def rebuilt(*, is_rebuilt=True, **more):
    told = document("rebuild", ok=is_rebuilt, snapshot="85af55df99", of_host="rig0")
    told |= {"other_installations": ["0123456789"], "withheld": [["ada", "docker"]]}
    told |= {"packages": {"packages": ["htop"], "unmarked": [], "holds": []}, "shells": []}
    told |= {"left": [{"path": f"/x{n}", "why": "old"} for n in range(25)], "aside": ["/etc"]}
    told |= {"is_dry_run": False, "made": [{"name": "/opt/e", "is_good": False, "reason": "no"}]}
    kept = {"path": "/home/ada/k", "action": "kept", "reason": "it is newer"}
    told |= {"restored": {"counted": {"created": 3, "kept": 1}, "placed": [kept]}}
    missing = {"area": "hold", "name": "curl", "verdict": "missing", "detail": "it was held"}
    same = {"area": "user", "name": "ada", "verdict": "same", "detail": ""}
    told |= {"is_rebuilt": is_rebuilt, "findings": [same, missing], "restored_aside": None} | more
    return HostAnswer("rig1", "good" if is_rebuilt else "failed", document=told)


def test_a_rebuild_tells_what_is_lacking_and_the_verdict():
    text = shown(report("rebuild", rebuilt(is_rebuilt=False)))
    assert text.startswith("rig1: a rebuild of rig0, snapshot 85af55df\n    failed: /opt/e: no\n")
    for line in (
        "    another installation had this name too: --snapshot 01234567 takes it",
        "    ada was in docker, which makes root: only the inventory gives that",
        "    chosen packages that are missing: htop",
        "    and 5 more only in the backup",
        "    3 made",
        "        /home/ada/k: it is newer",
        "rig1: not rebuilt",
        "    user: 1 same",
        "        curl: missing (it was held)",
    ):
        assert f"{line}\n" in text
    assert "rig1: rebuilt\n" in shown(report("rebuild", rebuilt()))


def test_a_dry_rebuild_has_no_verdict():
    people = {"users": [{"name": "ada"}], "groups": [{"name": "lab"}]}
    people |= {"memberships": [["ada", "lab"]], "environments": ["/opt/e"], "made": []}
    text = shown(
        report("rebuild", rebuilt(is_dry_run=True, is_rebuilt=None, findings=[], **people))
    )
    assert text.startswith("rig1: nothing is changed; a rebuild of rig0, snapshot 85af55df\n")
    for line in (
        "make group lab",
        "make user ada",
        "put ada into lab",
        "make the environment /opt/e",
    ):
        assert f"    would {line}\n" in text
    assert "1 would be kept" in text
    assert "rebuilt\n" not in text


@pytest.mark.parametrize("number", [10**400, -(10**400), 1e308, -1e308], ids=range(4))
def test_a_number_of_one_host_never_hides_the_others(number):
    details = dict.fromkeys(("repository_bytes", "bytes", "files", "seconds"), number)
    bad = standing(
        backup=job(success_time=number, details={"snapshot": "85af55df"}),
        check=job(details=details),
    )
    work = {"begun_time": number, "unit": "deeprig-backup-run-1", "is_running": True}
    work["progress"] = {"step": "saves", "share": number, "done_bytes": number}
    hosts = (status(disk=standing()), status(disk=bad, works=[work]), status(disk=standing()))
    assert shown(report("status", *hosts)).count("85af55df") == 3
