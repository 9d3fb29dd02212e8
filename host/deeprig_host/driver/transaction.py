"""A driver change as one transaction: prepare, swap, check; put back where it fails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deeprig_host.driver import module_check, record, swap
from deeprig_host.driver.apt import Step
from deeprig_host.driver.journal import (
    Transaction,
    close_journal,
    discard_journal,
    read_journal,
    write_journal,
)
from deeprig_host.driver.kernels import installed_releases
from deeprig_host.driver.loaded import loaded_version
from deeprig_host.driver.locks import wait_for_locks
from deeprig_host.driver.logs import log_of
from deeprig_host.driver.managed_files import needs_initramfs, place
from deeprig_host.driver.order import Order
from deeprig_host.driver.packages import read_packages
from deeprig_host.driver.prepare import Prepared, prepare
from deeprig_host.driver.progress import Progress
from deeprig_host.driver.put_back import Mark, put_back, unmarked
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused


def change(machine: Machine, order: Order, mark: Mark = unmarked) -> dict[str, Any]:
    """Carry out an order and return the answer. Raise Refused where nothing was touched."""
    wait_for_locks(machine, order.lock_wait_seconds)
    earlier = _end_earlier(machine, mark)
    try:
        prepared = prepare(machine, order, earlier, mark)
        swap.drain(machine, order, prepared.progress)
        wait_for_locks(machine, order.lock_wait_seconds)
    except Refused:
        if earlier is None:
            discard_journal(machine)  # nothing was touched
        raise
    return _carry_out(machine, order, prepared, mark)


def _end_earlier(machine: Machine, mark: Mark) -> Transaction | None:
    """Put back what was cut off half-way; return a change that is complete and not proven yet."""
    earlier = read_journal(machine)
    if earlier is None:
        return None
    if earlier.phase in ("swapping", "restoring"):
        log = Progress(log_of(machine, earlier.id))
        earlier = put_back(machine, earlier, "the change was cut off", log, mark)
    if earlier.phase == "swapped":
        return earlier
    if earlier.phase == "restored":
        close_journal(machine, earlier)
    else:
        discard_journal(machine)  # recorded or fetched: nothing was touched
    return None


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


def _moves(steps: tuple[Step, ...]) -> list[dict[str, str]]:
    return [{"name": step.name, "from": step.old, "to": step.new} for step in steps]


def _told(machine: Machine, progress: Progress, services: tuple[str, ...]) -> dict[str, Any]:
    """Start the services again where the loaded driver is the installed one; tell the log."""
    packages = read_packages(machine)
    fits = loaded_version(machine) == record.driver_version(packages)
    not_started = swap.start_services(machine, services) if fits else ()
    return {"log": str(progress.log), "not_started": list(not_started)}
