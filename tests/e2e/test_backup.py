"""The role backup on real hosts: real restic, cron, systemd, sshd; scheduled, proven, removed."""

import shutil

import pytest

from tests.e2e.backed_up_lab import (
    BY_CRON,
    BY_TIMER,
    CRON_FILE,
    DATA,
    PASSWORD_VARIABLE,
    PASSWORDS,
    SECRETS,
    STORE,
    BackedUpLab,
    until,
)
from tests.e2e.running import LabDirectory

_TIMER = "deeprig-backup.timer"
#: The timer as it is, but every second: its own calendar would be waited for a quarter of an hour.
_SOON = f"""
mkdir -p /etc/systemd/system/{_TIMER}.d
printf '[Timer]\\nOnCalendar=\\nOnCalendar=*:*:*\\nAccuracySec=100ms\\n' \\
    >/etc/systemd/system/{_TIMER}.d/soon.conf
systemctl daemon-reload && systemctl restart {_TIMER}
"""
_AS_DECLARED = f"""
rm -r /etc/systemd/system/{_TIMER}.d
systemctl daemon-reload && systemctl restart {_TIMER}
"""


@pytest.fixture(scope="module")
def backed_up(hosts, channel, tmp_path_factory):
    """The lab, planned, applied and backed up once; what was placed is taken away after."""
    lab = LabDirectory(tmp_path_factory.mktemp("backup") / "lab", hosts, channel)
    lab.path.mkdir()
    found = BackedUpLab(lab)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(PASSWORD_VARIABLE, PASSWORDS["env"])
        try:
            found.prepare()
            found.declare()
            found.plan = lab.run("plan")
            found.applied = lab.run("apply", "-v")
            yield found
        finally:
            found.clean()
            shutil.rmtree(lab.path)


def test_backups_are_made_by_cron_and_by_a_timer_and_are_proven(backed_up):
    found = backed_up
    assert found.changes() == {BY_CRON: [], BY_TIMER: []}

    # Nothing was backed up yet: that is no pass.
    bad = found.bad()
    names = {
        BY_CRON: [f"{name}: the newest snapshot is young enough" for name in ("disk", "nas")],
        BY_TIMER: ["disk: the newest snapshot is young enough"],
    }
    for host, expected in names.items():
        assert all(bad[host][name][0] == "fail" for name in expected)
    assert bad[BY_TIMER]["disk: the last drill is good"][0] == "unknown"

    found.seen = found.work_as_cron(BY_CRON)
    assert all(found.all_done(BY_CRON, name) for name in ("disk", "nas"))
    said = found.root(BY_CRON, "journalctl -q -o cat -t deeprig-backup")
    assert "disk: good, snapshot" in said
    assert "drill of nas: good" in said

    found.root(BY_TIMER, _SOON)
    until(lambda: found.all_done(BY_TIMER, "disk"), "the timer has had all done", 120)
    found.root(BY_TIMER, _AS_DECLARED)

    assert found.bad() == {BY_CRON: {}, BY_TIMER: {}}
    versions = {name: found.root(name, "restic version") for name in (BY_CRON, BY_TIMER)}
    assert versions[BY_CRON].startswith("restic 0.14.")
    assert versions[BY_TIMER].startswith("restic 0.18.")


def test_no_secret_is_seen_anywhere(backed_up):
    found = backed_up
    for done in (found.plan, found.applied):
        assert "Place what a repository needs to be reached" in done.stdout + done.stderr
        assert found.shown(done.stdout + done.stderr) == []
    reports = sorted((found.lab.path / "reports").iterdir())
    assert len(reports) >= 4
    for report in reports:
        assert found.shown(report.read_text()) == []
    page = found.lab.run("report", "--format", "html", str(reports[0]))
    assert found.shown(page.stdout) == []

    # What everybody on the machine could see while it was backed up over SSH.
    restic = [line for line in found.seen["lines"] if "restic" in line]
    assert any("backup\0--json" in line for line in restic)
    assert any("sftp.command=" in line for line in restic)
    assert found.shown("\n".join(found.seen["lines"])) == []
    assert found.seen["environments"] == []
    assert found.seen["denied"] > 0

    for host in (BY_CRON, BY_TIMER):
        assert found.readable_with_secrets(host) == []
        assert found.shown(found.root(host, "journalctl -q --no-pager -o cat")) == []
    held = found.root(BY_CRON, f"cat {SECRETS}/*")
    assert set(found.shown(held)) >= {PASSWORDS["file"], PASSWORDS["env"]}


def test_what_is_wrong_is_found_and_put_right(backed_up):
    found = backed_up
    # On one: the password, the cron file, a file that is open, an old snapshot in its place.
    found.root(BY_CRON, f"rm {CRON_FILE}; echo wrong-one >{SECRETS}/disk.password")
    found.root(BY_CRON, f"chmod 644 {SECRETS}/nas.environment")
    # On the other: the newest snapshot is three days old, the timer stands, the file is another.
    found.restic(BY_TIMER, "disk", "forget", "--prune", "latest")
    old = found.root(BY_TIMER, "date -d '3 days ago' '+%F %T'")
    own = ("--host", BY_TIMER, "--tag", "deeprig")
    found.restic(BY_TIMER, "disk", "backup", *own, "--time", old, DATA)
    found.root(BY_TIMER, f"systemctl disable --now {_TIMER}")
    found.root(BY_TIMER, "sed -i s,/srv/deeprig-e2e,/srv, /etc/deeprig/backup.conf")

    bad = found.bad()
    wrong = bad[BY_CRON]["disk: the newest snapshot is young enough"]
    assert wrong[0] == "fail"
    assert "wrong password" in wrong[1]
    assert bad[BY_CRON]["it runs what is due"][0] == "fail"
    assert "nas.environment: 644" in bad[BY_CRON]["nobody else reads its secrets"][1]
    aged = bad[BY_TIMER]["disk: the newest snapshot is young enough"]
    assert aged[0] == "fail"
    assert "72.0 h old; declared: at most 48 h" in aged[1]
    assert bad[BY_TIMER][f"{_TIMER} is active and enabled"][0] == "fail"
    assert "sources: " in bad[BY_TIMER]["the backup's configuration is as declared"][1]

    plan = found.lab.run("plan", "--limit", BY_CRON)
    assert "disk.password" in plan.stdout
    assert "wrong-one" not in plan.stdout + plan.stderr
    assert found.shown(plan.stdout + plan.stderr) == []
    assert sorted(found.changes()[BY_CRON]) == [
        "Have cron look for what is due",
        "Place what a repository needs to be reached",
        "Place what a repository needs to be reached",
    ]
    left = found.bad()
    assert left[BY_CRON] == {}
    assert list(left[BY_TIMER]) == ["disk: the newest snapshot is young enough"]


@pytest.mark.full  # cron looks at the full minute only
def test_cron_itself_runs_the_file_that_is_placed(backed_up):
    found = backed_up
    found.root(BY_CRON, "rm -f /var/lib/deeprig/backup/disk.json")
    # The same line, but every minute: its own minutes would be waited for a quarter of an hour.
    found.root(BY_CRON, f"sed 's,^[*]/15,*,' {CRON_FILE} >{CRON_FILE}-now")
    until(lambda: found.all_done(BY_CRON, "disk"), "cron has had all done", 300)
    found.root(BY_CRON, f"rm {CRON_FILE}-now")
    said = found.root(BY_CRON, "journalctl -q -o cat -t CRON -t cron -t deeprig-backup")
    assert "deeprig_host.backup work" in said
    assert found.bad()[BY_CRON] == {}


def test_cron_and_timer_take_each_others_place(backed_up):
    found = backed_up
    found.declare(**{BY_CRON: "timer", BY_TIMER: "cron"})
    changed = found.changes()
    assert "Have cron look no more" in changed[BY_CRON]
    assert "Stop the timer of backups" in changed[BY_TIMER]
    assert found.changes() == {BY_CRON: [], BY_TIMER: []}
    assert found.lab.ssh(BY_CRON, f"test -e {CRON_FILE}").returncode == 1
    assert found.root(BY_CRON, f"systemctl is-active {_TIMER}") == "active"
    assert found.lab.ssh(BY_TIMER, f"systemctl cat {_TIMER}").returncode != 0
    assert found.root(BY_TIMER, "systemctl is-active cron") == "active"


def test_what_is_declared_no_more_is_removed_and_the_backups_stay(backed_up):
    found = backed_up
    found.declare_nothing()
    changed = found.changes()
    assert all("Remove the backup's secrets" in names for names in changed.values())
    assert found.changes() == {BY_CRON: [], BY_TIMER: []}
    for host in (BY_CRON, BY_TIMER):
        left = f"ls {CRON_FILE} {SECRETS} /etc/deeprig/backup.conf /etc/systemd/system/{_TIMER}"
        assert found.lab.ssh(host, left).stdout == ""
        assert found.root(host, f"ls {STORE}/disk/snapshots")
    report = found.lab.json("verify", "--role", "backup")
    outcomes = [c["outcome"] for h in report["hosts"] for c in h["checks"]]
    assert sorted(set(outcomes)) == ["not applicable", "pass"]
    assert outcomes.count("pass") == 2  # nothing looks for backups
