"""What the conda role asks a host."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase

from deeprig.transport.prints import depends_on

_MARK = "@@deeprig:"
#: A conda-meta record: name-version-build.json; only the name may hold dashes.
_RECORD = re.compile(r"^(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.json$")
_DIST_INFO = re.compile(r"^(?P<name>.+)-(?P<version>[^-]+)\.dist-info$")
_LISTING = f"""
echo {_MARK}link
if [ -L "$1" ]; then readlink "$1"; elif [ -e "$1" ]; then echo directory; fi
echo {_MARK}conda
if [ -d "$1/conda-meta" ]; then ls "$1/conda-meta"; fi
echo {_MARK}pip
for d in "$1"/lib/python3*/site-packages/*.dist-info; do
  if [ -d "$d" ]; then basename "$d"; fi
done
echo {_MARK}generations
if [ -d "$2" ]; then ls -tr "$2"; fi
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """The conda at a prefix.

    ``version`` is None where none answers; ``answer`` is what it said instead. ``is_incomplete``
    says that an interrupted first installation of ours left the directory.
    """

    exists: bool = False
    is_incomplete: bool = False
    version: str | None = None
    answer: str = ""


_INSTALLATION = """
if [ -e "$1.installing" ]; then echo incomplete
elif [ -e "$1" ]; then echo there
else echo none
fi
if [ -x "$1/bin/conda" ]; then "$1/bin/conda" --version 2>&1 || true; fi
"""


class CondaInstallation(FactBase[Installation]):
    """Whether conda is at a prefix, whole, and of which version."""

    def command(self, prefix: str) -> StringCommand:
        """Return one command that tells the state, then conda's own answer."""
        words = ("sh", "-c", QuoteString(_INSTALLATION), "sh", QuoteString(prefix))
        places = (f"stat {prefix}.installing", f"tree {prefix}/bin", f"tree {prefix}/conda-meta")
        return depends_on(StringCommand(*words), f"stat {prefix}", *places)

    @staticmethod
    def default() -> Installation:
        """Return an installation that is not there."""
        return Installation()

    def process(self, output: list[str]) -> Installation:
        """Parse the state and the answer."""
        state, answer = output[0].strip(), "\n".join(output[1:]).strip()
        match = re.search(r"^conda (\d+(\.\d+)+)", answer, re.MULTILINE)
        if state not in ("incomplete", "there", "none"):
            raise FactProcessError(f"the state of conda cannot be read: {output!r}")
        return Installation(
            state != "none", state == "incomplete", match[1] if match else None, answer
        )


#: Left by the installer of this project's tests; real installers know nothing of it.
SIMULATION_MARK = ".deeprig-simulated"


class SimulationMark(FactBase[bool]):
    """Whether the conda at a prefix says of itself that it is simulated."""

    def command(self, prefix: str) -> StringCommand:
        """Return the command."""
        mark = QuoteString(f"{prefix}/{SIMULATION_MARK}")
        return StringCommand("if", "[", "-e", mark, "];", "then", "echo", "yes;", "fi")

    @staticmethod
    def default() -> bool:
        """Return False: no mark."""
        return False

    def process(self, output: list[str]) -> bool:
        """Say whether the mark is there."""
        return output == ["yes"]


@dataclass(frozen=True, slots=True)
class InstalledEnvironment:
    """An environment as it is on the host.

    ``target`` is where the link of its name points (None: no link; "" : a real directory).
    ``conda_packages`` and ``pip_packages`` map canonical names to versions.
    """

    target: str | None
    conda_packages: tuple[tuple[str, str, str], ...] = ()
    pip_packages: tuple[tuple[str, str], ...] = ()
    generations: tuple[str, ...] = ()

    @property
    def versions(self) -> dict[str, str]:
        """Return the version of every installed package, by canonical name."""
        conda = {canonicalize_name(name): version for name, version, _ in self.conda_packages}
        return conda | dict(self.pip_packages)


class CondaEnvironment(FactBase[InstalledEnvironment]):
    """An environment: its link, its packages, and the builds kept beside it."""

    def command(self, path: str, generations: str) -> StringCommand:
        """Return one command that lists everything; nothing there prints only the marks."""
        return StringCommand(
            "sh", "-c", QuoteString(_LISTING), "sh", QuoteString(path), QuoteString(generations)
        )

    @staticmethod
    def default() -> InstalledEnvironment:
        """Return an environment that is not there."""
        return InstalledEnvironment(None)

    def process(self, output: list[str]) -> InstalledEnvironment:
        """Parse the sections."""
        return parse_environment(output)


def parse_environment(output: list[str]) -> InstalledEnvironment:
    """Return the environment that the listing describes."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in output:
        if line.startswith(_MARK):
            current = sections.setdefault(line[len(_MARK) :].strip(), [])
        elif line.strip():
            current.append(line.strip())
    link = sections.get("link", [])
    records = (_RECORD.match(name) for name in sections.get("conda", []))
    dists = (_DIST_INFO.match(name) for name in sections.get("pip", []))
    return InstalledEnvironment(
        target=None if not link else "" if link[0] == "directory" else link[0],
        conda_packages=tuple((m["name"], m["version"], m["build"]) for m in records if m),
        pip_packages=tuple((canonicalize_name(m["name"]), m["version"]) for m in dists if m),
        generations=tuple(sections.get("generations", [])),
    )
