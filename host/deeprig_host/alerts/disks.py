"""How full this machine's disks are, under node_exporter's names: statvfs(3) on /proc/mounts."""

from __future__ import annotations

import os
from collections.abc import Iterator

from deeprig_host.alerts.rules_host import FREE, NO_DISK, SIZE
from deeprig_host.alerts.samples import Sample
from deeprig_host.machine.commands import Machine

#: Of another machine: asked when it does not answer, statvfs(3) waits without end.
_REMOTE = ("9p", "afs", "ceph", "cifs", "fuse.", "glusterfs", "nfs", "nfs4", "smb3")


def disk_samples(machine: Machine) -> tuple[Sample, ...]:
    """Return the space of every local disk; one that cannot be asked has no sample."""
    return tuple(sample for mount in _mounts(machine) for sample in _space(machine, *mount))


def _mounts(machine: Machine) -> Iterator[tuple[str, str, str]]:
    """Yield device, mount point and type, each device once (proc_pid_mounts(5))."""
    seen: set[tuple[str, str]] = set()
    for line in (machine.text("/proc/mounts") or "").splitlines():
        device, point, kind = (_unescape(part) for part in line.split()[:3])
        is_local = kind not in NO_DISK and not kind.startswith(_REMOTE)
        if is_local and (device, kind) not in seen:  # a bind mount tells nothing new
            seen.add((device, kind))
            yield device, point, kind


def _space(machine: Machine, device: str, point: str, kind: str) -> tuple[Sample, ...]:
    try:
        told = os.statvfs(machine.path(point))
    except OSError:  # unmounted since, or not ours to see: it is not known
        return ()
    labels = {"device": device, "mountpoint": point, "fstype": kind}
    if not told.f_blocks:  # no disk: proc, cgroup2, ...
        return ()
    return (
        Sample(FREE, labels, float(told.f_bavail * told.f_frsize)),
        Sample(SIZE, labels, float(told.f_blocks * told.f_frsize)),
    )


def _unescape(text: str) -> str:
    r"""Return a name as it is: blanks, tabs, newlines and backslashes are written in octal."""
    for code in ("040", "011", "012", "134"):
        text = text.replace(f"\\{code}", chr(int(code, 8)))
    return text
