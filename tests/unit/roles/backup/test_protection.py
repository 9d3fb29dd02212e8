"""What a plan says of backups that whoever takes the machine over could delete."""

import pytest
from pyinfra.context import ctx_host

from roles.backup import protection
from roles.backup.protection import remark_on, tell_protection
from tests.unit.roles.backup.declared_backups import backup, disk, over_ssh, over_tls

APPENDS = over_ssh(url="rclone+ssh://rig1@nas")


@pytest.mark.parametrize(
    ("repositories", "remark"),
    [
        ({"a": disk(), "b": APPENDS}, ""),
        ({"a": disk(), "b": over_tls()}, "for the servers to decide"),
        ({"a": disk(), "b": over_ssh(url=None, server="nas")}, "for the servers to decide"),
        ({"a": disk(), "b": over_ssh()}, "can delete every one of its backups"),
    ],
)
def test_a_machine_that_can_delete_all_its_backups_is_told(monkeypatch, repositories, remark):
    settings = backup(**repositories)
    assert remark in remark_on(settings)
    assert bool(remark_on(settings)) == bool(remark)
    told, host = [], FakeHost()
    monkeypatch.setattr(protection, "explain", told.append)
    with ctx_host.use(host):
        assert list(tell_protection._inner(settings=settings)) == []
    assert len(told) == bool(remark)
    assert host.noops == 1


class FakeHost:
    """Counts what needed no change."""

    noops = 0

    def noop(self, text):
        self.noops += 1
