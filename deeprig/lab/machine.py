"""One throwaway machine: an overlay over the base image, booted by systemd-nspawn."""

from __future__ import annotations

import shlex
import socket
import time
from pathlib import Path

from deeprig.errors import DeeprigError
from deeprig.lab import cgroups
from deeprig.lab.commands import launch
from deeprig.lab.network import BRIDGE
from deeprig.lab.state import LabHost, LabState

_BOOT_SECONDS = 90.0
_LAST_LINES = 15
#: systemd-nspawn(1): a machine that reboots itself ends nspawn with 133 under --keep-unit.
_REBOOTED = 133


def start(state: LabState, host: LabHost) -> None:
    """Boot the machine; it outlives this process."""
    directory = state.machine(host.name)
    cgroup = cgroups.create(f"{state.id}.{host.name}")
    script = directory / "start.sh"
    script.write_text(_script(state, host), encoding="utf-8")
    entering = ("ip", "netns", "exec", state.id, "unshare", "--mount", "--propagation", "private")
    with (directory / "console.log").open("ab") as console:
        launch(cgroup, (*entering, "sh", str(script)), console, directory=directory)


def wait_until_ssh_answers(state: LabState, host: LabHost) -> None:
    """Wait for sshd's greeting. Raise DeeprigError with the console's end when none comes."""
    cgroup = cgroups.root() / f"{state.id}.{host.name}"
    deadline = time.monotonic() + _BOOT_SECONDS
    while time.monotonic() < deadline:
        if _greets(host.ssh_port):
            return
        if not cgroups.is_populated(cgroup):
            break
        time.sleep(0.1)
    log = state.machine(host.name) / "console.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
    raise DeeprigError(
        "its sshd does not answer; the end of its console:\n" + "\n".join(lines),
        place=host.name,
        remedy="run 'deeprig lab down', then 'deeprig lab up' again",
    )


def is_running(state: LabState, host: LabHost) -> bool:
    """Say whether the machine has processes."""
    return cgroups.is_populated(cgroups.root() / f"{state.id}.{host.name}")


def boot_id(state: LabState, host: LabHost) -> str | None:
    """Return the id that every boot changes (random(4)); None where none can be read.

    That is so while the machine does not run or is about to, and for a user that is not root.
    """
    init = cgroups.root() / f"{state.id}.{host.name}" / "payload" / "init.scope"
    try:
        leader = (init / "cgroup.procs").read_text(encoding="ascii").split()[0]
        inside = Path("/proc", leader, "root/proc/sys/kernel/random/boot_id")
        return inside.read_text(encoding="ascii").strip()
    except (OSError, IndexError):
        return None


def _script(state: LabState, host: LabHost) -> str:
    root = shlex.quote(str(state.machine(host.name) / "root"))
    nspawn = (
        f"systemd-nspawn --quiet --directory={root} "
        f"--machine={host.name} --boot --register=no --keep-unit --network-bridge={BRIDGE} "
        # Without the capability no login session could raise its limits, as a real machine's can.
        "--capability=CAP_SYS_RESOURCE --kill-signal=SIGRTMIN+3 "
        "--console=pipe --resolv-conf=off --timezone=off --link-journal=no"
    )
    layers = shlex.quote(f"lowerdir={host.image},upperdir=upper,workdir=work")
    # It runs in the machine's directory. Every mount lies in its private mount namespace and goes
    # with it; what nspawn writes under /run goes with a file system of its own.
    return f"""set -e
mount -t overlay overlay -o {layers} root
mount -t cgroup2 cgroup2 /sys/fs/cgroup
hidden=/run/systemd
[ -d "$hidden" ] || hidden=/run
mount -t tmpfs tmpfs "$hidden"
mkdir -p /run/systemd/nspawn
while :; do
  code=0
  {nspawn} || code=$?
  [ "$code" = {_REBOOTED} ] || exit "$code"
done
"""


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
