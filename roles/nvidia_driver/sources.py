"""The distribution's own archive with the component that the driver is in.

Debian's installer leaves ``contrib`` and ``non-free`` out, Ubuntu's minimal images may leave
``restricted`` out. The repositories are the host's own, mirrors included: only the component is
added, in a file of ours, so that nobody's file is edited.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from io import StringIO
from itertools import groupby

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError, OperationError
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host
from pyinfra.operations import files

from roles.nvidia_driver.apt_entries import Entry, entries_of

ARCHIVE_FILE = "/etc/apt/sources.list.d/deeprig-nvidia-archive.sources"
_PLACES = ("/etc/apt/sources.list:", "/etc/apt/sources.list.d/")
#: Every line with its file before it; grep's 1 is "no line at all" (grep(1), EXIT STATUS).
_READ = (
    "grep -r --with-filename --include='*.list' --include='*.sources' '' /etc/apt || test $? -eq 1"
)


class AptEntries(FactBase[tuple[Entry, ...]]):
    """The entries of the host's apt source files."""

    def command(self) -> StringCommand:
        """Return the command."""
        return StringCommand(_READ)

    @staticmethod
    def default() -> tuple[Entry, ...]:
        """Return that apt has no source."""
        return ()

    def process(self, output: list[str]) -> tuple[Entry, ...]:
        """Parse the lines. Raise FactProcessError for one without a file's name."""
        rows = [line.partition(":") for line in output]
        if bad := [row for row in rows if not row[0].startswith("/") or not row[1]]:
            raise FactProcessError(f"grep printed {bad[0][0]!r}")
        found: list[Entry] = []
        for path, group in groupby(rows, key=lambda row: row[0]):
            if f"{path}:".startswith(_PLACES):
                found += entries_of(path, [text for _, _, text in group])
        return tuple(dict.fromkeys(found))


class DownloadedLists(FactBase[frozenset[tuple[str, str]]]):
    """Suite and component of every package list that apt has: those that exist (apt-get(8))."""

    def command(self) -> StringCommand:
        """Return the command."""
        form = QuoteString("$(RELEASE)|$(COMPONENT)")
        only = QuoteString("Created-By: Packages")
        return StringCommand("apt-get", "indextargets", "--format", form, only)

    @staticmethod
    def default() -> frozenset[tuple[str, str]]:
        """Return that apt has none."""
        return frozenset()

    def process(self, output: list[str]) -> frozenset[tuple[str, str]]:
        """Parse the lines. Raise FactProcessError for one that is none."""
        rows = [line.partition("|") for line in output]
        if bad := [row for row in rows if not row[1]]:
            raise FactProcessError(f"apt-get indextargets printed {bad[0][0]!r}")
        return frozenset((suite, component) for suite, _, component in rows)


def lists_are_missing(codename: str, components: tuple[str, ...]) -> Callable[[], bool]:
    """Return a condition: apt has not read a component of the archive yet (images come so)."""
    host: Host = ctx_host.get()

    def are_missing() -> bool:
        have = host.get_fact(DownloadedLists)
        suites = archive_suites(codename)
        return any(all((suite, c) not in have for suite in suites) for c in components)

    return are_missing


def archive_suites(codename: str) -> tuple[str, ...]:
    """Return the suites of a release that are its own archive's."""
    return (codename, f"{codename}-updates", f"{codename}-security")


@operation()
def archive_components(codename: str, components: tuple[str, ...]) -> Generator[object, None, None]:
    """Have the components of the distribution's archive. Raise OperationError without one."""
    host: Host = ctx_host.get()
    entries = host.get_fact(AptEntries)
    text = missing_sources(entries, codename, components)
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
    entries: tuple[Entry, ...], codename: str, components: tuple[str, ...]
) -> str | None:
    """Return deb822 sources that add the components; None when they are there, "" for no archive.

    ``main`` tells which repositories are the distribution's: every archive has it.
    """
    suites = archive_suites(codename)
    archives = [e for e in entries if e.suite in suites and e.component == "main"]
    if not archives:
        return ""
    have = {_key(e, e.component) for e in entries}
    stanzas = []
    for archive in archives:
        lacking = [c for c in components if _key(archive, c) not in have]
        if lacking:
            stanzas.append(_stanza(archive, lacking))
    if not stanzas:
        return None
    head = "# Managed by deeprig (role nvidia_driver): the components that the driver is in.\n"
    return head + "\n".join(stanzas)


def _key(entry: Entry, component: str) -> tuple[str, str, str]:
    return (entry.uri.rstrip("/"), entry.suite, component)


def _stanza(archive: Entry, components: list[str]) -> str:
    lines = [
        "Types: deb",
        f"URIs: {archive.uri}",
        f"Suites: {archive.suite}",
        f"Components: {' '.join(components)}",
        # apt refuses two entries of one repository and suite that differ in Signed-By or Trusted.
        *(f"{name}: {value}" for name, value in archive.options),
    ]
    return "\n".join(lines) + "\n"
