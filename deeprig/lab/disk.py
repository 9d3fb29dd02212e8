"""A host's own files, written into its overlay over the base image before it first boots."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from deeprig.lab import cgroups
from deeprig.lab.commands import inside, run
from deeprig.lab.state import LOGIN_USER, LabHost, LabState

#: The last file that `ssh-keygen -A` writes, and so that prepare() writes.
_LAST = "etc/ssh/ssh_host_ed25519_key.pub"


def prepare(state: LabState, host: LabHost) -> None:
    """Write name, address, login key and host keys. A host that has booted is left as it is."""
    for directory in ("upper", "work", "root"):
        (state.machine(host.name) / directory).mkdir(parents=True, exist_ok=True)
    upper = _upper(state, host)
    if (upper / _LAST).exists():
        return
    disk = _Disk(upper, Path(host.image))
    disk.write("etc/hostname", f"{host.name}\n")
    disk.write("etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {host.name}\n::1 localhost\n")
    network = f"[Match]\nName=host0\n[Network]\nAddress={host.address}/24\n"
    disk.write("etc/systemd/network/10-lab.network", network)
    for home in ("root", f"home/{LOGIN_USER}"):
        disk.write_private(f"{home}/.ssh/authorized_keys", _login_key(state), like=home)
    disk.make_directory(PurePosixPath("etc/ssh"))
    # In a cgroup, so that `lab down` ends it too when this process is killed.
    cgroup = cgroups.create(f"{state.id}.{host.name}.keys")
    command = ("ssh-keygen", "-q", "-A", "-f", str(upper))
    try:
        run(inside(cgroup, command), what="making host keys")
    finally:
        cgroups.end(cgroup)


def public_host_keys(state: LabState, host: LabHost) -> tuple[str, ...]:
    """Return the host's public keys (type and key, without comment), read from its disk."""
    files = sorted((_upper(state, host) / "etc/ssh").glob("ssh_host_*_key.pub"))
    return tuple(" ".join(file.read_text(encoding="ascii").split()[:2]) for file in files)


class _Disk:
    """Files in an overlay's upper layer; directories look as they do in the image below."""

    def __init__(self, upper: Path, image: Path) -> None:
        self.upper = upper
        self.image = image

    def write(self, path: str, text: str) -> None:
        """Write a file that everybody may read."""
        self.make_directory(PurePosixPath(path).parent)
        (self.upper / path).write_text(text, encoding="utf-8")
        (self.upper / path).chmod(0o644)

    def write_private(self, path: str, text: str, *, like: str) -> None:
        """Write a file, and its directory, that only the owner of ``like`` may read."""
        self.make_directory(PurePosixPath(like))
        owner = (self.image / like).stat()
        file = self.upper / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        for made, mode in ((file.parent, 0o700), (file, 0o600)):
            made.chmod(mode)
            os.chown(made, owner.st_uid, owner.st_gid)

    def make_directory(self, path: PurePosixPath) -> None:
        """Make a directory and those above it with the image's modes and owners."""
        for directory in reversed((path, *path.parents[:-1])):
            target = self.upper / directory
            if target.exists():
                continue
            target.mkdir()
            known = (self.image / directory).stat()
            target.chmod(known.st_mode & 0o7777)
            os.chown(target, known.st_uid, known.st_gid)


def _upper(state: LabState, host: LabHost) -> Path:
    return state.machine(host.name) / "upper"


def _login_key(state: LabState) -> str:
    return state.key.with_suffix(".pub").read_text(encoding="ascii")
