"""One throwaway machine: an overlay over the base image, booted by systemd-nspawn."""

from __future__ import annotations

import shlex
import socket
import subprocess
import time
from pathlib import Path

from deeprig.errors import DeeprigError
from deeprig.lab import cgroups
from deeprig.lab.commands import run
from deeprig.lab.network import BRIDGE
from deeprig.lab.state import LOGIN_USER, LabHost, LabState

_BOOT_SECONDS = 90.0
_LAST_LINES = 15
_HOST_KEY = "etc/ssh/ssh_host_ed25519_key"
#: systemd-nspawn(1): a machine that reboots itself ends nspawn with 133 under --keep-unit.
_REBOOTED = 133


def prepare(state: LabState, host: LabHost) -> None:
    """Write the host's own files into its overlay: name, address, login key, host key."""
    upper = state.machine(host.name) / "upper"
    for directory in ("upper", "work", "root"):
        (state.machine(host.name) / directory).mkdir(parents=True, exist_ok=True)
    network = f"[Match]\nName=host0\n[Network]\nAddress={host.address}/24\n"
    names = f"127.0.0.1 localhost\n127.0.1.1 {host.name}\n::1 localhost\n"
    _write(upper / "etc/hostname", f"{host.name}\n")
    _write(upper / "etc/hosts", names)
    _write(upper / "etc/systemd/network/10-lab.network", network)
    public_key = state.key.with_suffix(".pub").read_text(encoding="ascii")
    _write(upper / "root/.ssh/authorized_keys", public_key, mode=0o600)
    home = upper / "home" / LOGIN_USER
    _write(home / ".ssh/authorized_keys", public_key, mode=0o600)
    (upper / "root").chmod(0o700)
    _own(home)
    _make_host_key(upper)


def start(state: LabState, host: LabHost) -> None:
    """Boot the machine; it outlives this process."""
    directory = state.machine(host.name)
    cgroup = cgroups.create(f"{state.id}.{host.name}")
    script = directory / "start.sh"
    script.write_text(_script(state, host), encoding="utf-8")
    entering = f"echo $$ > {shlex.quote(str(cgroup / 'cgroup.procs'))} && exec ip netns exec "
    entering += f"{state.id} unshare --mount --propagation private sh {shlex.quote(str(script))}"
    with (directory / "console.log").open("ab") as console:
        process = subprocess.Popen(
            ["sh", "-c", entering],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
        )
    # Once it is in its cgroup, the cgroup tells whether it lives; a script that ends before that
    # has failed already.
    while not cgroups.is_populated(cgroup) and process.poll() is None:
        time.sleep(0.01)


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


def _script(state: LabState, host: LabHost) -> str:
    directory = state.machine(host.name)
    layers = f"lowerdir={host.image},upperdir={directory}/upper,workdir={directory}/work"
    nspawn = (
        f"systemd-nspawn --quiet --directory={shlex.quote(str(directory / 'root'))} "
        f"--machine={host.name} --boot --register=no --keep-unit --network-bridge={BRIDGE} "
        # Without the capability no login session could raise its limits, as a real machine's can.
        "--capability=CAP_SYS_RESOURCE --kill-signal=SIGRTMIN+3 "
        "--console=pipe --resolv-conf=off --timezone=off --link-journal=no"
    )
    # Every mount lives in this script's private mount namespace and goes with it.
    return f"""set -e
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t overlay overlay -o {shlex.quote(layers)} {shlex.quote(str(directory / "root"))}
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


def public_host_key(state: LabState, host: LabHost) -> str:
    """Return the host's public key, read from its disk."""
    key = state.machine(host.name) / "upper" / _HOST_KEY
    return key.with_suffix(".pub").read_text(encoding="ascii").strip()


def _make_host_key(upper: Path) -> None:
    key = upper / _HOST_KEY
    key.parent.mkdir(parents=True, exist_ok=True)
    if not key.exists():
        command = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key))
        run(command, what="making a host key")


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _own(home: Path) -> None:
    """Give a home to the login user: the first one useradd makes has the id 1000."""
    import os

    for path in (home, *home.rglob("*")):
        os.chown(path, 1000, 1000)
    (home / ".ssh").chmod(0o700)
