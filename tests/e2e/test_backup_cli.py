"""`deeprig backup` on real hosts: restic 0.14 and 0.18, lost connections, restores, passwords."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.running import ROOT, LabDirectory

OLD, NEW = "rig1", "rig2"  # Debian 12 has restic 0.14, Debian 13 has 0.18
DATA = "/srv/deeprig-cli"
STORE = "/var/backups/deeprig-cli"
USER = "deeprig-cli-ada"
HOME = f"{DATA}/ada"
LOGIN = "deeprig-cli-asked"
PASSWORD = "hush-of-sudo-0819"  # noqa: S105 - of a throwaway user
CONFIG = "/etc/deeprig/backup.conf"
_BOUND_SECONDS = 120
_CLEAN = f"""
rm -f /etc/cron.d/deeprig-backup
rm -rf /etc/deeprig/backup {CONFIG} /var/lib/deeprig/backup /var/cache/deeprig/restic {STORE}
rm -rf /var/lib/deeprig/status/backup.json {DATA} /run/deeprig/backup /tmp/deeprig-cli
for user in {USER} {LOGIN}; do if id $user >/dev/null 2>&1; then userdel -rf $user; fi; done
"""
_FILL = f"""
set -e
mkdir -p {DATA}
useradd -m -d {HOME} {USER}
for name in kept gone older same; do echo first >{HOME}/$name; done
chown -R {USER}: {HOME}
head -c 1000000 /dev/urandom >{DATA}/runs.bin
touch -d '2020-01-01' {HOME}/*
"""


class Rig:
    """The lab directory, and what is seen on its hosts."""

    def __init__(self, lab):
        self.lab = lab

    def root(self, host, command):
        done = self.lab.ssh(host, command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def prepare(self):
        self.clean()
        self.lab.write("password", "hush-of-the-repository\n")
        self.lab.write(
            "deploy/workstation.py",
            "from deeprig.compose import deploy_roles\ndeploy_roles('base', 'backup')\n",
        )
        repository = {"url": STORE, "password": {"file": "password"}, "create": True}
        declared = {"sources": [DATA], "repositories": {"disk": repository}}
        self.lab.data(base=self.lab.base_settings(), roles=["base", "backup"], backup=declared)
        self.lab.hosts(**{OLD: {}, NEW: {}})
        for host in (OLD, NEW):
            self.root(host, _FILL)
        self.lab.run("apply")
        for host in (OLD, NEW):
            self.root(host, "rm /etc/cron.d/deeprig-backup")  # only this test begins backups

    def clean(self):
        for host in (OLD, NEW):
            self.root(host, _CLEAN)

    def backup(self, *words, code=0):
        """Run `deeprig backup`; the command of a group comes before its options."""
        command, *rest = words
        done = subprocess.run(
            self.command(command, *rest),
            capture_output=True,
            text=True,
            cwd=self.lab.path,
            env=self.environment,
            timeout=600,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        shown = f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == code, shown
        assert "Traceback" not in done.stderr, shown
        return done

    def json(self, *words, code=0):
        told = json.loads(self.backup(*words, "--json", code=code).stdout)
        return {host["host"]: host for host in told["hosts"]}

    def command(self, *words):
        """Return the words of `deeprig backup`."""
        line = self.lab.command("backup")
        options = line[line.index("backup") + 1 :]
        return [*line[: line.index("backup") + 1], words[0], *options, *words[1:]]

    @property
    def environment(self):
        return os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}

    def start(self, *words):
        return subprocess.Popen(
            self.command(*words),
            cwd=self.lab.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def slow_backup(self, host, seconds):
        """Have new data and a line so slow that a backup of it lasts: begin it, see it begun."""
        self.root(
            host,
            f"head -c {seconds * 200}K /dev/urandom >{DATA}/runs.bin && "
            f"sed -i 's/^limit_upload_kib.*/limit_upload_kib = 200/' {CONFIG}",
        )
        process = self.start("now", "--limit", host)
        line = process.stderr.readline()
        assert line.startswith(f"[{host}] disk: backing up"), line
        return process

    def quick_again(self, host):
        self.root(host, f"sed -i 's/^limit_upload_kib.*/limit_upload_kib = 0/' {CONFIG}")

    def snapshots(self, host):
        listed = self.json("list", "--limit", host)[host]["document"]
        return listed["repositories"]["disk"]["snapshots"]

    def works(self, host):
        return self.json("status", "--limit", host)[host]["document"]["works"]


def until(is_so, what):
    end = time.monotonic() + _BOUND_SECONDS
    while not (found := is_so()):
        assert time.monotonic() < end, what
        time.sleep(0.5)
    return found


def below(process):
    """The processes that a process has started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


@pytest.fixture(scope="module")
def rig(hosts, channel, tmp_path_factory):
    lab = LabDirectory(tmp_path_factory.mktemp("backup-cli") / "lab", hosts, channel)
    lab.path.mkdir()
    made = Rig(lab)
    try:
        made.prepare()
        yield made
    finally:
        made.clean()
        shutil.rmtree(lab.path)


def test_hosts_are_backed_up_checked_drilled_and_told(rig):
    before = rig.backup("status", code=1)
    for host in (OLD, NEW):
        assert f"{host} disk: backup: never done" in before.stdout

    done = rig.backup("now")
    for host in (OLD, NEW):
        assert f"[{host}] disk: backing up" in done.stderr
        assert f"[{host}] good after" in done.stderr
    assert rig.backup("check").stdout.count("good") == 2
    drilled = rig.json("drill")
    for host in (OLD, NEW):
        job = drilled[host]["document"]["repositories"]["disk"]
        assert (job["outcome"], job["details"]["live"] > 0) == ("good", True)

    told = rig.json("status", "--ask")
    for host in (OLD, NEW):
        disk = told[host]["document"]["repositories"]["disk"]
        assert (disk["ok"], disk["newest"]["is_complete"]) == (True, True)
        assert disk["newest"]["id"].startswith(disk["jobs"]["backup"]["details"]["snapshot"])
        assert not disk["due"]["backup"]["is_due"]
    listed = rig.backup("list").stdout
    assert [f"{host} disk: 1 snapshot\n" in listed for host in (OLD, NEW)] == [True, True]
    versions = [rig.root(host, "restic version") for host in (OLD, NEW)]
    assert [version[:11] for version in versions] == ["restic 0.14", "restic 0.18"]


@pytest.mark.full
def test_a_repository_that_is_gone_is_never_good(rig):
    rig.root(NEW, f"mv {STORE} {STORE}.away")
    try:
        told = rig.json("status", "--ask", code=1)
        disk = told[NEW]["document"]["repositories"]["disk"]
        assert (told[OLD]["status"], told[NEW]["status"]) == ("good", "failed")
        assert (disk["ok"], disk["newest"]["time"]) == (False, None)
        assert "no repository" in disk["reason"]
        listed = rig.backup("list", "--limit", NEW, code=1)
        assert f"{NEW} disk: unknown: " in listed.stdout
        failed = rig.backup("now", "--limit", NEW, code=1)
        assert "is its disk mounted" in failed.stdout
    finally:
        rig.root(NEW, f"rm -rf {STORE} && mv {STORE}.away {STORE}")
    rig.backup("now", "--limit", NEW)


def test_a_lost_connection_loses_no_backup_and_the_same_command_follows_it(rig):
    process = rig.slow_backup(OLD, 15)
    rig.root(OLD, "pkill -STOP -x restic")  # until it may go on, however slow this machine is
    (ssh,) = below(process)
    os.kill(ssh, signal.SIGKILL)
    out, _ = process.communicate(timeout=_BOUND_SECONDS)
    assert process.returncode == 3
    assert f"{OLD}: left running: the connection was lost; its work goes on in " in out
    assert "'deeprig backup follow' follows it again" in out

    shown = rig.backup("status", "--limit", OLD).stdout
    assert "running, good" in shown
    unit = re.search(r"goes on in (\S+)", out)[1]
    assert re.search(rf"{OLD}: runs, begun .*: disk: backing up.* \({unit}\)", shown)
    # Nobody listens any more: only the work itself is left, in its unit.
    ours = "pgrep -f '[d]eeprig_host.backup begin' || true"
    until(lambda: not rig.root(OLD, ours).strip(), "the follower has ended")
    assert rig.root(OLD, f"systemctl is-active {unit}").strip() == "active"

    again = rig.start("now", "--limit", OLD)
    assert again.stderr.readline().startswith(f"[{OLD}] disk: backing up")
    rig.root(OLD, "pkill -CONT -x restic")
    out, err = again.communicate(timeout=_BOUND_SECONDS)
    assert again.returncode == 0, (out, err)
    told = rig.json("status", "--limit", OLD, "--ask")[OLD]["document"]
    ended = told["works"][-1]
    assert (ended["unit"], ended["exit_code"], ended["is_told"]) == (unit, 0, True)
    assert told["repositories"]["disk"]["newest"]["id"][:8] in out
    rig.quick_again(OLD)


def test_files_come_back_by_the_rule_and_what_is_newer_stays(rig):
    rig.backup("now", "--limit", OLD)
    rig.root(
        OLD,
        f"cd {HOME} && echo newer >kept && rm gone && echo other >older && "
        f"touch -d '2019-01-01' older && echo mine >own",
    )
    seen = f"cd {HOME} && cat kept older own; ls gone same"
    dry = rig.backup("restore", OLD, HOME, "--dry-run")
    assert "nothing is changed; a restore of snapshot" in dry.stdout
    assert f"        {HOME}/kept: it is newer than the snapshot's\n" in dry.stdout
    assert f"    1 would be replaced\n        {HOME}/older: it is not newer\n" in dry.stdout
    assert "    1 would be made\n" in dry.stdout
    assert rig.lab.ssh(OLD, seen).stdout.split() == ["newer", "other", "mine", "same"]

    done = rig.backup("restore", OLD, "--user", USER)
    assert f"    1 kept\n        {HOME}/kept: it is newer than the snapshot's\n" in done.stdout
    assert "    1 made\n" in done.stdout
    assert rig.root(OLD, seen).split() == ["newer", "first", "mine", "gone", "same"]
    assert rig.root(OLD, f"stat -c %U {HOME}/gone").strip() == USER

    told = rig.json("restore", OLD, f"{HOME}/kept", "--overwrite", "all")[OLD]["document"]
    assert told["counts"] == {"replaced": 1}
    assert rig.root(OLD, f"cat {HOME}/kept").strip() == "first"


@pytest.mark.full
def test_another_place_another_host_and_an_older_snapshot_are_restored_when_told(rig):
    first = rig.snapshots(NEW)[0]["id"]
    beside = "/tmp/deeprig-cli"
    done = rig.backup("restore", NEW, "--all", "--snapshot", first[:8], "--target", beside)
    assert f"to {beside}" in done.stdout
    assert rig.root(NEW, f"cat {beside}{HOME}/kept").strip() == "first"

    restic = f"restic -r {STORE} --password-file /etc/deeprig/backup/disk.password"
    rig.root(NEW, f"echo theirs >{DATA}/theirs && {restic} -q backup --host moon {DATA}/theirs")
    rig.root(NEW, f"rm {DATA}/theirs")
    refused = rig.backup("restore", NEW, f"{DATA}/theirs", code=1)
    assert "the snapshot does not hold what is to be restored" in refused.stdout
    done = rig.backup("restore", NEW, f"{DATA}/theirs", "--from", "moon")
    assert "of moon" in done.stdout
    assert rig.root(NEW, f"cat {DATA}/theirs").strip() == "theirs"
    unknown = rig.backup("restore", NEW, f"{DATA}/theirs", "--from", "mars", code=1)
    assert "no snapshots fit 'latest' of host 'mars'" in unknown.stdout


@pytest.mark.full
def test_ctrl_c_leaves_the_backup_running_and_stop_ends_it_in_order(rig):
    process = rig.slow_backup(NEW, 300)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=_BOUND_SECONDS)
    assert process.returncode == 130
    assert "no longer followed; its work goes on in deeprig-backup-run-" in out
    assert "'deeprig backup stop' ends it" in out
    (running,) = [work for work in rig.works(NEW) if work["is_running"]]
    stopped = rig.backup("stop", "--limit", NEW)
    assert f"{NEW}: ended {running['unit']}" in stopped.stdout
    status = rig.backup("status", "--limit", NEW).stdout
    assert "ended with code 143, and nobody followed: 'deeprig backup follow'" in status
    followed = rig.backup("follow", "--limit", NEW, code=1)
    assert f"{running['unit']} was ended before its work was done" in followed.stdout
    assert rig.root(NEW, f"ls {STORE}/locks").strip() == ""
    assert "cut off, good" in rig.backup("status", "--limit", NEW).stdout
    rig.quick_again(NEW)
    rig.backup("now", "--limit", NEW)
    assert f"{NEW}: ended nothing" in rig.backup("stop", "--limit", NEW).stdout


@pytest.mark.full
def test_two_at_once_are_refused_or_waited_for(rig):
    hold = "flock /run/deeprig/backup/lock sleep {} >/dev/null 2>&1 & sleep 1"
    rig.root(OLD, hold.format(300))
    refused = rig.backup("now", "--limit", OLD, code=1)
    assert "a backup, a check or a drill is running on this host" in refused.stdout
    waiting = rig.start("now", "--limit", OLD, "--wait", "2")
    until(lambda: [work for work in rig.works(OLD) if work["is_running"]], "it waits")
    rig.root(OLD, "pkill -x sleep")
    out, err = waiting.communicate(timeout=_BOUND_SECONDS)
    assert waiting.returncode == 0, (out, err)


@pytest.mark.full
def test_sudo_that_asks_is_answered_and_a_wrong_password_is_told(rig):
    key = "/home/deeprig/.ssh/authorized_keys"
    rig.root(
        OLD,
        f"useradd -m {LOGIN} && echo '{LOGIN}:{PASSWORD}' | chpasswd && usermod -aG sudo {LOGIN} &&"
        f" install -D -m 600 -o {LOGIN} {key} /home/{LOGIN}/.ssh/authorized_keys",
    )
    rig.lab.hosts(**{OLD: {"ssh_user": LOGIN}})
    try:
        asked = rig.backup("status", code=1)
        assert f"{OLD}: failed: sudo asks for a password" in asked.stdout
        for password, code in ((PASSWORD, 0), ("wrong", 1)):
            done = subprocess.run(
                rig.command("now", "-K"),
                input=f"{password}\n",
                capture_output=True,
                text=True,
                cwd=rig.lab.path,
                env=rig.environment,
                timeout=300,
                check=False,
            )
            assert done.returncode == code, (done.stdout, done.stderr)
            assert PASSWORD not in done.stdout + done.stderr
        assert "sudo refused the password" in done.stdout
    finally:
        rig.lab.hosts(**{OLD: {}, NEW: {}})


@pytest.mark.full
def test_a_host_that_cannot_be_reached_is_told_beside_those_that_can(rig):
    rig.lab.hosts(**{OLD: {}, "gone": {"ssh_hostname": "127.0.0.1", "ssh_port": 9}})
    try:
        told = rig.json("status", code=3)
        assert (told[OLD]["status"], told["gone"]["status"]) == ("good", "unreachable")
        assert "127.0.0.1:9: " in told["gone"]["reason"]
    finally:
        rig.lab.hosts(**{OLD: {}, NEW: {}})
