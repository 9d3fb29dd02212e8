"""Settings of the maintenance role."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from deeprig.role import RoleSettings

ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
#: As both journald.conf(5) and logrotate(8) read it: powers of 1024.
Size = Annotated[str, Field(pattern=r"^[1-9]\d{0,5}[MG]$")]
#: unattended-upgrades' README, "Supported Options Reference": key=value, joined by commas.
_KEY = r"(o|origin|l|label|a|archive|suite|n|codename|c|component|site)"
OriginPattern = Annotated[str, Field(pattern=rf'^{_KEY}=[^",;\s]+(,{_KEY}=[^",;\s]+)*$')]
#: A host name, or an IPv4 or IPv6 address.
TimeServer = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$")]


class MaintenanceSettings(RoleSettings):
    """What keeps a machine well between two runs of deeprig."""

    kernel_gate: bool = Field(
        True,
        description="Whether a kernel that has no NVIDIA module is kept from becoming the next one "
        "to boot. Checked after every change of packages and once a day, on hosts with a GPU.",
    )
    kernel_gate_time: ClockTime = Field(
        "05:30", description="When the daily check is, by the host's clock, as HH:MM."
    )
    unattended_upgrades: bool = Field(
        True,
        description="Whether the distribution's security updates install themselves. Held "
        "packages, such as the NVIDIA driver, stay as they are.",
    )
    unattended_origins: tuple[OriginPattern, ...] = Field(
        (),
        description="Further archives whose updates install themselves, as unattended-upgrades "
        "writes them, such as origin=Debian,codename=${distro_codename},label=Debian.",
    )
    package_lists_time: ClockTime = Field(
        "03:00", description="When the package lists are refreshed, by the host's clock, as HH:MM."
    )
    package_upgrades_time: ClockTime = Field(
        "04:00", description="When security updates are installed, by the host's clock, as HH:MM."
    )
    package_spread_minutes: int = Field(
        30,
        ge=0,
        le=720,
        description="Each of the two starts at random within so many minutes, so that a lab does "
        "not ask its mirror all at once.",
    )
    automatic_reboot: Literal["never", "when-needed"] = Field(
        "never",
        description="Whether a security update that needs a reboot brings it about. Never while "
        "somebody is logged in.",
    )
    automatic_reboot_time: ClockTime = Field(
        "05:00", description="When it is, by the host's clock, as HH:MM."
    )
    journal_max_size: Size = Field("1G", description="The most that the systemd journal keeps.")
    journal_retention_days: int = Field(
        90, ge=1, le=3650, description="Older entries of the systemd journal are removed."
    )
    log_max_size: Size | None = Field(
        "200M",
        description="A log file that has grown larger is rotated by the next daily look, however "
        "young it is. Logs with a limit of their own keep it. None: as the distribution has it.",
    )
    fstrim: bool = Field(
        True,
        description="Whether solid-state disks are told weekly which blocks are free. False "
        "leaves it as it is.",
    )
    time_sync: bool = Field(
        True,
        description="Whether the clock is kept by systemd-timesyncd, where no other time service "
        "(chrony, ntp) is installed. False leaves it as it is.",
    )
    ntp_servers: tuple[TimeServer, ...] = Field(
        (), description="Time servers of systemd-timesyncd; default: the distribution's."
    )
    hold_kernel: bool = Field(
        False,
        description="Hold the installed kernel metapackages, so that no new kernel comes, security "
        "fixes included. Turned off again, only what deeprig held is let go.",
    )
    needrestart_quiet: bool = Field(
        True,
        description="needrestart asks nothing and restarts no service: it only lists them.",
    )
