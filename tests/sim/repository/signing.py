"""A throwaway signing key, and signatures with it, by gpg in a home of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

OWNER = "deeprig simulated repository <simulated@deeprig.invalid>"


class SigningFailed(Exception):
    """gpg failed; the message is its own."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair in files: ``secret`` (armoured), ``public`` (binary, as apt wants it)."""

    secret: Path
    public: Path
    fingerprint: str


def make_key(directory: Path, owner: str = OWNER) -> Key:
    """Make a key pair in a directory. Raise SigningFailed when gpg cannot."""
    directory.mkdir(parents=True, exist_ok=True)
    with _home() as home:
        quick = ("--passphrase", "", "--quick-generate-key", owner, "ed25519", "sign", "never")
        _gpg(home, *quick)
        listing = _gpg(home, "--with-colons", "--list-keys").decode().splitlines()
        fingerprint = next(line.split(":")[9] for line in listing if line.startswith("fpr:"))
        secret, public = directory / "secret.asc", directory / "public.gpg"
        secret.write_bytes(_gpg(home, "--armor", "--export-secret-keys", fingerprint))
        secret.chmod(0o600)
        public.write_bytes(_gpg(home, "--export", fingerprint))
    return Key(secret, public, fingerprint)


def sign(releases: tuple[Path, ...], key: Key) -> None:
    """Write ``InRelease`` and ``Release.gpg`` beside each ``Release``."""
    with _home() as home:
        _gpg(home, "--import", str(key.secret))
        for release in releases:
            with_digest = ("--digest-algo", "SHA512", "--yes")
            inline, beside = release.with_name("InRelease"), release.with_name("Release.gpg")
            _gpg(home, *with_digest, "--output", str(inline), "--clearsign", str(release))
            _gpg(home, *with_digest, "--armor", "--output", str(beside), "-b", str(release))


@contextmanager
def _home() -> Iterator[Path]:
    """Give gpg a home of its own; its agent ends with it."""
    with TemporaryDirectory(prefix="deeprig-gpg-") as directory:  # short: it holds a socket
        home = Path(directory)
        try:
            yield home
        finally:
            command = ["gpgconf", "--homedir", directory, "--kill", "gpg-agent"]
            subprocess.run(command, check=True, capture_output=True)


def _gpg(home: Path, *arguments: str) -> bytes:
    command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--no-tty", *arguments]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise SigningFailed(f"gpg {arguments[0]}: {done.stderr.decode(errors='replace')}")
    return done.stdout
