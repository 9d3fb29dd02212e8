"""A driver change as one transaction: record, fetch, swap, check; put back where it fails."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass, replace
from typing import Any

from deeprig_host.driver import deb_store, module_check, record, swap
from deeprig_host.driver.apt import Step
from deeprig_host.driver.commands import Machine
from deeprig_host.driver.deb_store import Archive
from deeprig_host.driver.dpkg_repair import repair_dpkg
from deeprig_host.driver.journal import (
    DIRECTORY,
    Transaction,
    close_journal,
    discard_journal,
    read_journal,
    write_journal,
)
from deeprig_host.driver.kernels import installed_releases, modules_of
from deeprig_host.driver.loaded import loaded_version
from deeprig_host.driver.locks import wait_for_locks
from deeprig_host.driver.managed_files import needs_initramfs, place, record_files
from deeprig_host.driver.order import Order
from deeprig_host.driver.packages import Installed, native_architecture, read_packages
from deeprig_host.driver.preview import requests, simulate
from deeprig_host.driver.progress import Progress
from deeprig_host.driver.put_back import Mark, put_back, unmarked
from deeprig_host.driver.refusal import Refused
from deeprig_host.driver.room import check_room


@dataclass(frozen=True, slots=True)
class Prepared:
    """A change of which everything is at hand: nothing is touched yet."""

    transaction: Transaction
    steps: tuple[Step, ...]
    arguments: tuple[str, ...]
    installed: tuple[Installed, ...]
    progress: Progress


def change(machine: Machine, order: Order, mark: Mark = unmarked) -> dict[str, Any]:
    """Carry out an order and return the answer. Raise Refused where nothing was touched."""
    wait_for_locks(machine, order.lock_wait_seconds)
    earlier = _end_earlier(machine, mark)
    try:
        prepared = _prepare(machine, order, earlier, mark)
        swap.drain(machine, order, prepared.progress)
        wait_for_locks(machine, order.lock_wait_seconds)
    except Refused:
        # Nothing was touched: what was open before is open again, with its own record.
        if earlier is not None:
            write_journal(machine, earlier)
        else:
            discard_journal(machine)
        raise
    return _carry_out(machine, order, prepared, mark)


def _end_earlier(machine: Machine, mark: Mark) -> Transaction | None:
    """Put back what was cut off half-way; return a change that is complete and not proven yet."""
    earlier = read_journal(machine)
    if earlier is None:
        return None
    if earlier.phase in ("swapping", "restoring"):
        log = Progress(machine.path(f"{DIRECTORY}/log/{earlier.id}.log"))
        earlier = put_back(machine, earlier, "the change was cut off", log, mark)
    if earlier.phase == "swapped":
        return earlier
    if earlier.phase == "restored":
        close_journal(machine, earlier)
    else:
        discard_journal(machine)  # recorded or fetched: nothing was touched
    return None


def _prepare(machine: Machine, order: Order, earlier: Transaction | None, mark: Mark) -> Prepared:
    now = datetime.datetime.now(datetime.timezone.utc)
    identity = f"{now:%Y%m%dT%H%M%S}-{os.getpid()}"
    progress = Progress(machine.path(f"{DIRECTORY}/log/{identity}.log"))
    repair_dpkg(machine, order.lock_wait_seconds, progress)
    installed = read_packages(machine)
    steps = simulate(machine, order, installed)
    old = _old_archives(installed, steps, order)
    new = _new_archives(steps)
    check_room(machine, _missing(machine, (*old, *new)), new)
    transaction = _record(machine, order, installed, steps, earlier)
    transaction = replace(transaction, id=identity, started=now.isoformat(timespec="seconds"))
    write_journal(machine, transaction)
    mark("recorded")
    progress.say(f"keeping the packages of driver {transaction.recorded or '(none)'}")
    record.keep_old(machine, old, progress)
    progress.say(f"fetching the packages of driver {order.version or '(none)'}")
    _fetch_new(machine, new, progress)
    transaction = replace(transaction, phase="fetched")
    write_journal(machine, transaction)
    mark("fetched")
    return Prepared(transaction, steps, requests(order, installed), installed, progress)


def _carry_out(machine: Machine, order: Order, prepared: Prepared, mark: Mark) -> dict[str, Any]:
    transaction = replace(prepared.transaction, phase="swapping")
    write_journal(machine, transaction)
    mark("swapping")
    progress = prepared.progress
    progress.say(f"exchanging the driver: {transaction.recorded or 'none'} -> {order.version}")
    services = swap.stop_services(machine, order.services)
    try:
        seconds = _exchange(machine, order, prepared, mark)
        _check(machine, order, progress)
    except Refused as failure:
        answer = failure.answer() | {"outcome": "failed"}
        answer["restored"] = _restored(machine, transaction, failure, progress, mark)
        return answer | _told(machine, progress, services)
    transaction = replace(transaction, phase="swapped")
    write_journal(machine, transaction)
    mark("swapped")
    return {
        "outcome": "good",
        "phase": "swapped",
        "transaction": transaction.id,
        "reboot_needed": (loaded_version(machine) or "") != order.version,
        "packages": _moves(prepared.steps),
        "seconds_without_driver": round(seconds, 1),
    } | _told(machine, progress, services)


def _exchange(machine: Machine, order: Order, prepared: Prepared, mark: Mark) -> float:
    """Place files, lift holds, swap, hold again whatever happens; return apt's seconds."""
    files = order.files
    changed = tuple(f.path for f in files if place(machine, f.path, f.content, f.mode))
    mark("files placed")
    recorded = frozenset(p.name for p in prepared.transaction.packages if p.is_held)
    swap.release_holds(machine, order, prepared.installed)
    mark("released")
    names = recorded
    try:
        seconds = swap.swap(machine, order, prepared.arguments, prepared.progress)
        names = frozenset(order.hold)
        mark("exchanged")
    finally:
        swap.hold_again(machine, names)
    mark("held")
    module_check.build_lacking(machine, order.kernels, order.version, prepared.progress)
    if needs_initramfs(changed):
        kernels = order.kernels or installed_releases(machine)
        problem = module_check.refresh_initramfs(machine, kernels, prepared.progress)
        if problem:
            raise Refused("the initramfs could not be written", evidence=(problem,))
    return seconds


def _check(machine: Machine, order: Order, progress: Progress) -> None:
    """Raise Refused where the packages or a kernel's module are not as ordered."""
    complete = {
        (p.name, p.version) for p in read_packages(machine) if p.has_files and not p.is_unfinished
    }
    missing = tuple(f"{n} {v} is not installed" for n, v in order.install if (n, v) not in complete)
    lacking = module_check.lacking_modules(
        machine, order.kernels, order.version, signed=order.must_be_signed
    )
    if missing or lacking:
        log = module_check.build_log_tail(machine, order.version) if lacking else ()
        raise Refused(
            f"driver {order.version} is not complete after the exchange",
            evidence=(*missing, *lacking, *log),
            remedy="the old driver was put back; choose another version or kernel",
        )
    progress.say(f"driver {order.version or '(none)'} is in place")


def _restored(
    machine: Machine, transaction: Transaction, failure: Refused, progress: Progress, mark: Mark
) -> dict[str, Any]:
    """Put back the old driver and tell how that went."""
    back = f"driver {transaction.recorded}" if transaction.recorded else "the host without a driver"
    try:
        put_back(machine, transaction, failure.reason, progress, mark)
    except Refused as second:
        told = [f"{back} could not be put back: {second.reason}", *second.evidence]
        return {"outcome": "failed", "told": [*told, f"-> {second.remedy}"]}
    return {"outcome": "good", "told": [f"{back} was put back"]}


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


def _moves(steps: tuple[Step, ...]) -> list[dict[str, str]]:
    return [{"name": step.name, "from": step.old, "to": step.new} for step in steps]


def _told(machine: Machine, progress: Progress, services: tuple[str, ...]) -> dict[str, Any]:
    """Start the services again where the loaded driver is the installed one; tell the log."""
    packages = read_packages(machine)
    fits = loaded_version(machine) == record.driver_version(packages)
    not_started = swap.start_services(machine, services) if fits else ()
    return {"log": str(progress.log), "not_started": list(not_started)}
