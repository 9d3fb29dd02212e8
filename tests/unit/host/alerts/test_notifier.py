"""Whole runs of the notifier: told once, kept when not delivered, nothing lost."""

import json
import os
import time
from types import SimpleNamespace

import pytest
from deeprig_host.alerts.__main__ import _LOCK, main
from deeprig_host.alerts.config import Config, Ntfy, Webhook
from deeprig_host.alerts.notifier import run_once
from deeprig_host.alerts.outbox import KEPT
from deeprig_host.alerts.own_metrics import METRICS, exposition
from deeprig_host.alerts.samples import parse
from deeprig_host.alerts.show import shown
from deeprig_host.alerts.state import DISK, MEMORY, State, load
from deeprig_host.machine import durable
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

START = 1_800_000_000.0
FOLDER = "/var/lib/prometheus/node-exporter"
REMAP = 'deeprig_gpu_row_remap_failed{gpu="%s",uuid="GPU-a"} %d\n'


class Host:
    """A machine with a collector's file, a webhook, and a clock that we set."""

    def __init__(self, root, web):
        self.machine = Machine(root)
        self.web = web
        self.now = START
        self.fields = {}
        self.machine.path(FOLDER).mkdir(parents=True)
        self.machine.path("/proc").mkdir()
        self.collect("")

    def collect(self, text, age=10.0):
        """Have the collector's file, as it was written ``age`` seconds ago."""
        told = f"deeprig_collector_last_success_timestamp_seconds {self.now - age}\n{text}"
        self.machine.path(f"{FOLDER}/deeprig.prom").write_text(told)

    def run(self, text=None, *, after=60.0, age=10.0):
        """Let time go on, have new metrics, run; return the titles that were told."""
        self.now += after
        if text is not None:
            self.collect(text, age)
        config = Config(host="rig", webhook=Webhook(f"{self.web.url}/hook"), **self.fields)
        before = len(self.web.requests)
        self.outcome = run_once(self.machine, config, self.now)
        told = [json.loads(body) for verb, _, _, body in self.web.requests[before:] if body]
        return [one["title"] for one in told]

    def own_metrics(self):
        return self.machine.path(f"{FOLDER}/deeprig_notifier.prom").read_text()


@pytest.fixture
def host(tmp_path, web):
    return Host(tmp_path, web)


BAD = REMAP % (0, 1)
GOOD = REMAP % (0, 0)
FAILED_TITLE = "[rig] critical: GPU 0 could not replace a bad row of its memory"


def test_a_healthy_machine_is_silent(host):
    assert host.run(GOOD) == []
    assert host.outcome.is_good
    assert host.outcome.remarks == ()


def test_it_is_told_once_and_once_when_it_is_over(host):
    assert host.run(BAD) == [FAILED_TITLE]
    assert host.run(BAD) == []
    assert host.run(GOOD) == []
    assert host.run(GOOD, after=301) == [FAILED_TITLE.replace("critical:", "info: over:")]
    assert host.run(GOOD) == []


def test_all_of_one_run_is_one_message(host):
    titles = host.run(BAD + REMAP % (1, 1))
    assert titles == [f"{FAILED_TITLE} (and 1 more)"]


def test_stale_metrics_are_told_and_resolve_nothing(host):
    host.run(BAD)
    assert host.run(after=400) == []
    assert host.run(after=60) == ["[rig] critical: this machine's metrics are 8 min old"]
    assert host.run(GOOD, age=500, after=60) == [], "a stale file's good news is no news"
    (lasting,) = [one for one in host.outcome.state.episodes if one.alert == "GpuRowRemapFailed"]
    assert (lasting.is_told, lasting.clear_since) == (True, None)


def test_missing_metrics_are_told(host):
    host.machine.path(f"{FOLDER}/deeprig.prom").unlink()
    assert host.run() == []
    assert "cannot be read" in host.outcome.remarks[0]
    assert host.run(after=300) == ["[rig] critical: this machine has no metrics of deeprig"]


def test_a_spoilt_metrics_file_is_as_a_missing_one(host):
    host.machine.path(f"{FOLDER}/deeprig.prom").write_text("deeprig_x{ 1")
    host.run()
    assert host.run(after=300) == ["[rig] critical: this machine has no metrics of deeprig"]


def test_what_is_switched_off_or_too_mild_is_not_told(host):
    host.fields = {"off": ("GpuRowRemapFailed",)}
    assert host.run(BAD) == []
    host.fields = {"least_severity": "critical"}
    assert host.run('deeprig_status_ok{what="verify"} 0\n') == []
    host.fields = {}
    assert host.run('deeprig_status_ok{what="verify"} 0\n') == [
        "[rig] warning: the last verification had a failed check"
    ]


def test_a_full_disk_of_the_machine_is_told(host, monkeypatch):
    host.machine.path("/proc/mounts").write_text(
        "/dev/sda1 / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n"
    )
    real = os.statvfs(host.machine.root)
    nearly = os.statvfs_result((*real[:2], 1000, 0, 10, *real[5:]))
    monkeypatch.setattr(os, "statvfs", lambda path: nearly)
    assert host.run() == []
    assert host.run("", after=60) == ["[rig] critical: / has 1.0% of its space left"]
    assert host.run("", after=600) == ["[rig] warning: / has 1.0% of its space left"]


def test_a_failed_delivery_is_kept_counted_and_sent_again(host):
    host.web.status = 503
    assert host.run(BAD) == [FAILED_TITLE]
    assert not host.outcome.is_good
    assert host.outcome.remarks == ("webhook: not delivered, 1 kept: 127.0.0.1 answered 503",)
    assert 'deeprig_notifier_failures_total{channel="webhook"} 1.0' in host.own_metrics()
    assert 'deeprig_notifier_undelivered{channel="webhook"} 1.0' in host.own_metrics()
    assert "delivered_timestamp_seconds{" not in host.own_metrics()
    host.web.status = 200
    assert host.run(BAD) == [FAILED_TITLE]
    assert host.outcome.is_good
    assert 'deeprig_notifier_undelivered{channel="webhook"} 0.0' in host.own_metrics()
    assert host.run(BAD) == []


def test_messages_wait_in_their_order_and_too_many_are_named(host):
    host.web.status = 503
    host.fields = {"repeat_seconds": 60.0}
    for _ in range(KEPT + 3):
        host.run(BAD)
    assert len(host.outcome.state.outboxes["webhook"].waiting) == KEPT
    host.web.status = 200
    before = len(host.web.requests)
    host.run(BAD, after=1)
    texts = [json.loads(body)["text"] for _, _, _, body in host.web.requests[before:]]
    assert len(texts) == KEPT
    assert texts[0].endswith("3 older messages could not be delivered and are lost.\n")
    assert "lost" not in "".join(texts[1:])
    times = [text.splitlines()[-1] for text in texts[1:]]
    assert times == sorted(times)


def test_state_that_was_spoilt_is_put_aside_and_begun_anew(host):
    host.run(BAD)
    path = host.machine.path(DISK)
    path.write_text(path.read_text()[:40])
    assert host.run(BAD) == [FAILED_TITLE]
    assert "spoilt" in host.outcome.remarks[0]
    assert path.with_name("state.json.spoilt").exists()
    assert host.run(BAD) == []


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"schema": "x"}', '{"schema":"deeprig.alerts-state/1"}']
)
def test_state_of_another_form_is_spoilt(host, text):
    host.machine.path(DISK).parent.mkdir(parents=True)
    host.machine.path(DISK).write_text(text)
    state, remarks = load(host.machine)
    assert state == State()
    assert "spoilt" in remarks[0]


def test_a_full_disk_neither_repeats_nor_loses(host, monkeypatch):
    host.run(GOOD)
    real = durable.place_text

    def full(path, text, mode=0o600):
        if "/var/" in str(path):
            raise OSError(28, "No space left on device")
        real(path, text, mode)

    with monkeypatch.context() as patch:
        patch.setattr("deeprig_host.alerts.state.place_text", full)
        patch.setattr("deeprig_host.alerts.own_metrics.place_text", full)
        assert host.run(BAD) == [FAILED_TITLE]
        assert not host.outcome.is_good
        assert "kept in memory" in "".join(host.outcome.remarks)
        assert host.run(BAD) == [], "it is told once, on a full disk too"
    assert host.run(BAD) == []
    assert not host.machine.path(MEMORY).exists()
    assert host.run(GOOD) == []
    assert len(host.run(GOOD, after=301)) == 1


def test_where_nothing_can_be_remembered_it_is_still_told(host, monkeypatch):
    def full(path, text, mode=0o600):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("deeprig_host.alerts.state.place_text", full)
    assert host.run(BAD) == [FAILED_TITLE]
    assert not host.outcome.is_good
    assert "told again" in host.outcome.remarks[0]


def test_the_message_is_remembered_before_it_is_sent(host, monkeypatch):
    """Cut between the two, it is told at the next run: once more at worst, never never."""

    def cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("deeprig_host.alerts.notifier.deliver", cut)
        with pytest.raises(KeyboardInterrupt):
            host.run(BAD)
    assert host.run(BAD) == [FAILED_TITLE]


def test_a_slow_channel_leaves_the_rest_to_the_next_run(host, monkeypatch):
    host.web.status = 503
    host.fields = {"repeat_seconds": 60.0}
    for _ in range(3):
        host.run(BAD)
    host.web.status = 200
    times = iter([0.0, 1.0, 21.0])
    with monkeypatch.context() as patch:
        clock = SimpleNamespace(monotonic=lambda: next(times))
        patch.setattr("deeprig_host.alerts.outbox.time", clock)
        assert len(host.run(BAD, after=1)) == 1
    assert not host.outcome.is_good, "the others are still to be told"
    assert len(host.run(BAD, after=1)) == 2


def test_a_run_that_ends_in_one_channel_has_remembered_the_others(host, other_web, monkeypatch):
    host.fields = {"ntfy": Ntfy(f"{other_web.url}/topic")}

    def cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("deeprig_host.alerts.web.send_ntfy", cut)
        with pytest.raises(KeyboardInterrupt):
            host.run(BAD)
    assert len(host.web.requests) == 1
    assert host.run(BAD) == [], "by the webhook it was told"
    assert len(other_web.requests) == 1, "by ntfy it is told now"


def beats(web):
    return [path for verb, path, _, _ in web.requests if path == "/beat"]


def test_the_heart_beats_only_when_all_could_be_told(host, other_web):
    host.fields = {"heartbeat": f"{other_web.url}/beat"}
    host.run(GOOD)
    assert len(beats(other_web)) == 1
    host.web.status = 500
    host.run(BAD)
    assert len(beats(other_web)) == 1
    host.web.status = 200
    host.run(BAD)
    assert len(beats(other_web)) == 2


def test_a_heartbeat_that_fails_is_said(host, other_web):
    host.fields = {"heartbeat": f"{other_web.url}/beat"}
    other_web.status = 404
    host.run(GOOD)
    assert host.outcome.remarks == ("the heartbeat failed: 127.0.0.1 answered 404",)
    assert not host.outcome.is_good


def test_its_own_metrics_are_valid_and_named_in_one_place(host):
    host.run(BAD)
    text = exposition(host.outcome.state, host.now)
    told = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert told == {metric.name for metric in METRICS}
    parse(text)
    assert 'deeprig_notifier_alerts{severity="critical"} 1.0' in text


def test_a_person_sees_what_holds_and_what_waits(host):
    host.web.status = 503
    host.run(BAD + "deeprig_driver_mismatch 1\n")
    told = shown(host.outcome.state, host.now + 120)
    assert told.splitlines() == [
        "critical GpuRowRemapFailed: GPU 0 could not replace a bad row of its memory "
        "(since 2 min, told)",
        "warning DriverMismatch: the loaded NVIDIA module is not of the installed version "
        "(since 2 min, waits to be told)",
        "webhook: 1 to deliver, 1 failures, last delivered: never",
    ]
    assert shown(State(), host.now) == "nothing is wrong that is watched here\n"


class Program:
    """The command line on a root of its own; journalctl is the machine's, or none."""

    def __init__(self, host, capsys):
        self.host = host
        self.capsys = capsys
        self.config = host.machine.path("/etc/deeprig/alerts.conf")
        self.config.parent.mkdir(parents=True)
        self.write(f"[webhook]\nurl = {host.web.url}/SECRET\n")

    def write(self, text):
        self.config.write_text(text)
        self.config.chmod(0o600)

    def __call__(self, *words):
        code = main(["--root", str(self.host.machine.root), *words])
        self.out, self.err = self.capsys.readouterr()
        assert "SECRET" not in self.out + self.err
        return code


@pytest.fixture
def program(host, capsys):
    return Program(host, capsys)


def test_check_tells_every_problem_with_its_line(program):
    assert program("check") == 0
    program.write("[webhook]\nurl = x\nfoo = 1\n")
    assert program("check") == 2
    first, remedy, second, _ = program.err.splitlines()
    assert first.startswith("/etc/deeprig/alerts.conf:2: url is no address")
    assert remedy == "    -> give https://HOST/..."
    assert second.startswith("/etc/deeprig/alerts.conf:3: [webhook] has no")
    program.config.unlink()
    assert program("check") == 2


def test_check_takes_another_file_and_refuses_one_that_others_can_read(program):
    program.config.chmod(0o644)
    other = program.config.with_name("new")
    other.write_text("")
    other.chmod(0o600)
    assert program("check", "/etc/deeprig/new") == 0
    assert program("check") == 2
    assert "chmod 600 /etc/deeprig/alerts.conf" in program.err


def test_test_sends_over_every_channel(program):
    assert program("test") == 0
    assert program.out == "webhook: delivered\n"
    assert "this is a test" in json.loads(program.host.web.requests[0][3])["text"]
    program.host.web.status = 404
    assert program("test") == 1
    assert program.err == "webhook: not delivered: 127.0.0.1 answered 404\n"
    program.write("")
    assert program("test") == 1
    assert "no way to tell anyone" in program.err


def test_run_with_a_bad_configuration_is_no_good_run(program):
    program.write("[mail]\n")
    assert program("run") == 2
    assert "nobody is told" in program.err


def test_a_second_run_at_the_same_time_waits_and_then_says_who_runs(program, monkeypatch):
    monkeypatch.setattr("deeprig_host.alerts.__main__._WAIT_SECONDS", 0.0)
    with _LOCK.held(program.host.machine):
        assert program("run") == 1
    assert "a run of the notifier is running on this host" in program.err


def test_a_disk_that_takes_no_lock_is_said_without_a_traceback(program):
    program.host.machine.path("/run").write_text("a file where a directory should be")
    assert program("run") == 1
    assert "the notifier cannot go on" in program.err


def test_show_changes_nothing(program):
    program.host.machine.path(DISK).parent.mkdir(parents=True)
    program.host.machine.path(DISK).write_text("spoilt")
    assert program("show") == 1
    assert program.host.machine.path(DISK).read_text() == "spoilt"


@pytest.mark.parametrize("fault", ["refused", "full"])
def test_an_xid_log_that_fails_does_not_stop_the_alerts(program, monkeypatch, fault):
    def gather(machine):
        if fault == "full":
            raise OSError(28, "No space left on device")
        raise Refused("the kernel's journal cannot be read", remedy="run as root")

    monkeypatch.setattr("deeprig_host.alerts.__main__.gather", gather)
    program.host.now = time.time()
    program.host.collect(BAD)
    assert program("run") == 1
    assert len(program.host.web.requests) == 1
    assert program("xid") == 1
