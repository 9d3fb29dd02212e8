"""Have exactly the recorded packages installed: by apt, and by dpkg where apt cannot."""

from __future__ import annotations

from collections.abc import Callable

from deeprig_host.driver import apt
from deeprig_host.driver.cut_builds import forget_cut_builds
from deeprig_host.driver.deb_store import Archive, store_path
from deeprig_host.driver.journal import RecordedPackage, Transaction
from deeprig_host.driver.order import Order
from deeprig_host.driver.package_marks import qualified
from deeprig_host.driver.packages import Installed, native_architecture, read_packages
from deeprig_host.driver.progress import Progress
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

_SECONDS = 4 * 3600


def put_packages_back(
    machine: Machine,
    transaction: Transaction,
    order: Order,
    progress: Progress,
    mark: Callable[[str], None],
) -> None:
    """Install what was recorded, remove what was new. Raise Refused when that fails both ways."""
    for attempt in (_by_apt, _by_dpkg):
        missing, surplus = differences(machine, transaction)
        if not missing and not surplus:
            return
        forget_cut_builds(machine, progress)
        attempt(machine, order, _files(machine, missing), surplus, progress)
        mark(attempt.__name__.strip("_"))
    missing, surplus = differences(machine, transaction)
    if missing or surplus:
        raise Refused(
            "the recorded packages could not be put back",
            evidence=(
                *(f"not back: {p.name} {p.version}" for p in missing),
                *(f"still there: {name}" for name in surplus),
                *((f"log: {progress.log}",) if progress.log else ()),
            ),
            remedy="look at the log; `dpkg --audit` names what is half done. The kept packages "
            f"are in {store_path(machine)}",
            outcome="failed",
        )


def differences(
    machine: Machine, transaction: Transaction
) -> tuple[tuple[RecordedPackage, ...], tuple[str, ...]]:
    """Return the recorded packages that are not completely there, and the new ones still there."""
    known = read_packages(machine)
    complete = {
        (p.name, p.architecture, p.version) for p in known if p.has_files and not p.is_unfinished
    }
    missing = tuple(
        p for p in transaction.packages if (p.name, p.architecture, p.version) not in complete
    )
    native = native_architecture(machine)
    recorded = {(p.name, p.architecture) for p in transaction.packages}
    new = frozenset(transaction.new_packages)
    surplus = tuple(
        qualified(p, native) for p in known if _is_surplus(p, qualified(p, native), new, recorded)
    )
    return missing, surplus


def _is_surplus(
    package: Installed, name: str, new: frozenset[str], recorded: set[tuple[str, str]]
) -> bool:
    return (
        package.has_files and name in new and (package.name, package.architecture) not in recorded
    )


def _files(machine: Machine, missing: tuple[RecordedPackage, ...]) -> tuple[str, ...]:
    """Return the kept .debs. Raise Refused where one is gone."""
    store = store_path(machine)
    found = [store / Archive(p.name, p.architecture, p.version).file for p in missing]
    gone = [str(file) for file in found if not file.is_file()]
    if gone:
        raise Refused(
            "kept packages of the old driver are gone",
            evidence=tuple(gone),
            remedy="put them back there, from any mirror, and run `deeprig apply` again",
            outcome="failed",
        )
    return tuple(str(file) for file in found)


def _by_apt(
    machine: Machine,
    order: Order,
    files: tuple[str, ...],
    surplus: tuple[str, ...],
    progress: Progress,
) -> None:
    words = apt.words(order.lock_wait_seconds, "install", "--no-download", "--allow-downgrades")
    # Without its archives here, apt does not find a .deb that a file: source offers as well.
    archives = ("-o", f"Dir::Cache::archives={store_path(machine)}/")
    removals = tuple(f"{name}-" for name in surplus)
    progress.keep(
        machine.run(
            *(*words, *archives, "--no-install-recommends", "--reinstall", "--purge"),
            *(*files, *removals),
            seconds=_SECONDS,
            environment=apt.QUIET,
        )
    )


def _by_dpkg(
    machine: Machine,
    order: Order,
    files: tuple[str, ...],
    surplus: tuple[str, ...],
    progress: Progress,
) -> None:
    """Do without dependencies and order: what counts is the set that stands at the end."""
    progress.say("apt could not put everything back; doing it with dpkg")
    quiet = ("--force-confdef", "--force-confold", "--force-depends")
    commands = []
    if surplus:
        commands.append(("dpkg", *quiet, "--force-remove-reinstreq", "--purge", *surplus))
    if files:
        unpack = ("--force-downgrade", "--force-overwrite", "--force-conflicts", "--force-breaks")
        commands.append(("dpkg", *quiet, *unpack, "--unpack", *files))
    commands.append(("dpkg", *quiet, "--configure", "-a"))
    for words in commands:
        progress.keep(machine.run(*words, seconds=_SECONDS, environment=apt.QUIET))
