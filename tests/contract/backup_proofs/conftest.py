"""A machine that is a directory, with files of all kinds, and a real repository beside it."""

import hashlib
import os
import shutil
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "host"))

from deeprig_host.backup.canary import write_canary
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.places import STATE_DIRECTORY
from deeprig_host.backup.reading import snapshots_in
from deeprig_host.backup.restic import Restic
from deeprig_host.machine.commands import Machine

PASSWORD_FILE = "/etc/deeprig/backup/disk.password"  # noqa: S105 (a path)
HOST = "rig"
CANARY = "/var/lib/deeprig/backup/canary/canary"


def data(name, size):
    """Bytes that no other name has, and that restic cannot compress or find twice."""
    blocks = (hashlib.sha256(f"{name} {number}".encode()).digest() for number in range(size // 32))
    return b"".join(blocks)


@dataclass
class Rig:
    """The machine, and what is asked of it."""

    machine: Machine
    restic: Restic
    repository: Repository
    now: float = 1_700_000_000.0

    @property
    def backup(self):
        return Backup(("/home",), (self.repository,), tag=HOST)

    @property
    def home(self):
        return self.machine.path("/home/alice")

    @property
    def repository_directory(self):
        return self.machine.path(self.repository.url)

    def declare(self, **fields):
        self.repository = replace(self.repository, **fields)

    def file(self, name, content, mtime=1_600_000_000):
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (mtime, mtime))
        return path

    def ask(self, *words):
        answer = self.restic.run(words, self.repository)
        assert answer.is_good, answer
        return answer

    def back_up(self, *words, host=HOST, canary_host=HOST, canary_age=0):
        """Back up the home and a canary; return the snapshot."""
        path = self.machine.path(CANARY)
        write_canary(self.machine, CANARY, canary_host, time.time() - canary_age)
        sources = (str(self.machine.path("/home")), str(path))
        self.ask("backup", "--json", "--host", host, *words, *sources)
        return self.snapshots()[-1]

    def snapshots(self):
        return snapshots_in(self.restic, self.repository)

    def packs(self):
        """The packs that hold files, largest first."""
        found = (self.repository_directory / "data").glob("*/*")
        return sorted(found, key=lambda pack: pack.stat().st_size, reverse=True)

    def spoil(self, pack, at=1000):
        """Turn one byte of a pack."""
        content = bytearray(pack.read_bytes())
        content[at] ^= 0xFF
        pack.chmod(0o600)
        pack.write_bytes(content)

    def scratch_left(self):
        """Whatever of a drill or a restore is still there."""
        return [
            *self.machine.root.rglob(".deeprig-restore-*"),
            *self.machine.path(STATE_DIRECTORY).glob("scratch/*"),
        ]


@pytest.fixture
def rig(tmp_path, restic, new_repository):
    machine = Machine(tmp_path / "root")
    password = machine.path(PASSWORD_FILE)
    password.parent.mkdir(parents=True)
    password.touch(mode=0o600)
    password.write_text("correct horse\n")
    repository = Repository(
        "disk", "/backup/restic", PASSWORD_FILE, check_subset="1/1", lock_wait_minutes=0
    )
    rig = Rig(machine, Restic(machine, program=restic), repository)
    shutil.copytree(new_repository, rig.repository_directory)
    for number in range(6):
        rig.file(f"project/data{number}", data(number, 64_000))
    return rig
