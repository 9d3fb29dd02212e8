"""Hold the kernel where it is, on request: the installed metapackages, which bring new kernels.

What was held is written down before it is held, so that turning it off lets go of nothing that
somebody else holds.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host
from pyinfra.operations import files

from deeprig.engine.remarks import explain

RECORD = "/var/lib/deeprig/maintenance/kernel-holds"
#: ``linux-image-6.8.0-45-generic``, ``linux-headers-6.12.41+deb13-amd64``: one kernel's own.
_ONE_KERNEL = re.compile(r"^linux-(image|headers)-(unsigned-)?\d+\.\d+\.\d+")
_VERSIONED = re.compile(r"-\d+\.\d+\.\d+")
_MARK = "@@deeprig:"
_QUERY = "${Package}\\t${db:Status-Status}\\t${db:Status-Want}\\t${Depends}\\n"
_COMMAND = f"""
echo {_MARK}packages
dpkg-query -W -f '{_QUERY}' 'linux-*' 2>/dev/null
echo {_MARK}recorded
if [ -r {RECORD} ]; then cat {RECORD}; fi
"""


@dataclass(frozen=True, slots=True)
class KernelHolds:
    """Kernel metapackages that are installed; which of them are held; which of those by us."""

    metapackages: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    ours: frozenset[str] = frozenset()


class KernelPackages(FactBase[KernelHolds]):
    """What is installed, held and recorded. One dpkg-query(1), nothing is locked."""

    def command(self) -> StringCommand:
        """Return the command; dpkg-query finds no kernel in a container, which is an answer."""
        return StringCommand("sh", "-c", QuoteString(_COMMAND))

    @staticmethod
    def default() -> KernelHolds:
        """Return that there is nothing."""
        return KernelHolds()

    def process(self, output: list[str]) -> KernelHolds:
        """Parse both sections."""
        cut = output.index(f"{_MARK}recorded")
        rows = [line.split("\t") for line in output[1:cut] if line.count("\t") == 3]
        installed = {row[0]: row for row in rows if row[1] == "installed"}
        return KernelHolds(
            metapackages=metapackages({name: row[3] for name, row in installed.items()}),
            held=frozenset(name for name, row in installed.items() if row[2] == "hold"),
            ours=frozenset(line.strip() for line in output[cut + 1 :] if line.strip()),
        )


def metapackages(depends: Mapping[str, str]) -> frozenset[str]:
    """Return those packages (name to Depends) that bring whichever kernel is the newest.

    A metapackage is named after no kernel and depends on one's image or headers, or on another
    metapackage. Modules that are prebuilt for a kernel are the driver's, tools are nobody's.
    """
    found: set[str] = set()
    candidates = {
        name: _names(text)
        for name, text in depends.items()
        if not _VERSIONED.search(name) and not name.startswith(("linux-modules-", "linux-tools-"))
    }
    while True:
        more = {
            name
            for name, needed in candidates.items()
            if name not in found
            and any(other in found or _ONE_KERNEL.match(other) for other in needed)
        }
        if not more:
            return frozenset(found)
        found |= more


def _names(depends: str) -> tuple[str, ...]:
    """Return the names in a Depends field, alternatives too (deb-control(5))."""
    parts = re.split(r"[,|]", depends)
    return tuple(part.split()[0].partition(":")[0] for part in parts if part.strip())


@operation()
def hold_kernel(is_wanted: bool) -> Generator[Any, None, None]:
    """Hold what brings new kernels, or let go of what this role held."""
    host: Host = ctx_host.get()
    seen: KernelHolds = host.get_fact(KernelPackages)
    if is_wanted:
        yield from _hold(host, seen)
    else:
        yield from _let_go(host, seen)


def _hold(host: Host, seen: KernelHolds) -> Generator[Any, None, None]:
    free = seen.metapackages - seen.held
    ours = (seen.ours & seen.metapackages) | free
    if ours != seen.ours:
        text = "".join(f"{name}\n" for name in sorted(ours))
        yield from files.put._inner(src=StringIO(text), dest=RECORD, mode="644")
    if free:
        explain(f"held: {', '.join(sorted(free))}")
        yield StringCommand("apt-mark", "hold", *sorted(free))
    if not free and ours == seen.ours:
        host.noop("every kernel metapackage is held" if seen.held else "no kernel is installed")


def _let_go(host: Host, seen: KernelHolds) -> Generator[Any, None, None]:
    held = sorted(seen.ours & seen.held)
    if held:
        explain(f"no longer held: {', '.join(held)}")
        yield StringCommand("apt-mark", "unhold", *held)
    if seen.ours:
        yield StringCommand("rm", "-f", RECORD)
    else:
        host.noop("this role holds no kernel")
