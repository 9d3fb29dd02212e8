"""What the cuda role asks a host."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase

from roles.cuda.packages import is_driver

_MARK = "@@deeprig:"
#: Everything is read without a lock. No match is no error: dpkg-query(1) then exits 1.
_PACKAGES = f"""
export LC_ALL=C
echo {_MARK}installed
dpkg-query -W -f '${{Package}} ${{Version}} ${{db:Status-Status}}\\n' \
  'cuda' 'cuda-*[0-9]*' 'cuda-runtime' 'cuda-demo-suite' 'gds-tools-*' 'libcu*-[0-9]*' \
  'libnpp-*' 'libnv*-[0-9]*' 'libnccl*' 'nvidia-cuda-toolkit' 2>/dev/null || [ $? -eq 1 ]
if told=$(apt-cache pkgnames cuda-toolkit- 2>&1 >/dev/null); then
  echo {_MARK}toolkits
  apt-cache pkgnames cuda-toolkit-
  echo {_MARK}policy
  apt-cache policy "$@" $(apt-cache pkgnames libcudnn9-) libnccl2 libnccl-dev nvidia-cuda-toolkit
else
  echo {_MARK}problem
  echo "$told"
fi
"""
_HEAD = re.compile(r"^(?P<name>[a-z0-9][a-z0-9+.-]+)(:[a-z0-9]+)?:$")
_CANDIDATE = re.compile(r"^  Candidate: (?P<version>\S+)$")
_VERSION = re.compile(r"^ (\*\*\*|   ) (?P<version>\S+) -?\d+$")
_NONE = "(none)"


@dataclass(frozen=True, slots=True)
class Offer:
    """What apt offers of a package: the version it would choose, and all it knows, newest first.

    ``installable`` are the versions that a repository has, not only the host's own record.
    """

    candidate: str | None = None
    installable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CudaPackages:
    """CUDA's packages: installed versions by name, toolkits and versions that apt knows.

    ``problem`` is apt's own text where it cannot even read its sources, else "".
    """

    installed: dict[str, str] = field(default_factory=dict)
    toolkits: tuple[str, ...] = ()
    offers: dict[str, Offer] = field(default_factory=dict)
    problem: str = ""

    def offer(self, package: str) -> Offer:
        """Return what apt offers of a package: nothing, where it does not know it."""
        return self.offers.get(package, Offer())


class AptCuda(FactBase[CudaPackages]):
    """Installed and available packages of CUDA."""

    def command(self, packages: tuple[str, ...]) -> StringCommand:
        """Return the command; ``packages`` are the toolkits whose versions are asked for."""
        quoted = (QuoteString(package) for package in packages)
        return StringCommand("sh", "-c", QuoteString(_PACKAGES), "sh", *quoted)

    @staticmethod
    def default() -> CudaPackages:
        """Return that apt knows nothing."""
        return CudaPackages()

    def process(self, output: list[str]) -> CudaPackages:
        """Parse the sections. Raise FactProcessError when one is missing or unreadable."""
        sections: dict[str, list[str]] = {}
        current: list[str] = []
        for line in output:
            if line.startswith(_MARK):
                current = sections.setdefault(line[len(_MARK) :].strip(), [])
            elif line.strip():
                current.append(line)
        try:
            rows = (line.split() for line in sections["installed"])
            installed = {name: version for name, version, status in _complete(rows)}
            if "problem" in sections:
                return CudaPackages(installed, problem="\n".join(sections["problem"]))
            return CudaPackages(
                installed,
                tuple(sorted(line.strip() for line in sections["toolkits"])),
                parse_policy(sections["policy"]),
            )
        except (KeyError, ValueError) as error:
            raise FactProcessError(f"the packages of CUDA cannot be read: {error!r}") from error


def _complete(rows: object) -> list[tuple[str, str, str]]:
    """Return the rows of installed packages; a package that is only known has no version."""
    found = []
    for row in rows:  # type: ignore[attr-defined]
        if row[-1] == "installed":
            name, version, status = row
            found.append((name, version, status))
    return found


def parse_policy(lines: list[str]) -> dict[str, Offer]:
    """Return the offers in ``apt-cache policy`` output (apt-cache(8), in the C locale)."""
    offers: dict[str, Offer] = {}
    name = version = ""
    for line in lines:
        if match := _HEAD.match(line):
            name, version = match["name"], ""
            offers[name] = Offer()
        elif match := _CANDIDATE.match(line):
            found = None if match["version"] == _NONE else match["version"]
            offers[name] = Offer(found, offers[name].installable)
        elif match := _VERSION.match(line):
            version = match["version"]
        elif version and line.startswith("     ") and not line.rstrip().endswith("/dpkg/status"):
            offer = offers[name]
            if version not in offer.installable:
                offers[name] = Offer(offer.candidate, (*offer.installable, version))
    return offers


@dataclass(frozen=True, slots=True)
class Simulated:
    """What one apt transaction would do. ``problem`` is apt's own text where it cannot.

    ``added`` are those of ``installs`` that were not there in any version.
    """

    installs: tuple[tuple[str, str], ...] = ()
    removes: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    problem: str = ""


_SIMULATE = f"""
export LC_ALL=C
if told=$(apt-get -s --no-install-recommends --allow-downgrades -y install "$@" 2>&1)
then echo {_MARK}good; else echo {_MARK}failed; fi
echo "$told"
"""
_INSTALL = re.compile(r"^Inst (?P<name>\S+) (?P<before>\[[^]]*\] )?\((?P<version>\S+) ")
_REMOVE = re.compile(r"^(Remv|Purg) (?P<name>\S+) ")


class AptSimulation(FactBase[Simulated]):
    """What ``apt-get install`` would do; it simulates, and takes no lock (apt-get(8), -s)."""

    def command(self, packages: tuple[str, ...]) -> StringCommand:
        """Return the command; a package that ends in "-" would be removed."""
        quoted = (QuoteString(package) for package in packages)
        return StringCommand("sh", "-c", QuoteString(_SIMULATE), "sh", *quoted)

    @staticmethod
    def default() -> Simulated:
        """Return that nothing was told."""
        return Simulated(problem="apt-get told nothing")

    def process(self, output: list[str]) -> Simulated:
        """Parse what apt-get printed."""
        if output[0].strip() != f"{_MARK}good":
            return Simulated(problem="\n".join(output[1:]).strip())
        installs = [match for line in output if (match := _INSTALL.match(line))]
        removes = (match for line in output if (match := _REMOVE.match(line)))
        return Simulated(
            tuple((match["name"], match["version"]) for match in installs),
            tuple(match["name"] for match in removes),
            tuple(match["name"] for match in installs if match["before"] is None),
        )


@dataclass(frozen=True, slots=True)
class DefaultToolkit:
    """What is at /usr/local/cuda: where the link goes, and what update-alternatives says of it.

    ``link`` is None where nothing is there, "" where it is no link. ``chosen`` is None where the
    alternative is not registered; ``is_manual`` says that nobody but an administrator moves it.
    """

    link: str | None = None
    chosen: str | None = None
    is_manual: bool = False
    alternatives: tuple[str, ...] = ()


_DEFAULT = f"""
export LC_ALL=C
echo {_MARK}link
if [ -L /usr/local/cuda ]; then readlink /usr/local/cuda
elif [ -e /usr/local/cuda ]; then echo {_MARK}none; fi
echo {_MARK}query
update-alternatives --query cuda 2>/dev/null || [ $? -eq 2 ]
"""


class CudaAlternative(FactBase[DefaultToolkit]):
    """The default toolkit, as NVIDIA's packages register it with update-alternatives(1)."""

    def command(self) -> StringCommand:
        """Return the command."""
        return StringCommand("sh", "-c", QuoteString(_DEFAULT))

    @staticmethod
    def default() -> DefaultToolkit:
        """Return that nothing is there."""
        return DefaultToolkit()

    def process(self, output: list[str]) -> DefaultToolkit:
        """Parse the link and the fields of the query."""
        start = output.index(f"{_MARK}query") if f"{_MARK}query" in output else len(output)
        link = [line.strip() for line in output[1:start]]
        pairs = [line.partition(": ")[::2] for line in output[start + 1 :]]
        fields = {name: value.strip() for name, value in reversed(pairs)}
        return DefaultToolkit(
            link=None if not link else "" if link[0] == f"{_MARK}none" else link[0],
            chosen=fields.get("Value"),
            is_manual=fields.get("Status") == "manual",
            alternatives=tuple(v.strip() for name, v in pairs if name == "Alternative"),
        )


Origin = Literal["nvidia", "archive"]


class DriverOrigin(FactBase[Origin | None]):
    """Where the installed driver packages are from, by their maintainer; None where none are."""

    def command(self) -> str:
        """Return the command; dpkg-query(1) exits 1 where no package matches."""
        return (
            "dpkg-query -W -f '${db:Status-Status} ${Package} ${Maintainer}\\n' '*nvidia*' "
            "'cuda-drivers*' 'libcuda1' 2>/dev/null || [ $? -eq 1 ]"
        )

    @staticmethod
    def default() -> Origin | None:
        """Return None: no driver."""
        return None

    def process(self, output: list[str]) -> Origin | None:
        """Look at the driver's own packages: NVIDIA has others, such as its container toolkit."""
        rows = [line.split(" ", 2) for line in output if line.startswith("installed ")]
        maintainers = [row[2] for row in rows if is_driver(row[1])]
        if not maintainers:
            return None
        return "nvidia" if any("@nvidia.com" in m for m in maintainers) else "archive"


#: Written by this project's tests on hosts whose packages only stand in for NVIDIA's.
SIMULATION_MARK = "/etc/deeprig-sim/simulated"


class SimulationText(FactBase[str]):
    """What a host of this project's tests says is simulated on it, or ""."""

    def command(self) -> str:
        """Return the command."""
        return f"if [ -r {SIMULATION_MARK} ]; then cat {SIMULATION_MARK}; fi"

    @staticmethod
    def default() -> str:
        """Return that nothing is simulated."""
        return ""

    def process(self, output: list[str]) -> str:
        """Return the text."""
        return " ".join(line.strip() for line in output).strip()
