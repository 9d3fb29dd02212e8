"""libvirt for one test: libvirtd, its network and its files in namespaces that end with it.

Nothing of the machine's own libvirt is touched: /etc/libvirt is a copy, /run and /var/lib/libvirt
are the test's, and the network namespace has no way out. All processes live in one process
namespace: when its first one is ended, the kernel ends all others.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_QEMU = """user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
"""
#: $0 is the session's directory. libvirt sees the network devices of this namespace in /sys only
#: when that is mounted here.
_START = """set -e
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /run
mount --bind "$0/etc" /etc/libvirt
mount --bind "$0/lib" /var/lib/libvirt
mount --bind "$0/log" /var/log/libvirt
mkdir /run/libvirt
ip link set lo up
virtlogd -d
libvirtd -d
virsh -c qemu:///system version >&2
echo ready
exec sleep infinity
"""


@dataclass(frozen=True)
class Session:
    """A running libvirt, and where Vagrant keeps its own things meanwhile."""

    directory: Path
    process_id: int

    def run(
        self, command: list[str], cwd: Path, seconds: float, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command beside libvirt. Raise TimeoutExpired after ``seconds``."""
        inside = ["nsenter", "-t", str(self.process_id), "--mount", "--net", "--pid"]
        # nsenter enters the other mount namespace, where the working directory is no longer ours.
        inside += ["sh", "-c", 'cd "$0" && exec "$@"', str(cwd)]
        vagrant = {"VAGRANT_HOME": str(self.directory / "home"), "VAGRANT_CHECKPOINT_DISABLE": "1"}
        return subprocess.run(
            [*inside, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env=os.environ | vagrant | environment,
        )


@contextmanager
def libvirt(directory: Path) -> Iterator[Session]:
    """Start libvirt with its files below a directory; end everything in it afterwards."""
    for name in ("lib/images", "log", "home"):
        (directory / name).mkdir(parents=True)
    shutil.copytree("/etc/libvirt", directory / "etc", symlinks=True)
    (directory / "etc/qemu.conf").write_text(_QEMU, encoding="ascii")
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command = [*unshare, "--propagation", "private", "sh", "-c", _START, str(directory)]
    with (directory / "start.log").open("wb") as log:
        outer = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
        )
    try:
        assert outer.stdout is not None
        if outer.stdout.readline() != b"ready\n":
            raise RuntimeError(f"libvirt: {(directory / 'start.log').read_text(encoding='utf-8')}")
        yield Session(directory, _child_of(outer.pid))
    finally:
        # unshare(1) ignores SIGTERM while it waits; its child, the first process, ends with it.
        outer.kill()
        outer.communicate()


def _child_of(process_id: int) -> int:
    children = Path(f"/proc/{process_id}/task/{process_id}/children")
    (child,) = children.read_text(encoding="ascii").split()
    return int(child)
