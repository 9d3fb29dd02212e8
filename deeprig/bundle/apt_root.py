"""apt as on a host, but on the controller, in a directory of its own: sources, keys, preferences.

Signatures are checked here as there. apt.conf(5): files named by APT_CONFIG are read first, the
machine's own next (its proxies count), and Dir::Etc::main last, so that ours has the last word.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from deeprig.bundle.apt_options import COMMON_OPTIONS
from deeprig.errors import DeeprigError, UsageProblem

#: The files that say where keys are (sources.list(5), Signed-By).
_SOURCES = re.compile(r"^etc/apt/sources\.list(\.d/.+\.(list|sources))?$")
_KEY_PLACES = ("/usr/share/keyrings/", "/etc/apt/")
_LISTING = "$(BASE_URI)|$(METAKEY)|$(FILENAME)"
#: 'URI' name size digest: what apt-get --print-uris prints (apt-get(8)).
_PRINTED = re.compile(r"^'(?P<url>[^']+)' (?P<name>\S+) (?P<size>\d+) SHA256:(?P<sha256>\w{64})$")
_SHOWN_LINES = 12


@dataclass(frozen=True, slots=True)
class Index:
    """A list of packages: ``key`` is its name in the Release file, which lies at ``base``."""

    base: str
    key: str
    release: Path


@dataclass(frozen=True, slots=True)
class Archive:
    """A .deb, as the signed lists describe it."""

    url: str
    size_bytes: int
    sha256: str


class AptRoot:
    """One host's view of its package sources."""

    def __init__(self, directory: Path, architecture: str, files: dict[str, bytes]) -> None:
        """Lay the host's files out; ``directory`` is private and ends with the run."""
        if shutil.which("apt-get") is None:
            raise UsageProblem(
                "this machine has no apt to resolve what hosts need",
                remedy="make the bundle on a Debian or Ubuntu machine, or in a container of one",
            )
        self._directory = directory
        for path, content in files.items():
            self._write(path, content)
        for path in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "etc/apt"):
            (directory / path).mkdir(parents=True, exist_ok=True)
        self._write("first.conf", f'Dir::Etc::main "{directory}/last.conf";\n'.encode())
        self._write("last.conf", self._configuration(architecture).encode())
        self._write("none", b"")

    def environment(self) -> dict[str, str]:
        """Return the variables with which apt's programs see what the host would."""
        return os.environ | {"APT_CONFIG": str(self._directory / "first.conf"), "LC_ALL": "C"}

    def update(self) -> None:
        """Fetch the package lists, and prove their signatures. Raise DeeprigError."""
        self._run("-o", "APT::Update::Error-Mode=any", "update", what="reading the package lists")

    def indexes(self) -> tuple[Index, ...]:
        """Return the lists of packages that apt on the host would read."""
        words = ("indextargets", "--format", _LISTING, "Created-By: Packages")
        lines = self._run(*words, what="listing the package lists").splitlines()
        return tuple(self._index(line) for line in lines if line)

    def closure(
        self, packages: tuple[str, ...], installed: bytes | None, *, upgrade: bool = False
    ) -> tuple[Archive, ...]:
        """Return all that apt would fetch for packages, on a host that has ``installed``.

        None is a host without any package: what apt then needs is enough for every other.
        Raise DeeprigError with apt's words where they cannot be installed.
        """
        status = self._directory / "none"
        if installed is not None:
            status = self._directory / "status"
            status.write_bytes(installed)
        options = ("-o", f"Dir::State::status={status}", "-qq", "-y", "--print-uris")
        what = ("dist-upgrade",) if upgrade else ("install", "--no-install-recommends", *packages)
        told = self._run(*options, *what, what="resolving what the roles install")
        return tuple(self._archive(line) for line in told.splitlines() if line.startswith("'"))

    def version(self, name: str, version: str) -> Archive | None:
        """Return a package at one version; None where no source has it any more."""
        status = ("-o", f"Dir::State::status={self._directory / 'none'}")
        words = ("apt-get", *status, "-qq", "download", "--print-uris", f"{name}={version}")
        done = subprocess.run(
            words, capture_output=True, text=True, env=self.environment(), check=False
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("'")]
        return self._archive(lines[0]) if done.returncode == 0 and lines else None

    def _index(self, line: str) -> Index:
        base, key, filename = line.split("|")
        plain = filename.partition(key.replace("/", "_"))[0]
        signed = [Path(f"{plain}{name}") for name in ("InRelease", "Release")]
        found = next((path for path in signed if path.is_file()), None)
        if found is None:
            raise DeeprigError("its Release file is not where apt keeps them", place=base)
        return Index(base, key, found)

    def _archive(self, line: str) -> Archive:
        match = _PRINTED.match(line)
        if match is None:
            raise DeeprigError(f"apt knows no SHA-256 of it: {line}")
        return Archive(match["url"], int(match["size"]), match["sha256"])

    def _configuration(self, architecture: str) -> str:
        root = self._directory
        return f"""
#clear APT::Architectures;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "{"root" if os.geteuid() == 0 else "_apt"}";
Dir::Etc "{root}/etc/apt";
Dir::State "{root}/var/lib/apt";
Dir::State::status "{root}/none";
Dir::Cache "{root}/var/cache/apt";
Dir::Log "{root}/log";
Acquire::ForceHash "SHA256";
{COMMON_OPTIONS}"""

    def _write(self, path: str, content: bytes) -> None:
        if ".." in PurePosixPath(path).parts or PurePosixPath(path).is_absolute():
            raise DeeprigError(f"{path!r} is no path below /")
        target = self._directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if _SOURCES.match(path):
            text = content.decode("utf-8", errors="replace")
            for place in _KEY_PLACES:
                text = text.replace(place, f"{self._directory}{place}")
            content = text.encode("utf-8")
        target.write_bytes(content)

    def _run(self, *words: str, what: str) -> str:
        done = subprocess.run(
            ("apt-get", *words),
            capture_output=True,
            text=True,
            errors="replace",
            env=self.environment(),
            check=False,
        )
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()][-_SHOWN_LINES:]
            raise DeeprigError(
                f"{what} failed on this machine:\n" + "\n".join(f"  {line}" for line in lines),
                remedy="the sources are the host's, as its roles declare them; are they reachable "
                "from here?",
            )
        return done.stdout
