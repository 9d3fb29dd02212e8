"""Repositories on another machine: a workstation in an attacker's hands cannot take them away.

Two real hosts, real sshd, rclone, restic's REST server and restic 0.14 and 0.18. The attacker is
root on the workstation and has every secret that is there.
"""

import json
import shutil

import pytest

from tests.e2e.backup_server_lab import (
    PYTHON,
    REST_CLIENT,
    ROOM,
    SFTP_CLIENT,
    STORE,
    ServedLab,
)
from tests.e2e.running import LabDirectory

APPEND, REST = "append", "rest"
_PRUNE = "systemctl start deeprig-backup-prune.service"
_ASK = f"{PYTHON} -m deeprig_host.backup_server ask"


def served_lab(hosts, channel, path, nas, ws, **more):
    lab = LabDirectory(path / "lab", hosts, channel)
    lab.path.mkdir()
    return ServedLab(lab, nas, ws, **more)


@pytest.fixture(scope="module")
def served(hosts, channel, tmp_path_factory):
    """A server with Debian 13 that prunes, and a workstation with Debian 12, backed up twice."""
    prune = {"within_days": 7, "daily": 2, "weekly": 0, "monthly": 0}
    found = served_lab(
        hosts, channel, tmp_path_factory.mktemp("served"), "rig2", "rig1", prune=prune
    )
    try:
        yield prepared(found)
    finally:
        found.clean()
        shutil.rmtree(found.lab.path)


def prepared(found):
    found.prepare()
    found.declare()
    found.lab.run("apply")
    found.fill_others()
    found.back_up()
    found.first = found.originals()
    found.root(found.ws, "echo more >>/srv/deeprig-e2e-work/sub/notes.txt")
    found.back_up()
    found.directories = {
        APPEND: f"{STORE}/{found.ws}/restic",
        REST: f"{STORE}/rest/{REST_CLIENT}",
    }
    found.snapshots = {
        name: json.loads(found.restic(name, "snapshots", "--json")) for name in (APPEND, REST)
    }
    return found


def check_three_ways(served):
    """Every repository is backed up, checked and restored; a second apply changes nothing."""
    assert served.changes() == {served.nas: [], served.ws: []}
    assert served.bad(served.nas) == {}
    # The server's own unit that looks whether anything can be deleted is what verify asks.
    findings = json.loads(served.root(served.nas, _ASK))["findings"]
    assert [one["what"] for one in findings if one["is_good"]] == [
        "it asks for a password",
        "it adds",
        "it changes nothing",
        "it deletes nothing",
        "others' repositories are closed",
    ]
    checked = served.backup_program("check")
    for name in (APPEND, "sftp", REST):
        assert f"{name}: good" in checked
        served.restic(name, "restore", "latest", "--target", f"/tmp/back-{name}")
        back = served.root(served.ws, f"cd /tmp/back-{name}/srv/deeprig-e2e-work && cat */*.txt")
        assert back.endswith("9999\nmore\n")
        served.root(served.ws, f"rm -r /tmp/back-{name}")
    # No report of what was planned and done shows a secret of the server's.
    reports = sorted((served.lab.path / "reports").iterdir())
    assert len(reports) >= 3
    for report in reports:
        assert [word for word in served.secrets if word in report.read_text()] == []
    # What the clients bring lies in their own directories, and nobody else reads it.
    for user in ("backup-other", "nobody"):
        denied = served.root(
            served.nas, f"setpriv --reuid {user} --clear-groups ls {served.directories[APPEND]}", 2
        )
        assert denied == ""


def refused(answers, *methods):
    """The requests with these methods that the server took."""
    return sorted(
        what
        for what, status in answers.items()
        if what.split()[0] in methods and 200 <= status < 300
    )


def check_attacked(served):
    """Root on the workstation takes nothing away and changes nothing; all of it restores."""
    before = {name: served.files(place) for name, place in served.directories.items()}
    others = {
        place: served.files(place) for place in (f"{STORE}/other", f"{STORE}/rest/other-of-rest")
    }

    served.root(served.nas, "touch /tmp/before")

    codes = served.attack("restic", APPEND)
    assert codes.pop("unlock") == 0  # locks are nobody's data, and dead ones must go
    assert all(codes.values())

    for name in (APPEND, REST):
        answers = served.attack("http", name)
        got = {kind: answers[f"GET {kind}"] for kind in ("data", "snapshots", "keys")}
        assert got == dict.fromkeys(got, 200)
        assert refused(answers, "DELETE", "PUT", "PATCH", "MOVE", "COPY") == []
        for kind in ("data", "index", "snapshots", "keys", "config"):
            assert answers[f"DELETE {kind}"] == 403
            assert answers[f"POST {kind}"] == 403
        assert not answers["SEEN"]

    by_ssh = served.attack("ssh", APPEND)
    assert not [what for what, got in by_ssh.items() if got["shell"] or got["banner"]]
    assert {by_ssh[what]["code"] for what in ("another user", "root", "tunnel")} == {255}

    for name, place in served.directories.items():
        after = served.files(place)
        assert {path: after.get(path) for path in before[name]} == before[name]
        # What came later can be told from it by the server's own times, and be set aside.
        words = "find . -type f ! -path '*/locks/*' ! -newer /tmp/before"
        assert set(served.root(served.nas, f"cd {place} && {words}").split("\n")[:-1]) == {
            *before[name]
        }
    assert {place: served.files(place) for place in others} == others

    # And what was there before is all there to be restored, as it was: on the server itself.
    for name, place in served.directories.items():
        first, last = (row["id"] for row in served.snapshots[name])
        assert served.restored(place, first) == served.first
        assert served.restored(place, last) == served.originals()

    # What the attacker brought can keep the client out (it named files that look like locks): set
    # aside what came later, and the repository is what it was, and goes on.
    for name, place in served.directories.items():
        served.set_aside(place, "/tmp/before")
        assert served.files(place) == before[name]
    served.back_up(APPEND, REST)


def test_three_ways_to_a_server_are_backed_up_listed_checked_and_restored(served):
    check_three_ways(served)


def test_root_on_the_workstation_deletes_and_changes_nothing(served):
    check_attacked(served)


@pytest.mark.full
def test_over_sftp_a_client_can_delete_its_own_and_nothing_else(served):
    """What a chroot protects, and what not: this is what plan, verify and the docs say too."""
    by_ssh = served.attack("ssh", "sftp")
    assert not [what for what, got in by_ssh.items() if got["shell"] or got["banner"]]
    found = served.attack("sftp", "sftp")
    assert found.pop("deletes its own") == 0
    assert all(found.values())
    assert served.root(served.nas, f"ls {STORE}/{SFTP_CLIENT}").split() == ["restic"]
    report = served.lab.json("verify", "--role", "backup_server", "--limit", served.nas, code=None)
    names = {check["name"] for check in report["hosts"][0]["checks"]}
    assert f"how {SFTP_CLIENT} is protected: it can delete its repository (sftp)" in names
    assert f"how {REST_CLIENT} is protected: append-only" in names


def pruned(served, code):
    """Prune on the server, and return how it ended for the workstation."""
    served.root(served.nas, _PRUNE, code)
    told = json.loads(served.root(served.nas, "cat /var/lib/deeprig/backup_server/prune.json"))
    (client,) = told["clients"]
    return client


def test_the_server_prunes_and_forged_snapshots_stop_it(served):
    place = served.directories[APPEND]
    as_client = f"RESTIC_PASSWORD=$(cat {ROOM}/{served.ws}.password) setpriv "
    as_client += f"--reuid backup-{served.ws} --regid backup-{served.ws} --clear-groups "
    as_client += f"restic --no-cache -q -r {place} "

    def backed_up_at(when, *words):
        data = "/srv/deeprig-e2e-work"
        served.restic(APPEND, "backup", "--tag", "deeprig", "--time", when, *words, data)
        rows = json.loads(served.restic(APPEND, "snapshots", "--json", "--no-lock"))
        return max(rows, key=lambda row: row["time"])["id"], len(rows)

    # An attacker's from the future would be "the last" for ever: nothing is removed, and told.
    forged, count = backed_up_at("2031-01-01 00:00:00")
    ended = pruned(served, 1)
    assert (ended["outcome"], ended["snapshots"], ended["removed"]) == ("refused", count, 0)
    assert any(forged[:8] in reason and "2031" in reason for reason in ended["reasons"])
    bad = served.bad(served.nas)
    assert bad[f"{served.ws} was pruned"][0] == "fail"
    assert "2031" in bad[f"{served.ws} was pruned"][1]
    summary = json.loads(served.root(served.nas, "cat /var/lib/deeprig/status/backup_server.json"))
    assert (summary["ok"], summary["failed"]) == (False, 1)
    served.root(served.nas, f"{as_client} forget {forged} >&2")

    # Of the past: one for each evening would push out what really was of that day.
    served.restic(APPEND, "backup", "--time", "2026-01-01 23:59:59", "/srv/deeprig-e2e-work")
    assert "2026-01-01" in " ".join(pruned(served, 1)["reasons"])
    # A person has looked, and takes them for good: they are old, and go.
    served.root(served.nas, f"{PYTHON} -m deeprig_host.backup_server accept {served.ws}")
    ended = pruned(served, 0)
    assert (ended["outcome"], ended["reasons"]) == ("good", [])
    assert served.bad(served.nas) == {}

    # Emptied sources with honest times: the newest holds next to nothing of what was there.
    served.root(served.ws, "rm /srv/deeprig-e2e-work/runs.bin")
    served.back_up(APPEND)
    ended = pruned(served, 1)
    assert ended["outcome"] == "refused"
    assert "holds" in ended["reasons"][0]
    # The client goes on with what the server wrote for it.
    assert "append: good" in served.backup_program("check --repository append")


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (
            f"sed -i s/--append-only// {ROOM}/keys/backup-rig1",
            "rig1 has its key",
        ),
        (
            "sed -i 's/--append-only//' /etc/ssh/sshd_config.d/30-deeprig-backup.conf",
            "rig1 can do one thing",
        ),
        (f"cp {ROOM}/keys/backup-other {ROOM}/keys/eve", "nobody else has a key"),
        (f"chmod 755 {STORE}/rig1/restic", "rig1's repository"),
        (f"chmod 777 {STORE}", "the way to the repositories is root's"),
        (
            "sed -i 's/--append-only//' /etc/systemd/system/deeprig-backup-rest.service && "
            "systemctl daemon-reload && systemctl restart deeprig-backup-rest.service",
            "REST server: it deletes nothing",
        ),
        ("systemctl disable -q --now deeprig-backup-prune.timer", "pruning waits for its hour"),
    ],
)
@pytest.mark.full
def test_each_check_fails_when_it_should(served, damage, check):
    served.root(served.nas, damage)
    assert served.bad(served.nas)[check][0] == "fail"
    served.lab.run("apply", "--limit", served.nas)
    assert check not in served.bad(served.nas)


@pytest.mark.full
def test_a_server_without_restics_own_has_rclone_serve_and_deletes_nothing(
    hosts, channel, tmp_path
):
    """Debian 12 serves REST by rclone; the workstation is Debian 13, with restic 0.18."""
    found = served_lab(hosts, channel, tmp_path, "rig1", "rig2")
    try:
        prepared(found)
        unit = found.root(found.nas, "systemctl cat deeprig-backup-rest.service")
        assert "/usr/bin/rclone" in unit
        check_three_ways(found)
        check_attacked(found)
        assert found.root(found.ws, "restic version").startswith("restic 0.18.")
        # A host that is no server any more lets nobody in, and keeps what it has.
        found.declare_no_server()
        found.lab.run("apply")
        assert found.bad(found.nas) == {}
        assert found.attack("ssh", APPEND)["command"]["code"] == 255
        assert found.restored(found.directories[APPEND], "latest") == found.originals()
        assert found.root(found.nas, f"ls {ROOM}; systemctl is-active ssh") == "keys\nactive\n"
    finally:
        found.clean()
        shutil.rmtree(found.lab.path)
