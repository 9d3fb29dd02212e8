"""Tasks of the network role."""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from deeprig.role import RoleContext
from deeprig.tasks import install_packages, place_host_programs
from roles.network import operations
from roles.network.link import throughput
from roles.network.settings import NetworkSettings


@deploy("network")
def deploy_network(context: RoleContext[NetworkSettings]) -> None:
    """Bring the wired network to the declared state, or leave it wholly as it is.

    Raise DeclarationRefused before any role has changed anything, where the host must not have it.
    """
    operations.check_declaration(context)
    # python3-yaml reads which earlier netplan files the declaration takes the place of.
    needed = ["python3", "python3-yaml", "iproute2"]
    if context.settings.link_peer is not None:
        needed.append(throughput.PACKAGE)
    install_packages(tuple(needed))
    place_host_programs(context)
    operations.network(name="Change the network", context=context)
