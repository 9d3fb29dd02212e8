"""Install packages in one apt transaction, refreshing the lists only when something is missing."""

from __future__ import annotations

from collections.abc import Callable

from pyinfra.api.host import Host
from pyinfra.api.operation import OperationMeta
from pyinfra.context import ctx_host
from pyinfra.facts.deb import DebPackages
from pyinfra.operations import apt

#: needrestart would wait for an answer, and debconf for another (needrestart(1), debconf(7)).
APT_ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "NEEDRESTART_SUSPEND": "1",
    "APT_LISTCHANGES_FRONTEND": "none",
}


def install_packages(packages: tuple[str, ...]) -> OperationMeta:
    """Install what is missing of ``packages`` (``name`` or ``name=version``), all at once."""
    refresh_package_lists(when=_any_missing(packages))
    return apt.packages(
        name="Install packages",
        packages=list(packages),
        no_recommends=True,
        _env=APT_ENVIRONMENT,
    )


def refresh_package_lists(when: Callable[[], bool]) -> OperationMeta:
    """Run ``apt-get update`` when the condition holds."""
    return apt.update(name="Refresh the package lists", _if=when, _env=APT_ENVIRONMENT)


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
