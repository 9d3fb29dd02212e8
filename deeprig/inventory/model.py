"""What an inventory says of one host, validated: connection, roles, hardware, role settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from deeprig.audit.declaration import HardwareDeclaration
from deeprig.role import NetworkAccess, RoleSettings
from deeprig.secrets import Secret
from deeprig.waves.settings import WaveSettings

SSH_DEFAULT_PORT = 22
RebootPolicy = Literal["when-needed", "never"]


class HostSettings(RoleSettings):
    """Settings of a host outside its roles. The ``ssh_*`` names are pyinfra's own."""

    ssh_hostname: str | None = Field(None, description="Address, when it is not the host's name.")
    ssh_port: int | None = Field(None, ge=1, le=65535, description="Port of the host's sshd.")
    ssh_user: str | None = Field(None, description="Who logs in: root, or a user with sudo.")
    ssh_key: Path | None = Field(
        None, description="Private key file; a relative path starts at the lab directory."
    )
    ssh_key_password: Secret | None = Field(
        None, description="Passphrase of the key file: a text, or where it is (a secret)."
    )
    ssh_password: Secret | None = Field(
        None, description="Login password (a secret); keys are better."
    )
    ssh_allow_agent: bool = Field(True, description="Offer the keys of a running SSH agent.")
    ssh_look_for_keys: bool = Field(True, description="Offer the keys in ~/.ssh.")
    ssh_forward_agent: bool = Field(False, description="Forward the SSH agent to the host.")
    ssh_config_file: Path | None = Field(None, description="OpenSSH client configuration to read.")
    ssh_known_hosts_file: Path | None = Field(
        None, description="Where host keys are kept; default ~/.ssh/known_hosts."
    )
    ssh_strict_host_key_checking: Literal["yes", "accept-new"] = Field(
        "accept-new",
        description="'yes': only known keys. 'accept-new': a first key is learnt. "
        "A changed key is never accepted, so 'no' is not offered.",
    )
    ssh_paramiko_connect_kwargs: dict[str, Any] | None = Field(
        None, description="Further arguments of paramiko's connect."
    )
    ssh_connect_retries: int = Field(0, ge=0, description="Further attempts to connect.")
    ssh_connect_retry_min_delay: float = Field(0.1, ge=0, description="Seconds before a retry.")
    ssh_connect_retry_max_delay: float = Field(0.5, ge=0, description="Seconds before a retry.")
    ssh_file_transfer_protocol: Literal["sftp", "scp"] = Field("sftp")
    roles: tuple[str, ...] | None = Field(
        None, description="Roles of this host; default: all that the deploy script names."
    )
    gpu_count: int | None = Field(
        None,
        ge=0,
        description="NVIDIA GPUs this host must train on; 0: CPU only. "
        "Default: as many as its PCI bus shows.",
    )
    network_access: NetworkAccess = Field(
        NetworkAccess(), description="Proxies through which the host reaches the outside."
    )
    hardware: HardwareDeclaration = Field(
        HardwareDeclaration(),
        description="What no software can read of the hardware, for `deeprig inspect`.",
    )
    reboot: RebootPolicy = Field(
        "never", description="Whether apply may reboot the host, once and at the end."
    )
    waves: WaveSettings = Field(
        WaveSettings(),
        description="How `apply --waves` and `update --waves` go over the lab (docs/waves.md).",
    )


@dataclass(frozen=True, slots=True)
class DeclaredHost:
    """One host of a validated inventory."""

    name: str
    groups: tuple[str, ...]
    settings: HostSettings
    role_settings: Mapping[str, RoleSettings]
    roles: tuple[str, ...] | None

    @property
    def address(self) -> str:
        """Return where the host is contacted, as ``address:port`` for people."""
        port = self.settings.ssh_port or SSH_DEFAULT_PORT
        host = self.settings.ssh_hostname or self.name
        return host if port == SSH_DEFAULT_PORT else f"{host}:{port}"

    @property
    def needs_sudo(self) -> bool:
        """Say whether commands need sudo: everybody's do but root's."""
        return self.settings.ssh_user != "root"
