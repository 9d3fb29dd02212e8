"""The machine's versions: release, kernel, driver, CUDA, and deeprig's own environment.

Read from files, since asking a driver that hangs would hang with it.
"""

from __future__ import annotations

import hashlib
import json
import re

from deeprig_host.backup.state_part import Part, StateFile
from deeprig_host.driver.loaded import loaded_is_open, loaded_version
from deeprig_host.environment.places import Places
from deeprig_host.machine.commands import Machine

MACHINE = "machine.json"
#: The key of what tells two machines of one name apart: no property to compare.
IDENTITY = "identity"
_TOOLKIT = "usr/local/cuda-[0-9]*"


def machine_part(machine: Machine) -> Part:
    """Return the part."""
    return Part("machine", lambda: _files(machine))


def _files(machine: Machine) -> tuple[StateFile, ...]:
    told = {
        IDENTITY: identity(machine),
        "release": _release(machine),
        "kernel": machine.text("/proc/sys/kernel/osrelease"),
        "driver": loaded_version(machine),
        "driver_is_open": loaded_is_open(machine),
        "cuda_toolkits": _toolkits(machine),
        "cuda_default": _default_toolkit(machine),
        "deeprig_environment": _own_environment(machine),
    }
    return (StateFile(MACHINE, (json.dumps(told, indent=1) + "\n").encode()),)


def identity(machine: Machine) -> str | None:
    """Return what no other installation has: a digest, since machine-id(5) is to be kept secret."""
    told = machine.text("/etc/machine-id")
    return hashlib.sha256(f"deeprig {told}".encode()).hexdigest()[:16] if told else None


def _release(machine: Machine) -> str | None:
    """Return such as "Ubuntu 24.04.1 LTS" (os-release(5))."""
    found = re.search(r'^PRETTY_NAME="?([^"\n]*)', machine.text("/etc/os-release") or "", re.M)
    return found[1] if found else None


def _toolkits(machine: Machine) -> dict[str, str | None]:
    """Return the version of each toolkit by its directory's name; None where it tells none."""
    return {
        path.name: _toolkit_version(machine.text(f"/usr/local/{path.name}/version.json"))
        for path in sorted(machine.root.glob(_TOOLKIT))
        if path.is_dir() and not path.is_symlink()  # cuda-13 leads to cuda-13.0
    }


def _toolkit_version(text: str | None) -> str | None:
    try:
        return str(json.loads(text or "")["cuda"]["version"])
    except (ValueError, KeyError, TypeError):
        return None


def _default_toolkit(machine: Machine) -> str | None:
    """Return where /usr/local/cuda leads, through Debian's alternatives too."""
    path = machine.path("/usr/local/cuda")
    for _ in range(3):
        if not path.is_symlink():
            break
        path = machine.follow(str(path.relative_to(machine.root)))
    return path.name if path.exists() and path.name != "cuda" else None


def _own_environment(machine: Machine) -> str | None:
    current = Places.of(machine).current()
    return None if current is None else current.name
