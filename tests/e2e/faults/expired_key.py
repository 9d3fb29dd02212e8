"""A signing key whose time ran out years ago, and signatures it made while it was valid."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.e2e.faults.archive import Archive

#: gpg(1) --faked-system-time; "!" keeps the time from running on.
_THEN = ("--faked-system-time", "20200101T000000!")
_OWNER = "deeprig expired archive <expired@deeprig.invalid>"


def sign_with_expired_key(archive: Archive, public: Path) -> None:
    """Sign an archive with a key that was valid in January 2020 only; write its public half."""
    with TemporaryDirectory(prefix="deeprig-gpg-") as home:  # short: it holds a socket
        try:
            limits = ("ed25519", "sign", "30d")
            _gpg(home, "--passphrase", "", "--quick-generate-key", _OWNER, *limits)
            public.write_bytes(_gpg(home, "--export"))
            for directory in archive.releases():
                _sign(home, directory)
        finally:
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=True)


def _sign(home: str, directory: Path) -> None:
    release, inline = directory / "Release", directory / "InRelease"
    beside = directory / "Release.gpg"
    for file in (inline, beside):
        file.unlink(missing_ok=True)
    _gpg(home, "--output", str(inline), "--clearsign", str(release))
    _gpg(home, "--armor", "--output", str(beside), "--detach-sign", str(release))


def _gpg(home: str, *arguments: str) -> bytes:
    command = ["gpg", "--homedir", home, "--batch", "--quiet", "--no-tty", *_THEN, *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout
