"""Simulated GPU machines of a lab: what they are, their power, and their disks.

The lab is deeprig's own (real systemd, sshd, apt and dpkg in containers). Only cards, the loading
of a kernel module and Secure Boot are simulated, by ``files/deeprig-sim`` inside the machine.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deeprig.lab import api, cgroups, machine
from deeprig.lab.state import BRIDGE_ADDRESS, PROXY_PORT, LabHost, LabState
from tests.sim.hosts.image import sim_image
from tests.sim.hosts.pci import Device, addresses

SIMULATED = "NVIDIA cards, NVIDIA's packages, Secure Boot and the loading of kernel modules\n"
_CODENAMES = {"22.04": "jammy", "24.04": "noble", "26.04": "resolute"}
#: A bound for what must come about, also on a busy machine.
_WAIT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine shows. ``ubuntu`` None: it stays Debian 12.

    ``secure_boot`` None: no EFI. ``enrolled`` are signers whose modules load with Secure Boot on;
    ``enrolled_files`` are certificates that mokutil finds enrolled. ``boots`` is the kernel that
    the boot loader takes, None the newest.
    """

    devices: tuple[Device, ...] = ()
    ubuntu: str | None = "24.04"
    secure_boot: bool | None = None
    enrolled: tuple[str, ...] = ()
    enrolled_files: tuple[str, ...] = ()
    boots: str | None = None

    def document(self) -> str:
        """Return machine.json."""
        devices = [(a, d.device_id, d.class_code) for a, d in addresses(self.devices)]
        values = {
            "devices": devices,
            "secure_boot": self.secure_boot,
            "enrolled": self.enrolled,
            "enrolled_files": self.enrolled_files,
            "boots": self.boots,
        }
        return json.dumps(values, indent=2)


def sim_lab(directory: Path, count: int, served: tuple[tuple[str, Path], ...]) -> LabState:
    """Bring up ``count`` machines (rig1, rig2, ...) without cards; ``become`` gives them some."""
    spec = api.LabSpec(directory, count, "debian12", served=served, image=sim_image())
    return api.up(spec)


def become(state: LabState, host: LabHost, what: Machine) -> None:
    """Make a machine another one: power off, write what it is, power on."""
    power_off(state, host)
    upper = state.machine(host.name) / "upper"
    _write(upper, "etc/deeprig-sim/simulated", SIMULATED)
    _write(upper, "etc/deeprig-sim/machine.json", what.document())
    _write(upper, "etc/apt/apt.conf.d/90lab", _apt_configuration())
    if what.ubuntu is not None:
        _write(upper, "usr/lib/os-release", _os_release(what.ubuntu))
    power_on(state, host)


def ubuntu_sources(state: LabState, ubuntu: str) -> str:
    """Return sources.list lines of the simulated archive, served by the lab as ``ubuntu``."""
    name = _CODENAMES[ubuntu]
    suites = (name, f"{name}-updates", f"{name}-security")
    key = "[signed-by=/etc/apt/keyrings/simulated-ubuntu.gpg]"
    return "".join(f"deb {key} {state.url('ubuntu')} {suite} main\n" for suite in suites)


def add_ubuntu_archive(state: LabState, host: LabHost, ubuntu: str, key: Path) -> None:
    """Have a machine's own archive be the simulated Ubuntu's too, as if it had been installed so.

    Debian's stays beside it: what is installed came from there.
    """
    upper = state.machine(host.name) / "upper"
    _write(upper, "etc/apt/keyrings/simulated-ubuntu.gpg", key.read_bytes())
    _write(upper, "etc/apt/sources.list.d/simulated-ubuntu.list", ubuntu_sources(state, ubuntu))


def power_off(state: LabState, host: LabHost) -> None:
    """Cut the power: every process ends at once, nothing is flushed or unmounted in order."""
    cgroups.end(cgroups.root() / f"{state.id}.{host.name}")


def power_on(state: LabState, host: LabHost) -> None:
    """Boot, and wait until ssh answers."""
    machine.start(state, host)
    machine.wait_until_ssh_answers(state, host)


def keep_disk(state: LabState, host: LabHost, name: str) -> None:
    """Keep a machine's disk as it is now under a name; the machine is powered off and on."""
    power_off(state, host)
    kept = kept_disk(state, host, name)
    shutil.rmtree(kept, ignore_errors=True)
    _copy(state.machine(host.name) / "upper", kept)
    power_on(state, host)


def put_disk_back(state: LabState, host: LabHost, name: str, what: Machine | None = None) -> None:
    """Give a machine the disk that was kept, and boot it (as another machine, where asked)."""
    power_off(state, host)
    directory = state.machine(host.name)
    for part in ("upper", "work"):
        shutil.rmtree(directory / part, ignore_errors=True)
    (directory / "work").mkdir()
    _copy(kept_disk(state, host, name), directory / "upper")
    if what is not None:
        _write(directory / "upper", "etc/deeprig-sim/machine.json", what.document())
        if what.ubuntu is not None:
            _write(directory / "upper", "usr/lib/os-release", _os_release(what.ubuntu))
    power_on(state, host)


def start_from(
    state: LabState, host: LabHost, name: str, make: Callable[[], None] | None = None
) -> None:
    """Boot a machine from a kept disk; where there is none yet, ``make`` it and keep it."""
    if make is not None and not has_disk(state, host, name):
        make()
        keep_disk(state, host, name)
        return
    put_disk_back(state, host, name)


def has_disk(state: LabState, host: LabHost, name: str) -> bool:
    """Say whether a disk was kept under a name."""
    return kept_disk(state, host, name).is_dir()


def wait_for(condition: str, state: LabState, host: LabHost) -> None:
    """Wait until a shell condition holds inside the machine. Raise TimeoutError.

    Asked from outside, through its mount namespace: no sshd, no session of its own.
    """
    init = cgroups.root() / f"{state.id}.{host.name}" / "payload" / "init.scope" / "cgroup.procs"
    leader = init.read_text(encoding="ascii").split()[0]
    command = ["nsenter", "--target", leader, "--mount", "--pid", "sh", "-c", condition]
    deadline = time.monotonic() + _WAIT_SECONDS
    while subprocess.run(command, capture_output=True, check=False).returncode != 0:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{host.name}: {condition}")
        time.sleep(0.02)


def kept_disk(state: LabState, host: LabHost, name: str) -> Path:
    """Return where a disk is kept under a name: the upper layer over the machine's image."""
    return state.machine(host.name) / "disks" / name


def _copy(source: Path, target: Path) -> None:
    # With every attribute: an overlay's upper layer has whiteouts and trusted.overlay.* marks.
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)


def _write(upper: Path, path: str, content: str | bytes) -> None:
    target = upper / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        content = content.encode("utf-8")
    target.write_bytes(content)
    target.chmod(0o644)


def _os_release(ubuntu: str) -> str:
    return (
        f'PRETTY_NAME="Ubuntu {ubuntu} LTS (simulated by deeprig)"\nNAME="Ubuntu"\n'
        f'VERSION_ID="{ubuntu}"\nVERSION_CODENAME={_CODENAMES[ubuntu]}\nID=ubuntu\n'
        f"ID_LIKE=debian\nUBUNTU_CODENAME={_CODENAMES[ubuntu]}\n"
    )


def _apt_configuration() -> str:
    proxy = f"http://{BRIDGE_ADDRESS}:{PROXY_PORT}"
    return (
        f'Acquire::http::Proxy "{proxy}";\nAcquire::https::Proxy "{proxy}";\n'
        f'Acquire::http::Proxy::{BRIDGE_ADDRESS} "DIRECT";\n'
    )
