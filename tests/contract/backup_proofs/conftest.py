"""A machine that is a directory, with files of all kinds, and a real repository beside it."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

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


@pytest.fixture(scope="session")
def new_repository(restic, tmp_path_factory):
    """An empty repository that opens at once.

    restic makes a key that costs half a second of work at each call; this one has it again, under
    the same password, in a key that costs nothing (restic, design document, "Keys").
    """
    place = tmp_path_factory.mktemp("new") / "restic"
    told = {"RESTIC_REPOSITORY": str(place), "RESTIC_PASSWORD": "correct horse"}
    for words in (["init"], ["cat", "masterkey"]):
        environment = os.environ | told | {"RESTIC_CACHE_DIR": str(place.parent / "cache")}
        done = subprocess.run([restic, *words], env=environment, check=True, capture_output=True)
    (slow,) = (place / "keys").iterdir()
    key = quick_key(json.loads(slow.read_text()), done.stdout, b"correct horse")
    slow.unlink()
    (place / "keys" / hashlib.sha256(key).hexdigest()).write_bytes(key)
    return place


def quick_key(slow, master, password):
    """Return the file of a key for ``master``: AES-256-CTR, authenticated by Poly1305-AES."""
    cost = {"N": 2, "r": 1, "p": 1}
    derived = hashlib.scrypt(password, salt=base64.b64decode(slow["salt"]), n=2, r=1, p=1, dklen=64)
    encrypt, mac_k, mac_r = derived[:32], derived[32:48], derived[48:]
    nonce = bytes(range(16))
    text = Cipher(algorithms.AES(encrypt), modes.CTR(nonce)).encryptor().update(master)
    # A single block: what Poly1305-AES does with a nonce.
    mac_s = Cipher(algorithms.AES(mac_k), modes.ECB()).encryptor().update(nonce)  # noqa: S305
    sealed = nonce + text + Poly1305.generate_tag(mac_r + mac_s, text)
    return json.dumps(slow | cost | {"data": base64.b64encode(sealed).decode()}).encode()


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
