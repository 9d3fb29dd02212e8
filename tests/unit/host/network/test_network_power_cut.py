"""Killed at every single effect: what follows leaves the old or the new configuration, whole.

The process dies by SIGKILL before each fsync(2) and each command; nothing of it can clean up.
"""

import os
import signal

import pytest
from deeprig_host.network import names
from deeprig_host.network.applying import apply
from deeprig_host.network.confirm import confirm
from deeprig_host.network.journal import last_change, read_journal
from deeprig_host.network.rollback import roll_back
from deeprig_host.network.stage import stage

from .conftest import NEW_YAML, OLD_YAML, make_host, order

OLD, NEW = {"50-cloud-init.yaml": OLD_YAML}, {"60-deeprig.yaml": NEW_YAML}


def cut(host, number, work):
    """Run work in a process that dies at its effect of that number; say whether it died."""
    child = os.fork()
    if child == 0:
        real = os.fsync

        def fsync(descriptor):
            host.effect()
            real(descriptor)

        os.fsync = fsync
        host.effects, host.dies_at = 0, number
        try:
            work()
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def change_now(host):
    stage(host.machine, order())


def apply_now(host):
    change_now(host)
    apply(host.machine)


WORKS = {
    "stage": (lambda host: None, lambda host: stage(host.machine, order())),
    "apply": (change_now, lambda host: apply(host.machine)),
    "roll back": (apply_now, lambda host: roll_back(host.machine, "not confirmed")),
    "confirm": (apply_now, lambda host: confirm(host.machine, read_journal(host.machine).id)),
}


def at_every_effect(tmp_path, name):
    """Give, for each effect of a work, a host on which it was cut off just before."""
    prepare, work = WORKS[name]
    number = 1
    while True:
        host = make_host(tmp_path / str(number))
        prepare(host)
        if not cut(host, number, lambda host=host: work(host)):
            assert number > 5, "there are effects to be cut off at"
            return
        yield host
        number += 1


def written(host):
    return {name: text for name, (text, _mode) in host.files().items()}


def allowed(host, name):
    """Return what may stand afterwards: the new one only where the journal has accepted it."""
    changes = (read_journal(host.machine), last_change(host.machine))
    is_accepted = any(change is not None and change.phase == "confirmed" for change in changes)
    return NEW if name == "confirm" and is_accepted else OLD


@pytest.mark.parametrize("name", WORKS)
def test_then_the_power_returns(tmp_path, name):
    for host in at_every_effect(tmp_path, name):
        expected = allowed(host, name)
        host.boot()
        assert (host.running(), written(host)) == (expected, expected)


@pytest.mark.parametrize("name", WORKS)
def test_then_the_timer_elapses(tmp_path, name):
    for host in at_every_effect(tmp_path, name):
        expected = allowed(host, name)
        if names.TIMER_UNIT in host.guards():
            roll_back(host.machine, "not confirmed within 8 s")
        assert (host.running(), written(host)) == (expected, expected)


@pytest.mark.parametrize("name", WORKS)
def test_then_another_change_goes_through(tmp_path, name):
    """Whatever was cut off, rolling back and beginning anew works, and leaves nothing behind."""
    for host in at_every_effect(tmp_path, name):
        roll_back(host.machine, "begun anew")
        identity = stage(host.machine, order())["id"]
        apply(host.machine)
        assert confirm(host.machine, identity)["phase"] == "confirmed"
        assert (host.running(), written(host)) == (NEW, NEW)
        assert host.guards() == set()
        assert not list((host.root / "etc/netplan").glob("*.deeprig-new"))
