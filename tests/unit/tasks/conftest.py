"""Real OpenPGP keys, made by gpg for the run: apt's keyrings in all their forms."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Gpg:
    """A key ring of gpg's own, with which tests make keys and export them."""

    home: Path

    def run(self, *arguments: str, data: bytes = b"") -> bytes:
        done = subprocess.run(
            ["gpg", "--batch", "--quiet", "--homedir", str(self.home), *arguments],
            input=data,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def make(self, user: str, algorithm: str) -> str:
        """Make a signing key with an encryption subkey, and return its fingerprint as gpg does."""
        unlocked = ("--pinentry-mode", "loopback", "--passphrase", "")
        self.run(*unlocked, "--quick-generate-key", user, algorithm, "sign", "never")
        listed = self.run("--with-colons", "--list-keys", f"={user}").decode().splitlines()
        made = next(line.split(":")[9] for line in listed if line.startswith("fpr:"))
        kind = "cv25519" if algorithm == "ed25519" else algorithm
        self.run(*unlocked, "--quick-add-key", made, kind, "encr", "never")
        return made

    def export(self, *fingerprints: str, armoured: bool = False) -> bytes:
        return self.run(*(("--armor",) if armoured else ()), "--export", *fingerprints)


@dataclass(frozen=True, slots=True)
class Keys:
    """Two keys, the way NVIDIA has an old and a new one, and one of somebody else."""

    gpg: Gpg
    old: str
    new: str
    other: str


@pytest.fixture(scope="session")
def keys() -> Iterator[Keys]:
    # gpg-agent's socket lies below its home, and a socket's path may have 107 bytes (unix(7)).
    with tempfile.TemporaryDirectory(prefix="gpg-", dir="/tmp") as home:
        Path(home).chmod(0o700)
        gpg = Gpg(Path(home))
        try:
            yield Keys(
                gpg,
                gpg.make("old <old@deeprig.invalid>", "rsa2048"),
                gpg.make("new <new@deeprig.invalid>", "ed25519"),
                gpg.make("other <other@deeprig.invalid>", "nistp256"),
            )
        finally:
            subprocess.run(
                ["gpgconf", "--kill", "gpg-agent"],
                env=os.environ | {"GNUPGHOME": home},
                check=True,
            )
