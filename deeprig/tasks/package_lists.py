"""Which repositories apt has read: a source that is placed says nothing of its package list."""

from __future__ import annotations

from collections.abc import Callable

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.context import ctx_host


class ReadRepositories(FactBase[frozenset[str]]):
    """Addresses of the repositories of which apt has a package list (apt-get(8), indextargets)."""

    def command(self) -> StringCommand:
        """Return the command; it tells only of lists that are there."""
        form, only = QuoteString("$(REPO_URI)"), QuoteString("Created-By: Packages")
        return StringCommand("apt-get", "indextargets", "--format", form, only)

    @staticmethod
    def default() -> frozenset[str]:
        """Return that apt has none."""
        return frozenset()

    def process(self, output: list[str]) -> frozenset[str]:
        """Return the addresses, without the last slash. Raise FactProcessError for another line."""
        if bad := [line for line in output if ":/" not in line]:
            raise FactProcessError(f"apt-get indextargets printed {bad[0]!r}")
        return frozenset(line.strip().rstrip("/") for line in output)


def unread(url: str) -> Callable[[], bool]:
    """Return a condition: apt has no package list of the repository at this address."""
    host: Host = ctx_host.get()
    return lambda: url.rstrip("/") not in host.get_fact(ReadRepositories)
