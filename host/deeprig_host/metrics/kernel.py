"""Whether the next boot starts another kernel than the one that runs."""

from __future__ import annotations

from deeprig_host.machine.commands import Machine
from deeprig_host.metrics import names
from deeprig_host.metrics.samples import Samples

#: The link to the newest installed kernel: Debian's, Ubuntu's (kernel-img.conf(5)).
_LINKS = ("/vmlinuz", "/boot/vmlinuz")
_FILE = "vmlinuz-"


def read(machine: Machine, samples: Samples) -> None:
    """Add both kernels; a container has none to boot and tells nothing."""
    running = machine.text("/proc/sys/kernel/osrelease")
    newest = _newest(machine)
    if running is None or newest is None:
        return
    samples.add(names.KERNEL_INFO, 1, running, newest)
    samples.add(names.KERNEL_MISMATCH, running != newest)


def _newest(machine: Machine) -> str | None:
    for link in _LINKS:
        target = machine.follow(link)
        if target.name.startswith(_FILE) and target.exists():
            return target.name.removeprefix(_FILE)
    return None
