"""The machine that rules look at: its facts, what was declared, and how GPUs are told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deeprig.audit.declaration import HardwareDeclaration
from deeprig.audit.devices import Gpu, PciFunction
from deeprig.audit.facts import HardwareFacts

#: Gives the compute capability of an NVIDIA PCI device id ("2684"); None: not known (the driver
#: role's ``chips_of`` says (0, 0) there, which is to become None). A function, because the table
#: of GPUs is the driver role's, and the controller does not import roles.
CapabilityByDevice = Callable[[str], tuple[int, int] | None]

#: PCI vendor id of NVIDIA: what CUDA runs on.
_NVIDIA = "10de"
INSPECT_AGAIN = "inspect again once the driver is installed (deeprig apply): it tells"


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine as the rules see it."""

    facts: HardwareFacts
    declared: HardwareDeclaration
    capability_of: CapabilityByDevice

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """NVIDIA's GPUs: an integrated one of Intel or AMD does not train with CUDA."""
        return tuple(gpu for gpu in self.facts.gpus if gpu.vendor == _NVIDIA)

    @property
    def is_virtual(self) -> bool:
        """Whether the machine is known to be virtual or a container: what it shows is partial."""
        system = self.facts.system
        return system.is_container or system.virtualization not in (None, "none")

    @property
    def is_portable(self) -> bool:
        """Whether it is a laptop: its supply, cooling and bays are as its maker built them."""
        return self.facts.system.chassis in ("laptop", "convertible", "tablet", "handset")

    def why_unknown(self, *paths: str) -> str:
        """Return why the first told of some facts is unknown, in the collector's words.

        What stands for a path stands for everything below it: "nics" for "nics.eno1.speed_mbits".
        """
        for path in paths:
            for unknown in self.facts.unknown:
                if f"{path}.".startswith(f"{unknown.what}."):
                    return f"cannot be told: {unknown.why}"
        return f"cannot be told: the machine does not tell {paths[0]}"

    @property
    def why_no_bus(self) -> str:
        """Return why nothing can be said about GPUs; empty where the PCI bus was looked at."""
        for path in ("gpus", "pci"):
            if self.is_told_unknown(path):
                return self.why_unknown(path)
        is_seen = self.facts.pci or self.facts.gpus
        return "" if is_seen else "cannot be told: no PCI bus is seen, only what is on one trains"

    def why_gpus_unknown(self, fact: str) -> str:
        """Return why a fact of the first GPU that lacks it is unknown."""
        lacking = [gpu.address for gpu in self.gpus if getattr(gpu, fact) is None]
        return self.why_unknown(*(f"gpus.{address}.{fact}" for address in lacking))

    def remedy_for_gpus(self, fact: str) -> str:
        """Return how a fact that GPUs lack could be had: from a driver, or by looking at it."""
        lacking = [gpu for gpu in self.gpus if getattr(gpu, fact) is None]
        if any(gpu.source == "pci" for gpu in lacking):
            return INSPECT_AGAIN
        return "look at `nvidia-smi -q` on the machine; some cards do not tell"

    def why_links_unknown(self) -> str:
        """Return why links of GPUs are not known: the collector leaves null what sysfs has not."""
        return self.why_unknown(*(f"pci.{gpu.address}.link" for gpu in self.gpus))

    def is_told_unknown(self, path: str) -> bool:
        """Return whether the collector says that it could not read a whole list, such as gpus."""
        return any(unknown.what == path for unknown in self.facts.unknown)

    def pci_of(self, address: str) -> PciFunction | None:
        """Return the PCI function at an address; None when the bus shows none there."""
        return next((item for item in self.facts.pci if item.address == address), None)

    def capability(self, gpu: Gpu) -> tuple[int, int] | None:
        """Return a GPU's compute capability: the driver's word, before it the PCI id's."""
        if gpu.compute_capability is None:
            return self.capability_of(gpu.device)
        major, _, minor = gpu.compute_capability.partition(".")
        return int(major), int(minor)
