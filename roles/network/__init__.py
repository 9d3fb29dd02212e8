"""The wired network: declared, checked, and changed so that nobody is locked out."""

from __future__ import annotations

from deeprig.facts import HostFacts
from deeprig.role import Role
from roles.network.across import problems_across
from roles.network.settings import NetworkSettings
from roles.network.tasks import deploy_network


def _is_declared(facts: HostFacts, settings: NetworkSettings) -> bool:
    return settings.is_declared


ROLE = Role(
    name="network",
    settings=NetworkSettings,
    deploy=deploy_network,
    after=("base",),
    applies=_is_declared,
    across=problems_across,
)
