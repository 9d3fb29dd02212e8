"""What this machine must have for a lab, and what to do where it does not."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from deeprig.errors import UsageProblem
from deeprig.lab.mounts import filesystem_of

_VAGRANT = "or use Vagrant instead: see the Vagrantfile and docs/lab.md"
_CGROUP_KILL_SINCE = (5, 14)
#: Program and the Debian or Ubuntu package it comes from.
_PROGRAMS: dict[str, str] = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "unshare": "util-linux",
    "setsid": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "apt-get": "apt",
}
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_INSTANCES = 8192
#: mmdebstrap checks the archive's signatures with these keys; only Debian has them by itself.
_KEYRING, _KEYRING_PACKAGE = "usr/share/keyrings/debian-archive-keyring.*", "debian-archive-keyring"
#: File systems that cannot be the upper layer of an overlay (kernel's overlayfs.rst).
_NO_UPPER_LAYER = ("overlay", "nfs", "nfs4", "cifs", "smb3", "9p", "vfat", "exfat", "fuse")


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


def check_programs(root: Path = Path("/")) -> None:
    """Raise UsageProblem naming the packages of programs and keys that are missing."""
    missing = {package for name, package in _PROGRAMS.items() if shutil.which(name) is None}
    if not any(root.glob(_KEYRING)):
        missing.add(_KEYRING_PACKAGE)
    if missing:
        raise UsageProblem(
            f"packages are missing: {', '.join(sorted(missing))}",
            place="lab",
            remedy=f"apt-get install {' '.join(sorted(missing))}, {_VAGRANT}",
        )


def check_directory(directory: Path, mountinfo: str | None = None) -> None:
    """Raise UsageProblem when hosts cannot keep their files below a directory."""
    kind = filesystem_of(directory.resolve(), mountinfo)
    if kind.split(".")[0] in _NO_UPPER_LAYER:
        raise UsageProblem(
            f"hosts' disks cannot lie on a file system of type {kind}",
            place=str(directory),
            remedy=f"run it from a directory on a local disk (ext4, xfs, btrfs, tmpfs), {_VAGRANT}",
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


def raise_inotify_limit(note: Callable[[str], None], limit: Path = _INOTIFY) -> None:
    """Let many systemds run at once; the kernel's usual 128 instances hang about 30 at boot.

    It stays raised: other labs may need it, and it costs nothing.
    """
    if int(limit.read_text(encoding="ascii")) >= _INOTIFY_INSTANCES:
        return
    try:
        limit.write_text(str(_INOTIFY_INSTANCES), encoding="ascii")
    except OSError as error:  # a container's read-only sysctl: a few hosts come up all the same
        note(f"{limit} cannot be raised ({error.strerror}): some twenty hosts are the most")
        return
    note(f"fs.inotify.max_user_instances is {_INOTIFY_INSTANCES} now (it was lower)")
