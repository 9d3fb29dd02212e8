"""Settings of the network role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from deeprig.role import RoleSettings
from roles.network.checks import faults_of
from roles.network.devices import Bond, Device, Ethernet, Vlan
from roles.network.values import DeviceName, Domain, HostAddress

#: Long enough for a switch to bring its port up (30 s of spanning tree) and for a reconnect.
LEAST_CONFIRM_SECONDS = 45


class LinkPeer(RoleSettings):
    """A machine that runs ``iperf3 --server``; being measured needs its owner's leave."""

    address: HostAddress = Field(description="Its address.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(5201, description="Its iperf3's port.")
    least_mbps: Annotated[int, Field(ge=1, le=1_600_000)] = Field(
        description="Least throughput that verify accepts, each way, in Mbit/s."
    )
    seconds: Annotated[int, Field(ge=1, le=60)] = Field(
        5, description="How long each way is measured."
    )


class NetworkSettings(RoleSettings):
    """Settings under ``network`` in the inventory: the wired network of a host.

    Nothing declared means that the network is left as it is. Wi-Fi is never touched.
    """

    ethernets: dict[DeviceName, Ethernet] = Field(
        {}, description="Wired interfaces: {'lan': {'mac': '3c:ec:ef:01:02:03', 'dhcp4': True}}."
    )
    bonds: dict[DeviceName, Bond] = Field({}, description="Bonds, by the name they get.")
    vlans: dict[DeviceName, Vlan] = Field({}, description="VLANs, by the name they get.")
    renderer: Literal["auto", "networkd", "NetworkManager"] = Field(
        "auto", description="Who configures the wired network. 'auto': who does so now."
    )
    disable_cloud_init: bool = Field(
        True, description="Keep cloud-init from writing a network configuration of its own."
    )
    confirm_seconds: Annotated[int, Field(ge=LEAST_CONFIRM_SECONDS, le=3600)] = Field(
        120,
        description="How long a change may stay unconfirmed. When the controller has not "
        "reconnected by then, the host goes back to its old network by itself.",
    )
    management_address: HostAddress | None = Field(
        None,
        description="The address at which the controller finds the host after the change. Needed "
        "only where the declaration does not keep the one in use.",
    )
    dns_probe_name: Domain | None = Field(
        None,
        description="Name that verify has every name server resolve. Default: where the host's "
        "packages come from, as its apt says.",
    )
    link_peer: LinkPeer | None = Field(
        None, description="Where verify measures the throughput to. Default: nowhere."
    )

    @model_validator(mode="after")
    def _is_sound(self) -> NetworkSettings:
        faults = faults_of(self)
        if faults:
            raise ValidationError.from_exception_data(
                "NetworkSettings",
                [
                    InitErrorDetails(
                        # Braces in the text would be taken for placeholders: it is one itself.
                        type=PydanticCustomError("network", "{text}", {"text": fault.text}),
                        loc=fault.path,
                        input=fault.value,
                    )
                    for fault in faults
                ],
            )
        return self

    @property
    def devices(self) -> Iterator[tuple[tuple[str, str], Device]]:
        """Yield every declared device with its path: ("ethernets", key), and so on."""
        for kind in ("ethernets", "bonds", "vlans"):
            for key, device in getattr(self, kind).items():
                yield (kind, key), device

    @property
    def is_declared(self) -> bool:
        """Say whether anything is declared; else the host's network is left alone."""
        return bool(self.ethernets or self.bonds or self.vlans)
