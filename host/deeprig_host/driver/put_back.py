"""Put back the recorded driver from kept .debs; the network is not needed.

Every step looks at what is there and does what is missing: cut off anywhere, it is continued by
doing it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deeprig_host.driver import module_check
from deeprig_host.driver.journal import Transaction, write_journal
from deeprig_host.driver.managed_files import needs_initramfs, place
from deeprig_host.driver.order import Order, order_of
from deeprig_host.driver.package_marks import qualified, set_automatic, set_holds
from deeprig_host.driver.packages import native_architecture, read_packages
from deeprig_host.driver.packages_back import put_packages_back
from deeprig_host.driver.progress import Progress
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

#: Called after each step with its name; tests cut the power there.
Mark = Callable[[str], None]


def unmarked(_step: str) -> None:
    """Mark nothing."""


def put_back(
    machine: Machine, found: Transaction, reason: str, progress: Progress, mark: Mark = unmarked
) -> Transaction:
    """Return the transaction, restored. Raise Refused (failed) where the old driver is not back."""
    transaction = replace(found, phase="restoring", reason=reason or found.reason)
    write_journal(machine, transaction)
    mark("restoring")
    progress.say(f"putting back driver {transaction.recorded or '(none)'}")
    order = order_of(transaction.order)
    changed = tuple(f.path for f in transaction.files if place(machine, f.path, f.content, f.mode))
    mark("files back")
    _release(machine, order)
    try:
        put_packages_back(machine, transaction, order, progress, mark)
    finally:
        _mark_as_recorded(machine, transaction)
    mark("packages back")
    _modules_back(machine, transaction, order, changed, progress)
    transaction = replace(transaction, phase="restored")
    write_journal(machine, transaction)
    mark("restored")
    return transaction


def _release(machine: Machine, order: Order) -> None:
    """Lift holds. This also has dpkg merge what an interrupted run left in its updates."""
    native = native_architecture(machine)
    held = (p for p in read_packages(machine) if p.has_files and order.is_ours(p.name))
    set_holds(machine, (qualified(package, native) for package in held), held=False)


def _mark_as_recorded(machine: Machine, transaction: Transaction) -> None:
    native = native_architecture(machine)
    present = {(p.name, p.architecture): p for p in read_packages(machine) if p.has_files}
    recorded = [(present.get((p.name, p.architecture)), p) for p in transaction.packages]
    there = [(qualified(package, native), p) for package, p in recorded if package]
    set_holds(machine, (name for name, p in there if p.is_held), held=True)
    set_automatic(machine, (name for name, p in there if p.is_automatic), automatic=True)
    set_automatic(machine, (name for name, p in there if not p.is_automatic), automatic=False)


def _modules_back(
    machine: Machine,
    transaction: Transaction,
    order: Order,
    changed: tuple[str, ...],
    progress: Progress,
) -> None:
    version, kernels = transaction.recorded, transaction.kernels
    if version:
        module_check.build_lacking(machine, kernels, version, progress)
    if needs_initramfs((*changed, *(file.path for file in transaction.files))):
        everywhere = tuple(sorted({*order.kernels, *kernels}))
        problem = module_check.refresh_initramfs(machine, everywhere, progress)
        if problem:
            raise Refused(
                "the initramfs could not be written", evidence=(problem,), outcome="failed"
            )
    problems = module_check.lacking_modules(machine, kernels, version, signed=False)
    if version and problems:
        raise Refused(
            f"driver {version} was put back, and its kernel module is not there",
            evidence=(*problems, *module_check.build_log_tail(machine, version)),
            remedy="run `dkms autoinstall` as root and look at what it says",
            outcome="failed",
        )
