"""The processes that have a GPU's device file open or mapped. Nothing here signals one."""

from __future__ import annotations

from typing import Any

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.processes import age_seconds, age_text, command_of, container_of, user_of

_DEVICES = "/dev/nvidia"
#: Services of the driver's own packages: they are stopped with it and hold back nobody's work.
_OWN_SERVICES = ("nvidia-persistenced", "nv-fabricmanager", "nvidia-fabricmanager", "nv-hostengine")
#: Programs of deeprig's own that cool and watch the cards: stopped and started with the driver too.
_OWN_PROGRAMS = ("deeprig_host.cooling", "deeprig_host.metrics")
_OWN_DIRECTORY = "/opt/deeprig/"


def holders(machine: Machine) -> list[dict[str, Any]]:
    """Return every process that uses a GPU, by pid, but the driver's own services and deeprig's.

    A process that ends while we look is left out: it holds nothing any more.
    """
    pids = sorted(int(p.name) for p in machine.path("/proc").glob("[0-9]*") if p.name.isdigit())
    found = []
    for pid in pids:
        device = _device_of(machine, pid)
        if device and not _is_own_service(machine, pid):
            found.append(_holder(machine, pid, device))
    return found


def holder_text(holder: dict[str, Any]) -> str:
    """Return one holder for people."""
    inside = f", in {holder['container']}" if holder["container"] else ""
    since = age_text(holder["age_seconds"])
    told = f"pid {holder['pid']}, {holder['user']}, since {since}{inside}"
    return f"{holder['command']} ({told}) has {holder['device']}"


def _holder(machine: Machine, pid: int, device: str) -> dict[str, Any]:
    return {
        "pid": pid,
        "user": user_of(machine, pid),
        "command": command_of(machine, pid),
        "age_seconds": age_seconds(machine, pid),
        "device": device,
        "container": container_of(machine, pid),
    }


def _device_of(machine: Machine, pid: int) -> str | None:
    return _open_device(machine, pid) or _mapped_device(machine, pid)


def _open_device(machine: Machine, pid: int) -> str | None:
    """Return a device that the process has open, a numbered GPU before a control file."""
    found = set()
    try:
        for descriptor in machine.path(f"/proc/{pid}/fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith(_DEVICES):
                found.add(target)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass  # it has just ended: what was seen up to then still counts
    return min(found, key=_rank) if found else None


def _mapped_device(machine: Machine, pid: int) -> str | None:
    try:
        lines = machine.path(f"/proc/{pid}/maps").read_text(errors="replace").splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    paths = {line[line.index("/") :] for line in lines if _DEVICES in line}
    devices = [path for path in paths if path.startswith(_DEVICES)]
    return min(devices, key=_rank) if devices else None


def _rank(device: str) -> tuple[bool, str]:
    return (not device.removeprefix(_DEVICES).isdigit(), device)


def _is_own_service(machine: Machine, pid: int) -> bool:
    words = (machine.text(f"/proc/{pid}/cmdline") or "").split("\0")
    if words[0].startswith(_OWN_DIRECTORY):
        # One of an earlier deeprig is started without -I, and runs on until it is restarted.
        module = words[2:4] if words[1:2] == ["-I"] else words[1:3]
        return module in [["-m", program] for program in _OWN_PROGRAMS]
    return words[0].rpartition("/")[2] in _OWN_SERVICES
