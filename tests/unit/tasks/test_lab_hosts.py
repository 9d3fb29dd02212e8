"""The other hosts of an inventory, as a role is told of them: under deeprig and under pyinfra."""

from types import SimpleNamespace

import pytest
from pyinfra.api.state import State
from pyinfra.context import ctx_host, ctx_state

from deeprig.content import Content
from deeprig.errors import DeclarationRefused
from deeprig.inventory.read import read_inventory
from deeprig.tasks.lab_hosts import hosts_with_role

HOSTS = """workstations = [
    ("rig1", {}),
    ("rig2", {"roles": ["base"]}),
    ("rig3", {"roles": ["monitoring"], "monitoring": {"exporter": {"port": 9999}}}),
]"""


def context(lab):
    return SimpleNamespace(
        role="monitoring", content=Content.of(lab.directory), lab_directory=lab.directory
    )


def seen_under_pyinfra(lab):
    inventory = read_inventory(lab.inventory)
    with ctx_state.use(State()), ctx_host.use(inventory.get_host("rig1")):
        return hosts_with_role(context(lab))


def test_both_ways_tell_the_same_hosts(lab):
    lab.hosts(HOSTS)
    with ctx_state.use(SimpleNamespace(lab=lab.load())):
        under_deeprig = hosts_with_role(context(lab))
    assert [host.name for host in under_deeprig] == ["rig1", "rig3"]
    assert under_deeprig[1].role_settings["monitoring"].exporter.port == 9999
    assert seen_under_pyinfra(lab) == under_deeprig


def test_another_hosts_mistake_is_told_where_nobody_has_looked_before(lab):
    lab.hosts('workstations = ["rig1", ("rig2", {"monitoring": {"interval_seconds": 0}})]')
    with pytest.raises(DeclarationRefused) as refused:
        seen_under_pyinfra(lab)
    assert refused.value.problems[0].place.startswith("rig2: monitoring.interval_seconds")
