"""Settings of the nvidia_driver role."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from deeprig.role import RoleSettings
from deeprig.tasks.nvidia_repository import NvidiaRepositorySettings
from roles.nvidia_driver.versions import branch_of, is_driver_version

Source = Literal["ubuntu", "nvidia", "debian"]
Flavour = Literal["full", "compute", "server"]

_PCI_ADDRESS = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _driver_version(value: str) -> str:
    if not is_driver_version(value):
        raise ValueError("this is no driver version (such as 580.126.20); for 580 set branch")
    return value


def _pci_address(value: str) -> str:
    if not _PCI_ADDRESS.fullmatch(value):
        raise ValueError("this is no PCI address (domain:bus:device.function, 0000:01:00.0)")
    return value


def _option_name(value: str) -> str:
    if not _OPTION.fullmatch(value):
        raise ValueError("this is no module option (such as NVreg_EnableGpuFirmware)")
    return value


Branch = Annotated[str, Field(pattern=r"^[1-9]\d{2}$")]
DriverVersion = Annotated[str, AfterValidator(_driver_version)]
PciAddress = Annotated[str, AfterValidator(_pci_address)]
OptionName = Annotated[str, AfterValidator(_option_name)]
Watts = Annotated[int, Field(ge=1, le=3000)]


def _power_limit(value: Any) -> Any:
    """Say what is wrong in one sentence: pydantic would name every type it tried."""
    limits = value if isinstance(value, dict) else {"": value}
    for address, watts in limits.items():
        if address != "":
            _pci_address(str(address))
        if isinstance(watts, bool) or not isinstance(watts, int) or not 1 <= watts <= 3000:
            raise ValueError("this is no power limit: watts from 1 to 3000, or PCI address: watts")
    return value


PowerLimit = Annotated[Watts | dict[PciAddress, Watts], BeforeValidator(_power_limit)]


class NvidiaDriverSettings(RoleSettings):
    """Settings under ``nvidia_driver`` in the inventory."""

    source: Source | None = Field(
        None,
        description="Where the driver comes from: the archive of 'ubuntu' or 'debian', or "
        "'nvidia' (NVIDIA's repository). Default: where the installed driver came from; without "
        "one, 'ubuntu' on Ubuntu (its prebuilt modules are signed) and 'nvidia' on Debian (whose "
        "own drivers are too old for CUDA 13).",
    )
    branch: Branch | None = Field(
        None,
        description="Driver branch, such as 580; any version of it will do until 'deeprig update' "
        "takes its newest. Default: the installed branch; without one, 580.",
    )
    version: DriverVersion | None = Field(
        None, description="Exact driver version, such as 580.126.20; 'update' leaves it alone."
    )
    variant: Literal["auto", "open", "proprietary"] = Field(
        "auto",
        description="Kernel modules. 'auto' decides by PCI id: open where every GPU can use them, "
        "else proprietary.",
    )
    flavour: Flavour = Field(
        "full",
        description="'full': with graphics. 'compute': graphics are not asked for. 'server': "
        "Ubuntu's server packages, with graphics.",
    )
    rollback: Literal["automatic", "never"] = Field(
        "automatic",
        description="What happens when a new driver does not work after the reboot: the old one "
        "is put back and proven, or everything stays for you to look at.",
    )
    drain_wait_minutes: int = Field(
        0,
        ge=0,
        le=7 * 24 * 60,
        description="How long a change of the driver waits for programs that use the GPUs. "
        "Default: not at all, it is put off. Nothing is ever killed.",
    )
    hold: bool = Field(
        True, description="Keep apt and unattended-upgrades from moving the driver by themselves."
    )
    secure_boot: Literal["observe", "on", "off"] = Field(
        "observe",
        description="Whether kernel modules must be signed: as the firmware says, always, or "
        "never. 'off' is for hosts that cannot tell.",
    )
    nvswitch: Literal["auto", "yes", "no"] = Field(
        "auto",
        description="Whether the GPUs are joined by NVSwitches and need NVIDIA's fabric manager.",
    )
    persistence: bool = Field(
        True, description="Keep the driver loaded while no program uses a GPU (persistenced)."
    )
    power_limit_watts: PowerLimit | None = Field(
        None, description="Power limit for all GPUs, or by PCI address. Default: the card's own."
    )
    module_options: dict[OptionName, int | str] = Field(
        {}, description="Options of the nvidia module (NVreg_...), as modprobe.d has them."
    )
    nvidia_repository: NvidiaRepositorySettings = Field(
        NvidiaRepositorySettings(), description="NVIDIA's repository, or a mirror of it."
    )

    @model_validator(mode="after")
    def _version_is_of_branch(self) -> NvidiaDriverSettings:
        if self.version and self.branch and branch_of(self.version) != int(self.branch):
            raise ValueError(
                f"version {self.version} is not of branch {self.branch}: name one of the two"
            )
        return self

    @model_validator(mode="after")
    def _flavour_is_of_source(self) -> NvidiaDriverSettings:
        if self.flavour == "server" and self.source in ("nvidia", "debian"):
            raise ValueError(
                f"source {self.source} has no server flavour (only Ubuntu's archive has): "
                "set flavour to full or compute"
            )
        if self.flavour == "compute" and self.source == "debian":
            raise ValueError(
                "Debian's archive has no compute-only driver: set flavour to full, "
                "or source to nvidia"
            )
        return self

    @property
    def wanted_branch(self) -> int | None:
        """Return the declared branch, by itself or in the version; None where nobody said."""
        if self.version is not None:
            return branch_of(self.version)
        return None if self.branch is None else int(self.branch)

    @property
    def power_limits(self) -> tuple[tuple[str, int], ...]:
        """Return (PCI address, watts) pairs; the address "" stands for every GPU."""
        limits = self.power_limit_watts
        if limits is None:
            return ()
        return tuple(sorted(limits.items())) if isinstance(limits, dict) else (("", limits),)

    def power_limit_of(self, address: str) -> int | None:
        """Return the declared limit of the GPU at a PCI address in watts, None for none."""
        limits = dict(self.power_limits)
        return limits.get(address, limits.get(""))
