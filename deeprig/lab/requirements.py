"""What this machine must have for a lab, and what to do where it does not."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from deeprig.errors import UsageProblem

_VAGRANT = "or use Vagrant instead: see the Vagrantfile and docs/lab.md"
_CGROUP_KILL_SINCE = (5, 14)
#: Program and the Debian or Ubuntu package it comes from.
_PROGRAMS: dict[str, str] = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "unshare": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "apt-get": "apt",
}


def check_requirements() -> None:
    """Raise UsageProblem when a lab cannot be made here: not root, programs or kernel missing."""
    if os.geteuid() != 0:
        raise UsageProblem(
            "throwaway hosts need root: namespaces, mounts and containers are made",
            place="lab",
            remedy=f"run it with sudo, {_VAGRANT}",
        )
    check_programs()
    check_kernel()


def check_programs() -> None:
    """Raise UsageProblem naming the packages of programs that are missing."""
    missing = sorted({package for name, package in _PROGRAMS.items() if shutil.which(name) is None})
    if missing:
        raise UsageProblem(
            f"packages are missing: {', '.join(missing)}",
            place="lab",
            remedy=f"apt-get install {' '.join(missing)}, {_VAGRANT}",
        )


def check_kernel(proc: Path = Path("/proc"), release: str | None = None) -> None:
    """Raise UsageProblem when the kernel lacks overlay file systems, cgroup v2 or namespaces."""
    numbers = re.findall(r"\d+", release or os.uname().release)[:2]
    if tuple(int(number) for number in numbers) < _CGROUP_KILL_SINCE:
        raise UsageProblem(
            f"Linux {'.'.join(numbers)} cannot end a cgroup at once (cgroup.kill, since 5.14)",
            place="lab",
            remedy=f"run it on a later kernel, {_VAGRANT}",
        )
    filesystems = (proc / "filesystems").read_text(encoding="ascii").split()
    lacking = [name for name in ("overlay", "cgroup2") if name not in filesystems]
    lacking += [name for name in ("net", "mnt", "pid") if not (proc / "self/ns" / name).exists()]
    if lacking:
        raise UsageProblem(
            f"this kernel lacks {', '.join(lacking)}",
            place="lab",
            remedy=f"run it on a Linux kernel with them (modprobe overlay?), {_VAGRANT}",
        )
