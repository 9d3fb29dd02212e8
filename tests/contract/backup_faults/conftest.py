"""A machine that is a directory with a real repository, the real programs, and things to break."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HOST_PROGRAMS = Path(__file__).parents[3] / "host"
sys.path.insert(0, str(HOST_PROGRAMS))

from deeprig_host.backup.__main__ import main  # noqa: E402 - found by the path above
from deeprig_host.backup.status import read_status  # noqa: E402
from deeprig_host.machine.commands import Machine  # noqa: E402

from tests.contract.backup_faults import rows  # noqa: E402
from tests.contract.quick_repository import PASSWORD  # noqa: E402

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
CONFIG = """[backup]
sources = {sources}
tag = rig
[repository disk]
url = /srv/disk
password_file = /etc/deeprig/password
lock_wait_minutes = 0
check_subset = {check}
{more}
"""


@dataclass
class Rig:
    """The machine. ``program`` is restic, or a script around it."""

    root: Path
    restic: str
    program: str = ""
    machine: Machine = field(init=False)

    def __post_init__(self):
        self.machine = Machine(self.root)
        self.program = self.program or self.restic

    @property
    def repository(self):
        return self.machine.path("/srv/disk")

    @property
    def home(self):
        return self.machine.path("/home/ada")

    @property
    def password(self):
        return self.machine.path("/etc/deeprig/password")

    def configure(self, more="prune = elsewhere", sources="/home", check="1/1"):
        text = CONFIG.format(sources=sources, more=more, check=check)
        self.machine.path("/etc/deeprig/backup.conf").write_text(text)

    def run(self, command, *options):
        """Run a command of the program; return its exit code."""
        return main(["--root", str(self.root), command, "--restic", self.program, *options])

    def job(self, name="backup"):
        return read_status(self.machine, "disk").jobs[name]

    def told(self, name="backup"):
        return " | ".join(self.job(name).reasons)

    def is_ok(self):
        text = self.machine.path("/var/lib/deeprig/status/backup.json").read_text()
        return json.loads(text)["ok"]

    def ask(self, *words, is_text=True):
        """Ask restic itself, past our program."""
        told = {"RESTIC_REPOSITORY": str(self.repository), "RESTIC_PASSWORD": PASSWORD}
        cache = {"RESTIC_CACHE_DIR": str(self.root.parent / "own-cache")}
        words = [self.restic, *words]
        done = subprocess.run(
            words, env=os.environ | told | cache, capture_output=True, text=is_text, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def snapshots(self):
        return json.loads(self.ask("snapshots", "--json", "--no-lock")) or []

    def script(self, text):
        """Have a script around restic run in its place; ``$RESTIC`` is the real one."""
        path = self.root.parent / "restic-script"
        path.write_text(f'#!/bin/sh\nRESTIC={self.restic}\n{text}\nexec $RESTIC "$@"\n')
        path.chmod(0o755)
        self.program = str(path)

    def locks(self):
        """Return the IDs of the locks in the repository."""
        return self.ask("list", "locks", "--no-lock").split()

    @property
    def is_newer(self):
        """Say whether this restic is 0.17 or later."""
        return self.ask("version").split()[1].split(".")[1] >= "17"

    @staticmethod
    def noise(size):
        """Bytes that neither compress nor occur twice."""
        return os.urandom(size)

    def packs(self):
        """The packs of files' data, largest first."""
        found = (self.repository / "data").glob("*/*")
        return sorted(found, key=lambda pack: pack.stat().st_size, reverse=True)

    def spoil(self, file, at=1000):
        """Turn one byte of a file of the repository."""
        content = bytearray(file.read_bytes())
        content[at % len(content)] ^= 0xFF
        file.chmod(0o600)
        file.write_bytes(content)

    def reads_next(self, group):
        """Have the next check read one of 256 groups of packs."""
        self.configure(check="1/256")
        progress = {"groups": 256, "last_good": group - 1, "read_at": [0.0] * 256}
        path = self.machine.path("/var/lib/deeprig/backup/check/disk.json")
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(progress))

    def forget_cache(self):
        """Have restic read all of the repository anew, as another machine would."""
        shutil.rmtree(self.machine.path("/var/cache/deeprig/restic"))

    def restored(self, snapshot="latest"):
        """Restore all of a snapshot, with restic alone, and return its files' digests."""
        place = self.root.parent / "restored"
        self.ask("restore", snapshot, "--verify", "--target", str(place))
        try:
            (home,) = place.rglob("root/home")
            return digests(home)
        finally:
            shutil.rmtree(place)

    def content(self, path, snapshot="latest"):
        """Return what a snapshot has of a file below /home."""
        words = ("dump", "--no-lock", snapshot, str(self.machine.path("/home") / path))
        return self.ask(*words, is_text=False)

    def proves(self):
        """Without the fault: backup, check of all data and drill are good, and all is restored."""
        self.program = self.restic
        for command in ("run", "check", "drill"):
            assert self.run(command) == 0, self.told("backup" if command == "run" else command)
        assert self.is_ok()
        assert self.restored() == digests(self.machine.path("/home"))
        return rows.AGAIN


def digests(directory):
    """The SHA-256 of every file in a directory, by its path there."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def wait_until(holds, what, seconds=60):
    """Have what another process does; a test that waits for ever tells nothing."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"there is still not: {what}"
        time.sleep(0.005)


@pytest.fixture(scope="session")
def made(tmp_path_factory, restic, new_repository):
    """A machine with a first good backup."""
    rig = Rig(tmp_path_factory.mktemp("made") / "root", restic)
    for directory in ("etc/deeprig", "home/ada/project", "srv"):
        (rig.root / directory).mkdir(parents=True)
    (rig.root / "proc").symlink_to("/proc")
    shutil.copytree(new_repository, rig.repository)
    rig.password.touch(0o600)
    rig.password.write_text(f"{PASSWORD}\n")
    for number in range(6):
        (rig.home / "project" / f"data{number}").write_bytes(os.urandom(64_000))
    rig.configure()
    assert rig.run("run") == 0
    return rig


@pytest.fixture
def rig(tmp_path, made):
    shutil.copytree(made.root, tmp_path / "root", symlinks=True)
    return Rig(tmp_path / "root", made.restic)


@pytest.fixture
def mounted():
    """Mount a memory disk of a size, and take it off at the end."""
    places = []

    def mount(place, size):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place], check=True)
        places.append(place)

    yield mount
    for place in places:
        subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)


@pytest.fixture
def fuse():
    """Mount the file system of fuse_mount.py; the process that serves it is returned."""
    served = []

    def mount(place, mode):
        program = Path(__file__).with_name("fuse_mount.py")
        words = [sys.executable, str(program), str(place), mode]
        process = subprocess.Popen(words, stdout=subprocess.PIPE)
        served.append((process, place))
        assert process.stdout.readline() == b"mounted\n"
        return process

    yield mount
    for process, place in served:
        process.kill()
        process.wait()
        process.stdout.close()
        subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)


@pytest.fixture(autouse=True, scope="session")
def kept_rows():
    """Keep the rows of this run for the page."""
    yield
    rows.save()
