"""In which order things are done on a host: a cut run leaves two that look, and never none."""

from types import SimpleNamespace

import pytest

from roles.backup import schedule, tasks
from roles.backup.places import CRON_FILE, SERVICE_FILE, TIMER_FILE
from roles.backup.settings import BackupSettings
from tests.unit.roles.backup.declared_backups import backup, disk, over_ssh


@pytest.fixture
def done(monkeypatch):
    """What was done, in its order; nothing reaches a host."""
    order = []

    def told(what):
        return lambda *arguments, **named: order.append(what)

    def place_template(context, lands_at, **named):
        order.append(lands_at)

    monkeypatch.setattr(schedule, "place_template", place_template)
    for name in ("remove_timer", "remove_cron", "_let_systemd_read"):
        monkeypatch.setattr(schedule, name, told(name))
    monkeypatch.setattr(schedule, "changed", lambda *operations: None)
    systemd = SimpleNamespace(service=lambda **named: order.append(named["service"]))
    monkeypatch.setattr(schedule, "systemd", systemd)
    monkeypatch.setattr(schedule, "server", SimpleNamespace(shell=told("restart")))
    for name in (
        *("tell_protection", "place_host_environment", "install_packages"),
        *("place_secret_files", "_configure", "schedule", "remove_other_files", "remove_backup"),
    ):
        monkeypatch.setattr(tasks, name, told(name))
    return order


def context(settings):
    return SimpleNamespace(settings=settings)


def test_cron_looks_before_the_timer_goes(done):
    schedule.schedule(context(BackupSettings()))
    assert done == ["cron.service", CRON_FILE, "remove_timer"]


def test_the_timer_looks_before_cron_goes(done):
    schedule.schedule(context(BackupSettings(schedule="timer")))
    assert done == [
        *(SERVICE_FILE, TIMER_FILE, "_let_systemd_read", "restart"),
        *("deeprig-backup.timer", "remove_cron"),
    ]


def deployed(monkeypatch, settings):
    monkeypatch.setattr(tasks, "_resolved", lambda context: context.settings)
    monkeypatch.setattr(tasks, "replace", lambda context, settings: context)
    tasks.deploy_backup._inner(context(settings))


def test_nothing_reads_what_is_not_there_yet_and_nothing_goes_that_is_read(done, monkeypatch):
    deployed(monkeypatch, backup(disk=disk(), nas=over_ssh()))
    assert done == [
        *("tell_protection", "place_host_environment", "install_packages"),
        *("place_secret_files", "_configure", "schedule", "remove_other_files"),
    ]


def test_where_nothing_is_declared_everything_goes(done, monkeypatch):
    deployed(monkeypatch, BackupSettings())
    assert done == ["remove_backup"]
