"""Run the hardware collector on a host, over an open connection, and leave nothing there.

Other programs of ``host/`` that only read, and print one JSON object, run in the same way.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.host import Host

from deeprig.errors import DeeprigError
from deeprig.host_programs import build_archive
from deeprig.masking import Masker

_HERE = Path(__file__).parent
_MARK = "@@deeprig:"
#: The collector itself gives NVML a minute; what hangs longer hangs in the kernel. The host ends
#: it by itself, so that none is left there; only then it is given up.
_HOST_LIMIT_SECONDS, _LIMIT_SECONDS = 140, 150
#: Lines of a failed collector's errors that say what went wrong.
_LAST_LINES = 5

#: How the collector came to run: as root by itself, through sudo, or without root.
How = Literal["root", "sudo", "password", "plain", "no-sudo", "asks"]
#: Why it ran without root, and what to do about it, where the inventory wants sudo.
WITHOUT_ROOT: dict[str, tuple[str, str]] = {
    "asks": (
        "sudo does not let the login user become root without a password",
        "run with -K (--ask-sudo-password)",
    ),
    "no-sudo": ("there is no sudo on the host", "install sudo, or log in as root (ssh_user)"),
}
#: What the host says instead of facts: reason and remedy.
_REFUSALS: dict[str, tuple[str, str]] = {
    "no-python": (
        "there is no /usr/bin/python3",
        "install it: apt-get install python3",
    ),
    "old-python": (
        "its python3 is too old: {}",
        "deeprig needs Python 3.10, as Ubuntu 22.04 and Debian 12 have",
    ),
    "partial-python": (
        "its python3 lacks a part of the standard library: no module {}",
        "install the rest: apt-get install python3 (python3-minimal is not enough)",
    ),
    "refused": ("sudo refused the password", "run with -K again, and type it again"),
}


@dataclass(frozen=True, slots=True)
class Collected:
    """What the collector printed, and how it ran."""

    text: str
    how: How

    @property
    def is_root(self) -> bool:
        """Say whether it could read what only root may."""
        return self.how in ("root", "sudo", "password")


@dataclass(frozen=True, slots=True)
class Reader:
    """A program that only reads: its part of the archive and its arguments, and its name."""

    words: tuple[str, ...]
    name: str


HARDWARE = Reader(("audit",), "the hardware collector")


def collector_archive(programs: Path, *parts: str) -> str:
    """Return the collector as one line of text, with more parts where they are wanted.

    ``programs`` is the directory of its package.
    """
    return base64.b64encode(build_archive(programs, "audit", *parts)).decode("ascii")


def collect(
    host: Host,
    archive: str,
    *,
    wants_sudo: bool,
    password: str | None,
    masker: Masker,
    reader: Reader = HARDWARE,
) -> Collected:
    """Return what the reader says of a connected host.

    It runs as root where the login is root or sudo lets it, else without. Raise DeeprigError where
    it cannot run; ConnectionLost where the connection ended.
    """
    input_lines = [archive] if password is None else [password, archive]
    try:
        is_good, output = host.run_shell_command(
            _command(reader, wants_sudo=wants_sudo, has_password=password is not None),
            _stdin=input_lines,
            _timeout=_LIMIT_SECONDS,
        )
    except TimeoutError as error:
        raise DeeprigError(
            f"{reader.name} gave no answer for {_LIMIT_SECONDS} s",
            remedy="look at `dmesg` on the host: a device that hangs shows there",
        ) from error
    told = _marked(output.stderr_lines)
    for word, (reason, remedy) in _REFUSALS.items():
        if word in told:
            raise DeeprigError(reason.format(told[word]), remedy=remedy)
    how = told.get("how")
    text = next((line for line in output.stdout_lines if line.startswith("{")), None)
    if not is_good or how is None or text is None:
        raise _failure(reader, output.output_lines, masker)
    return Collected(text, _how(how))


def _command(reader: Reader, *, wants_sudo: bool, has_password: bool) -> StringCommand:
    text = (_HERE / "collect.sh").read_text(encoding="utf-8")
    boot = (_HERE / "memory_boot.py").read_text(encoding="utf-8")
    sudo = "sudo" if wants_sudo else "plain"
    how = (sudo, "password" if has_password else "none", str(_HOST_LIMIT_SECONDS))
    words = (text, "deeprig-audit", *how, boot, *reader.words)
    return StringCommand("sh", "-c", *(QuoteString(word) for word in words))


def _marked(lines: list[str]) -> dict[str, str]:
    """Return the marked lines: their first word, and what follows it."""
    found = (line.partition(_MARK)[2].partition(" ") for line in lines if _MARK in line)
    return {word: rest for word, _, rest in found}


def _how(word: str) -> How:
    for how in ("root", "sudo", "password", "plain", "no-sudo", "asks"):
        if word == how:
            return how
    raise DeeprigError(f"the collector ran in a way that is not known: {word!r}")


def _failure(reader: Reader, lines: list[str], masker: Masker) -> DeeprigError:
    told = [line for line in lines if line.strip() and _MARK not in line][-_LAST_LINES:]
    said = masker("\n".join(told)) or "it printed nothing"
    return DeeprigError(
        f"{reader.name} failed:\n{said}",
        remedy="a fact that cannot be read must be unknown, not an error: please report this",
    )
