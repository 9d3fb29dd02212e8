"""The distribution's own archive with the component that the driver is in.

Debian's installer leaves ``contrib`` and ``non-free`` out, Ubuntu's minimal images may leave
``restricted`` out. The repositories are the host's own, mirrors included: only the component is
added, in a file of ours, so that nobody's file is edited.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from io import StringIO

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError, OperationError
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host
from pyinfra.operations import files

ARCHIVE_FILE = "/etc/apt/sources.list.d/deeprig-nvidia-archive.sources"
#: What apt prints for a field that an index target does not have.
_UNSET = "$(SIGNED_BY)"
_FORMAT = "$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)"


@dataclass(frozen=True, slots=True)
class Target:
    """One package list that apt knows. ``signed_by`` is "" where every trusted key counts."""

    uri: str
    suite: str
    component: str
    signed_by: str


class AptTargets(FactBase[tuple[Target, ...]]):
    """The package lists of the host's apt sources (apt-get(8), indextargets)."""

    def command(self) -> StringCommand:
        """Return the command."""
        return StringCommand("apt-get", "indextargets", "--format", QuoteString(_FORMAT))

    @staticmethod
    def default() -> tuple[Target, ...]:
        """Return that apt has no source."""
        return ()

    def process(self, output: list[str]) -> tuple[Target, ...]:
        """Parse the lines. Raise FactProcessError for one that is none."""
        found = []
        for line in output:
            parts = line.split("|")
            if len(parts) != 5:
                raise FactProcessError(f"apt-get indextargets printed {line!r}")
            creator, uri, suite, component, signed_by = parts
            if creator == "Packages":
                key = "" if signed_by == _UNSET else signed_by
                found.append(Target(uri, suite, component, key))
        return tuple(dict.fromkeys(found))


@operation()
def archive_components(codename: str, components: tuple[str, ...]) -> Generator[object, None, None]:
    """Have the components of the distribution's archive. Raise OperationError without one."""
    host: Host = ctx_host.get()
    targets = host.get_fact(AptTargets)
    text = missing_sources(targets, codename, components)
    if text is None:
        host.noop(f"{', '.join(components)} of {codename} are there")
        return
    if not text:
        raise OperationError(
            f"apt on this host has no source of {codename}; the driver comes from there: "
            "set base.apt.mirror, or choose source = 'nvidia'"
        )
    yield from files.put._inner(src=StringIO(text), dest=ARCHIVE_FILE, mode="644")


def missing_sources(
    targets: tuple[Target, ...], codename: str, components: tuple[str, ...]
) -> str | None:
    """Return deb822 sources that add the components; None when they are there, "" for no archive.

    ``main`` tells which repositories are the distribution's: every archive has it.
    """
    suites = {codename, f"{codename}-updates", f"{codename}-security"}
    archives = [t for t in targets if t.suite in suites and t.component == "main"]
    if not archives:
        return ""
    have = {(t.uri, t.suite, t.component) for t in targets}
    stanzas = []
    for archive in archives:
        lacking = [c for c in components if (archive.uri, archive.suite, c) not in have]
        if lacking:
            stanzas.append(_stanza(archive, lacking))
    if not stanzas:
        return None
    head = "# Managed by deeprig (role nvidia_driver): the components that the driver is in.\n"
    return head + "\n".join(stanzas)


def _stanza(archive: Target, components: list[str]) -> str:
    lines = [
        "Types: deb",
        f"URIs: {archive.uri}",
        f"Suites: {archive.suite}",
        f"Components: {' '.join(components)}",
    ]
    if archive.signed_by:
        lines.append(f"Signed-By: {archive.signed_by}")
    return "\n".join(lines) + "\n"
