"""What people are told of backups: real restic, the jobs, the collector and the notifier in a loop.

Only time is simulated: the collector tells absolute times, and the notifier is given a later now.
"""

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from deeprig_host.alerts.config import Config, Webhook
from deeprig_host.alerts.notifier import run_once
from deeprig_host.backup.__main__ import main
from deeprig_host.backup.places import CONFIG_FILE
from deeprig_host.backup.recording import begin
from deeprig_host.metrics import backup, names
from deeprig_host.metrics.exposition import exposition
from deeprig_host.metrics.part import PartFailed
from deeprig_host.metrics.samples import Samples

CONFIG = """[backup]
sources = /home
tag = rig
[repository disk]
url = /backup/restic
password_file = /etc/deeprig/backup/disk.password
prune = elsewhere
lock_wait_minutes = 0
check_subset = 1/1
maximum_age_hours = 30
"""
METRICS = "/var/lib/prometheus/node-exporter/deeprig.prom"
HOUR, DAY = 3600.0, 86_400.0
#: Longer than any alert waits, and longer than one must be clear.
SETTLED = 2400.0


class _Take(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append(json.loads(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def web(monkeypatch):
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    server = HTTPServer(("127.0.0.1", 0), _Take)
    server.told = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Loop:
    """Jobs by the command line, the collector's part, and the notifier, as on a host."""

    def __init__(self, rig, web):
        self.rig, self.machine, self.web = rig, rig.machine, web
        self.later = 0.0
        self.machine.path(METRICS).parent.mkdir(parents=True)
        self.machine.path("/proc").symlink_to("/proc")
        self.declare()

    def declare(self, text=CONFIG):
        self.machine.path(CONFIG_FILE).write_text(text)

    def command(self, *words):
        return main(["--root", str(self.machine.root), *words, "--restic", self.rig.restic.program])

    def collect(self):
        """Write the metrics as the collector does; return what its part could not read."""
        samples, failed = Samples(), ""
        try:
            backup.read(self.machine, samples)
        except PartFailed as error:
            failed = str(error)
        samples.add(names.COLLECTOR_PART_UP, not failed, "backup")
        samples.add(names.COLLECTOR_LAST, self.now)
        self.machine.path(METRICS).write_bytes(exposition(samples))
        return failed

    @property
    def now(self):
        return time.time() + self.later

    def tell(self):
        """Run the notifier; return the alerts of its message: name, then ``began`` or else."""
        before = len(self.web.told)
        config = Config(host="rig", webhook=Webhook(f"http://127.0.0.1:{self.web.server_port}/"))
        self.outcome = run_once(self.machine, config, self.now)
        assert self.outcome.is_good, self.outcome.remarks
        alerts = [one for message in self.web.told[before:] for one in message["alerts"]]
        disks = {"DiskNearlyFull", "DiskFull"}  # of the machine that runs the test
        return {one["alert"]: one for one in alerts if one["alert"] not in disks}

    def pass_time(self, seconds):
        """Let time go by with the collector and the notifier at work: for each alert's wait."""
        told = {}
        for step in (seconds - SETTLED, SETTLED):
            self.later += step
            assert self.collect() == ""
            told |= self.tell()
        return told


@pytest.fixture
def loop(rig, web):
    return Loop(rig, web)


def kinds(told):
    return {name: one["kind"] for name, one in told.items()}


def test_a_machine_whose_backups_are_proven_is_silent(loop):
    assert loop.command("work") == 0
    assert kinds(loop.pass_time(HOUR)) == {}


def test_a_failure_is_told_at_once_until_a_backup_is_good(loop):
    password = loop.machine.path("/etc/deeprig/backup/disk.password")
    password.write_text("wrong\n")
    assert loop.command("work") == 1
    assert loop.collect() == ""
    told = loop.tell()
    assert kinds(told) == {"BackupFailed": "began"}
    assert told["BackupFailed"]["summary"] == "the last backup to disk failed"
    assert "`deeprig backup now`" in told["BackupFailed"]["remedy"]
    password.write_text("correct horse\n")
    assert loop.command("run") == 0
    assert kinds(loop.pass_time(HOUR)) == {"BackupFailed": "resolved"}


def test_damage_that_a_check_finds_is_told(loop):
    assert loop.command("work") == 0
    loop.rig.spoil(loop.rig.packs()[0])
    assert loop.command("check") == 1
    assert loop.collect() == ""
    assert kinds(loop.tell()) == {"BackupCheckFailed": "began"}


def test_silence_is_told_and_ends_with_the_next_question(loop):
    assert loop.command("work") == 0
    told = loop.pass_time(4 * HOUR)
    assert kinds(told) == {"BackupSilent": "began"}
    loop.later = 0.0
    assert loop.command("work") == 0
    assert kinds(loop.pass_time(HOUR)) == {"BackupSilent": "resolved"}


def test_what_is_too_old_is_told_by_what_is_declared(loop):
    assert loop.command("work") == 0
    assert "BackupTooOld" not in loop.pass_time(29 * HOUR)
    told = loop.pass_time(2 * HOUR)
    assert told["BackupTooOld"]["kind"] == "began"
    assert "disk" in told["BackupTooOld"]["summary"]
    told = loop.pass_time(50 * DAY)
    assert told["BackupNotProven"]["kind"] == "began"


@pytest.mark.parametrize("spoil", ["gone", "spoilt", "of a clock that ran ahead"])
def test_a_status_that_proves_nothing_is_told(loop, spoil):
    assert loop.command("work") == 0
    status = loop.machine.path("/var/lib/deeprig/backup/disk.json")
    told = json.loads(status.read_text())
    if spoil == "gone":
        status.unlink()
    elif spoil == "spoilt":
        status.write_text("{")
    else:
        told["jobs"]["backup"]["success_time"] += 400 * DAY
        status.write_text(json.dumps(told))
    week_ago = time.time() - 7 * DAY
    os.utime(loop.machine.path(CONFIG_FILE), (week_ago, week_ago))
    loop.collect()
    loop.tell()
    loop.later += SETTLED
    loop.collect()
    assert loop.tell()["BackupTooOld"]["kind"] == "began"


def test_a_disk_that_is_away_though_something_lies_in_its_place_is_told(loop):
    assert loop.command("work") == 0
    loop.rig.home.rename(loop.machine.path("/home.away"))
    loop.rig.home.parent.joinpath("stray").write_text("written while the disk was away\n")
    assert loop.command("run") == 0, "restic cannot know, and the source is not empty"
    assert loop.collect() == ""
    assert kinds(loop.tell()) == {"BackupShrunk": "began"}


def test_a_configuration_that_cannot_be_used_is_told(loop):
    assert loop.command("work") == 0
    loop.declare(CONFIG.replace("url = ", "ulr = "))
    assert loop.command("work") == 2
    assert "/etc/deeprig/backup.conf:4: " in loop.collect()
    loop.tell()
    loop.later += SETTLED
    loop.collect()
    assert {"BackupConfigBad", "CollectorPartFailed"} <= set(loop.tell())


def test_a_failure_stays_told_while_the_next_run_goes_on_for_hours(loop):
    assert loop.command("work") == 0
    loop.rig.home.parent.rename(loop.machine.path("/home.away"))
    assert loop.command("run") == 1
    assert loop.collect() == ""
    assert kinds(loop.tell()) == {"BackupFailed": "began"}
    status = loop.machine.path("/var/lib/deeprig/backup/disk.json")
    ended = json.loads(status.read_text())
    begin(loop.machine, "disk", "backup", time.time())
    assert (
        json.loads(status.read_text())["jobs"]["backup"]["last"]["reasons"]
        == (ended["jobs"]["backup"]["reasons"])
    )
    told = loop.pass_time(3 * HOUR)
    assert "BackupFailed" not in told, "neither over nor unknown"
