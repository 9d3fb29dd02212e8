"""Install packages in one apt transaction, refreshing the lists only when something is missing.

Each goes on when the connection is lost, waits for whoever holds the package system, and repairs
first what an earlier cut left (deeprig.tasks.steady).
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.api.operation import OperationMeta, operation
from pyinfra.context import ctx_host, ctx_state
from pyinfra.facts.deb import DebPackages
from pyinfra.operations import apt

from deeprig.tasks.steady import steadily

Commands = Generator[PyinfraCommand, None, None]

#: needrestart would wait for an answer, and debconf for another (needrestart(1), debconf(7)).
APT_ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "NEEDRESTART_SUSPEND": "1",
    "APT_LISTCHANGES_FRONTEND": "none",
}


def install_packages(packages: tuple[str, ...]) -> OperationMeta:
    """Install what is missing of ``packages`` (``name`` or ``name=version``), all at once."""
    refresh_package_lists(when=_any_missing(packages))
    return steady_packages(name="Install packages", packages=packages, _env=APT_ENVIRONMENT)


def refresh_package_lists(when: Callable[[], bool]) -> OperationMeta:
    """Run ``apt-get update`` when the condition holds."""
    return steady_update(name="Refresh the package lists", _if=when, _env=APT_ENVIRONMENT)


def repair_packages() -> OperationMeta:
    """Finish what an interrupted run left half done; what reads packages' state comes after it."""
    host: Host = ctx_host.get()
    return finish_packages(
        name="Repair packages that an interrupted run left half done",
        _env=APT_ENVIRONMENT,
        _if=lambda: bool(host.get_fact(InterruptedPackages)),
    )


class InterruptedPackages(FactBase[tuple[str, ...]]):
    """What an interrupted run left: lines of ``dpkg --audit``, changes in dpkg's journal."""

    def command(self) -> str:
        """Return the command; dpkg(1) says the audit prints nothing when all is well."""
        return "dpkg --audit && find /var/lib/dpkg/updates -name '[0-9]*'"

    @staticmethod
    def default() -> tuple[str, ...]:
        """Return no lines: all is well."""
        return ()

    def process(self, output: list[str]) -> tuple[str, ...]:
        """Return the lines that say something."""
        return tuple(line for line in output if line.strip())


@operation()
def steady_packages(packages: tuple[str, ...]) -> Commands:
    """Have packages, as pyinfra's own operation, in a transaction that outlives the connection."""
    wanted = getattr(ctx_state.get(), "wanted_packages", None)  # pyinfra's own state has none
    if wanted is not None:
        wanted[ctx_host.get().name].update(packages)
    commands = apt.packages._inner(packages=list(packages), no_recommends=True)
    yield from steadily(commands, "packages", apt=True)


@operation(is_idempotent=False)
def steady_update() -> Commands:
    """Refresh the package lists.

    By itself apt only warns where a list could not be had, and goes on with the old one: what then
    fails says "Unable to locate package" (apt-get(8), update; apt.conf(5), APT::Update).
    """
    yield from steadily(("apt-get -o APT::Update::Error-Mode=any update",), "lists", apt=True)


@operation(is_idempotent=False)
def finish_packages() -> Commands:
    """Finish half done packages: dpkg's own way, then apt's (dpkg(1), apt-get(8))."""
    keep = "--force-confdef --force-confold"
    options = " ".join(f"-o Dpkg::Options::={option}" for option in keep.split())
    commands = (f"dpkg {keep} --configure -a", f"apt-get -y {options} -f install")
    yield from steadily(commands, "repair", apt=True)


def _any_missing(packages: tuple[str, ...]) -> Callable[[], bool]:
    host: Host = ctx_host.get()

    def any_missing() -> bool:
        installed: dict[str, set[str]] = host.get_fact(DebPackages)
        return any(not _is_installed(package, installed) for package in packages)

    return any_missing


def _is_installed(package: str, installed: dict[str, set[str]]) -> bool:
    name, _, version = package.partition("=")
    versions = installed.get(name.partition(":")[0])
    return versions is not None and (not version or version in versions)
