"""Everything that a driver change needs, at hand before anything is touched."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace

from deeprig_host.driver import deb_store, record
from deeprig_host.driver.apt import Step
from deeprig_host.driver.deb_store import Archive
from deeprig_host.driver.dpkg_repair import repair_dpkg
from deeprig_host.driver.journal import Transaction, write_journal
from deeprig_host.driver.kernels import installed_releases, modules_of
from deeprig_host.driver.logs import new_log
from deeprig_host.driver.managed_files import record_files
from deeprig_host.driver.order import Order
from deeprig_host.driver.overlaps import overwriting
from deeprig_host.driver.packages import Installed, native_architecture, read_packages
from deeprig_host.driver.preview import requests, simulate
from deeprig_host.driver.progress import Progress
from deeprig_host.driver.put_back import Mark
from deeprig_host.driver.room import check_room
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused


@dataclass(frozen=True, slots=True)
class Prepared:
    """A change of which everything is at hand: nothing is touched yet."""

    transaction: Transaction
    steps: tuple[Step, ...]
    arguments: tuple[str, ...]
    installed: tuple[Installed, ...]
    progress: Progress


def prepare(machine: Machine, order: Order, earlier: Transaction | None, mark: Mark) -> Prepared:
    """Record what is there, and have every .deb of old and new driver in the store.

    Raise Refused where the change is not possible or could not be undone.
    """
    now = datetime.datetime.now(datetime.timezone.utc)
    identity = f"{now:%Y%m%dT%H%M%S.%f}"
    progress = Progress(new_log(machine, identity, "" if earlier is None else earlier.id))
    repair_dpkg(machine, order.lock_wait_seconds, progress)
    installed = read_packages(machine)
    steps = simulate(machine, order, installed)
    old = _old_archives(installed, steps, order)
    new = _new_archives(steps)
    check_room(machine, _missing(machine, (*old, *new)), new)
    transaction = _record(machine, order, installed, steps, earlier)
    transaction = replace(transaction, id=identity, started=now.isoformat(timespec="seconds"))
    # A change that is complete and unproven stays in the journal until the swap begins.
    if earlier is None:
        write_journal(machine, transaction)
    mark("recorded")
    progress.say(f"keeping the packages of driver {transaction.recorded or '(none)'}")
    record.keep_old(machine, old, progress)
    progress.say(f"fetching the packages of driver {order.version or '(none)'}")
    _fetch_new(machine, new, progress)
    transaction = replace(transaction, phase="fetched")
    if earlier is None:
        write_journal(machine, transaction)
    mark("fetched")
    arguments = (*overwriting(machine, steps), *requests(order, installed))
    return Prepared(transaction, steps, arguments, installed, progress)


def _record(
    machine: Machine,
    order: Order,
    installed: tuple[Installed, ...],
    steps: tuple[Step, ...],
    earlier: Transaction | None,
) -> Transaction:
    """Return the transaction to be; the record of an unproven change is carried over."""
    native = native_architecture(machine)
    version = record.driver_version(tuple(p for p in installed if order.is_ours(p.name)))
    modules = modules_of(machine, installed_releases(machine))
    new = (step for step in steps if not step.old and order.is_ours(step.name))
    found = Transaction(
        id="",
        phase="recorded",
        wanted=order.version,
        recorded=version,
        started="",
        boot_id=machine.text("/proc/sys/kernel/random/boot_id") or "",
        order=order.raw,
        packages=record.record_packages(machine, order, installed, steps),
        files=record_files(machine, order.files),
        new_packages=tuple(_qualified(step, native) for step in new),
        kernels=tuple(k for k, m in modules.items() if m["version"] == version),
    )
    return found if earlier is None else _carried(found, earlier)


def _carried(found: Transaction, earlier: Transaction) -> Transaction:
    """Return the transaction with the last proven driver as what is put back."""
    known = {file.path for file in earlier.files}
    return replace(
        found,
        recorded=earlier.recorded,
        packages=earlier.packages,
        files=(*earlier.files, *(file for file in found.files if file.path not in known)),
        new_packages=tuple(dict.fromkeys((*earlier.new_packages, *found.new_packages))),
        kernels=earlier.kernels,
    )


def _old_archives(
    installed: tuple[Installed, ...], steps: tuple[Step, ...], order: Order
) -> tuple[Archive, ...]:
    touched = {(step.name, step.old) for step in steps if step.old and order.is_ours(step.name)}
    return tuple(
        record.archive_of(p) for p in installed if p.has_files and (p.name, p.version) in touched
    )


def _new_archives(steps: tuple[Step, ...]) -> tuple[Archive, ...]:
    return tuple(Archive(s.name, s.architecture, s.new) for s in steps if s.new)


def _missing(machine: Machine, archives: tuple[Archive, ...]) -> tuple[Archive, ...]:
    return tuple(archive for archive in archives if not deb_store.is_kept(machine, archive))


def _fetch_new(machine: Machine, new: tuple[Archive, ...], progress: Progress) -> None:
    """Have every new .deb in the store. Raise Refused where one cannot be had."""
    wanted = _missing(machine, new)
    done = deb_store.download(machine, wanted, progress)
    missing = _missing(machine, new)
    if missing:
        told = done.tail() if done else ()
        raise Refused(
            "the new driver's packages cannot be downloaded, the driver was not touched",
            evidence=(*(f"{a.name} {a.version}" for a in missing), *told),
            remedy="check the repository and the network, run `apt-get update`, and run again",
        )


def _qualified(step: Step, native: str) -> str:
    is_native = step.architecture in ("", "all", native)
    return step.name if is_native else f"{step.name}:{step.architecture}"
