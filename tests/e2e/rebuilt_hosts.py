"""A machine with people's work on it, a store, and a new machine: all real hosts.

What is on a machine is told by ``PICTURE``, which runs there with the system's Python and shares no
line with deeprig's own programs.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deeprig.lab import cgroups
from tests.e2e.running import LabDirectory

PYTHON = "/opt/deeprig/environment/bin/python"
#: The old machine and the new one; both are "rig1" in the inventory, one after the other.
OLD, NEW, STORE = "rig1", "rig2", "rig3"
#: A new machine of the next release, with a newer restic.
OTHER = "rig4"
DATA = ("/home", "/srv", "/usr/local", "/root/notes")
PICTURE = r"""
import hashlib, json, os, stat, sys
found, names_of = {}, {}
def look(path):
    told = os.lstat(path)
    kind = stat.S_IFMT(told.st_mode)
    digest = None
    if kind == stat.S_IFREG:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest() if hasattr(
                hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()
    names = os.listxattr(path, follow_symlinks=False)
    found[os.fsencode(path).hex()] = [
        oct(told.st_mode), told.st_uid, told.st_gid, told.st_mtime_ns,
        told.st_size if kind == stat.S_IFREG else None, digest,
        os.fsencode(os.readlink(path)).hex() if kind == stat.S_IFLNK else None,
        {name: os.getxattr(path, name, follow_symlinks=False).hex() for name in sorted(names)},
        None]
    if kind != stat.S_IFDIR:
        names_of.setdefault(told.st_ino, []).append(path)
    if kind == stat.S_IFDIR:
        for name in sorted(os.listdir(path)):
            if name not in ("__pycache__", ".cache", "pkgs"):  # what no backup keeps
                look(os.path.join(path, name))
for top in sys.argv[1:]:
    if os.path.lexists(top):
        look(top)
for paths in names_of.values():
    for path in paths if len(paths) > 1 else ():  # links to elsewhere (conda's cache) do not count
        found[os.fsencode(path).hex()][-1] = os.fsencode(min(paths)).hex()
json.dump(found, sys.stdout)
"""
WORK = r"""
import os, pwd, struct
ada = pwd.getpwnam("ada").pw_uid
here = b"/home/ada/work"
os.makedirs(here + b"/deep/er/empty", exist_ok=True)
def file(name, content=b"content", mode=0o644, when=1_600_000_000_123_456_789):
    path = here + b"/" + name
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(content)
    os.chmod(path, mode)
    os.utime(path, ns=(when, when))
    return path
for name in (b"new\nline", b"-dash", b"blank  s", b"\xff\xfe not utf-8", b"*?[star]",
             "gr\u00fc\u00df.tex".encode(), b"back\\slash", b"quote\"'", b"deep/er/x",
             b".git/objects/ab/" + b"c" * 38):
    file(name, name * 1000)
os.link(file(b"hard/one", b"one file"), here + b"/hard/two")
os.symlink(b"deep/er/x", here + b"/link")
os.symlink("/nowhere/gr\u00fc\u00df".encode(), here + b"/dangling")
os.mkfifo(here + b"/pipe")
file(b"set-id", b"#!", 0o4755)
os.setxattr(file(b"noted"), "user.note", b"of a run")
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in (
    (1, 6, 0xffffffff), (2, 4, 1500), (4, 4, 0xffffffff), (16, 4, 0xffffffff), (32, 0, 0xffffffff)))
os.setxattr(file(b"shared"), "system.posix_acl_access", acl)
with open(file(b"sparse"), "r+b") as out:
    out.truncate(64 << 20)
    out.seek(32 << 20)
    out.write(b"middle")
os.utime(here + b"/sparse", ns=(5, 1_500_000_000_000_000_001))
for place, names, files in os.walk(here):
    for name in names + files:
        os.chown(os.path.join(place, name), ada, ada, follow_symlinks=False)
os.chmod(here + b"/set-id", 0o4755)
os.chown(here, ada, ada)
os.chmod(here + b"/deep", 0o2770)
os.utime(here + b"/deep", ns=(5, 1_400_000_000_000_000_007))
"""


@dataclass(frozen=True)
class Machines:
    """The three machines, and a lab directory over the one that is rig1 now."""

    lab: LabDirectory

    @property
    def served(self) -> tuple[tuple[str, Path], ...]:
        """Return what the lab serves."""
        return tuple((name, Path(path)) for name, path in self.lab.state.served)

    def become(self, host: str) -> None:
        """Have rig1 of the inventory be this machine."""
        reach = {"ssh_hostname": "127.0.0.1", "ssh_port": self.lab.state.host(host).ssh_port}
        self.lab.hosts(rig1=reach)

    def on(self, host: str, command: str, code: int | None = 0) -> str:
        """Run a command as root; return what it printed."""
        done = self.lab.ssh(host, command)
        shown = f"{command}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert code is None or done.returncode == code, shown
        return done.stdout

    def python(self, host: str, program: str, *arguments: str) -> str:
        """Run a program with the system's Python."""
        words = " ".join(shlex.quote(word) for word in ("python3", "-c", program, *arguments))
        return self.on(host, words)

    def picture(self, host: str, *tops: str) -> dict[str, list[object]]:
        """Return all that is below some directories, as the machine tells it."""
        return dict(json.loads(self.python(host, PICTURE, *(tops or DATA))))

    def program(self, host: str, *words: str, code: int | None = 0) -> str:
        """Run the backup program; return what it printed on both channels."""
        told = " ".join(shlex.quote(word) for word in words)
        return self.on(host, f"{PYTHON} -m deeprig_host.backup {told} 2>&1", code)

    def end(self, host: str) -> None:
        """Kill a machine: all its processes at once, as when its disk dies."""
        for cgroup in cgroups.of_lab(self.lab.state.id):
            if cgroup.name.rpartition(".")[2] == host:
                cgroups.end(cgroup)

    def make_store(self) -> str:
        """Have a directory served over sftp; return the server's public key."""
        key = self.lab.path / "backup.key"
        words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "rig1", "-f", str(key))
        subprocess.run(words, check=True)
        public = key.with_suffix(".key.pub").read_text(encoding="ascii").strip()
        line = f'restrict,command="internal-sftp" {public}'
        self.on(
            STORE,
            "useradd -m store && mkdir -p ~store/.ssh /srv/store && chown store /srv/store && "
            f"echo {shlex.quote(line)} > ~store/.ssh/authorized_keys && chown -R store ~store",
        )
        return " ".join(self.on(STORE, "cat /etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
