"""The swap: old driver out and new driver in, in one apt transaction, from kept .debs."""

from __future__ import annotations

import time

from deeprig_host.driver import apt
from deeprig_host.driver.cut_builds import forget_cut_builds
from deeprig_host.driver.deb_store import store_path
from deeprig_host.driver.holders import holder_text, holders
from deeprig_host.driver.module_check import build_log_tail
from deeprig_host.driver.order import Order
from deeprig_host.driver.package_marks import qualified, set_holds
from deeprig_host.driver.packages import Installed, native_architecture, read_packages
from deeprig_host.driver.progress import Progress
from deeprig_host.machine.commands import Done, Machine
from deeprig_host.machine.refusal import Refused

_SWAP_SECONDS = 4 * 3600
_POLL_SECONDS = 2.0


def drain(machine: Machine, order: Order, progress: Progress) -> None:
    """Wait until nobody uses a GPU. Raise Refused (busy), naming everybody, when the time is up."""
    if order.even_if_busy:
        return
    end = time.monotonic() + order.drain_wait_seconds
    found = holders(machine)
    if found:
        progress.say(f"waiting for {len(found)} processes on the GPUs")
    while found and time.monotonic() < end:
        time.sleep(min(_POLL_SECONDS, max(0.0, end - time.monotonic())))
        found = holders(machine)
    if found:
        raise Refused(
            "the GPUs are in use, the driver change is put off",
            evidence=tuple(holder_text(holder) for holder in found),
            remedy="run again when they are done, set drain_wait_minutes, or say --even-if-busy",
            outcome="busy",
        )


def swap(machine: Machine, order: Order, arguments: tuple[str, ...], progress: Progress) -> float:
    """Exchange the packages; return how many seconds that took. Raise Refused when apt fails."""
    began = time.monotonic()
    if not arguments:
        return 0.0
    forget_cut_builds(machine, progress)
    done = machine.run(
        *apt.words(order.lock_wait_seconds, "install", "--no-download", "--allow-downgrades"),
        *("--no-install-recommends", "-o", f"Dir::Cache::archives={store_path(machine)}/"),
        *arguments,
        seconds=_SWAP_SECONDS,
        environment=apt.QUIET,
    )
    progress.keep(done)
    if not done.is_good:
        raise Refused(
            f"apt failed while it exchanged the driver for {order.version or 'none'}",
            evidence=(*apt.trouble(done), *_build_log(machine, order, done)),
            remedy=f"the whole output is in {progress.log}; choose another driver version, or "
            "repair what it names",
            outcome="failed",
        )
    return time.monotonic() - began


def _build_log(machine: Machine, order: Order, done: Done) -> tuple[str, ...]:
    """Return the end of DKMS's log where a package of DKMS failed."""
    is_dkms = "dkms" in (done.out + done.err).lower()
    return build_log_tail(machine, order.version) if is_dkms else ()


def release_holds(machine: Machine, order: Order, installed: tuple[Installed, ...]) -> None:
    """Lift the holds on the driver's packages."""
    native = native_architecture(machine)
    ours = (p for p in installed if p.is_held and order.is_ours(p.name))
    set_holds(machine, (qualified(package, native) for package in ours), held=False)


def hold_again(machine: Machine, names: frozenset[str]) -> tuple[str, ...]:
    """Hold those of the named packages that are installed; return them."""
    native = native_architecture(machine)
    present = [p for p in read_packages(machine) if p.has_files and p.name in names]
    held = tuple(sorted(qualified(package, native) for package in present))
    set_holds(machine, held, held=True)
    return held


def stop_services(machine: Machine, services: tuple[str, ...]) -> tuple[str, ...]:
    """Stop the driver's services that run; return them, to be started again."""
    running = tuple(s for s in services if machine.run("systemctl", "is-active", "-q", s).is_good)
    if running:
        machine.run("systemctl", "stop", *running, seconds=120)
    return running


def start_services(machine: Machine, services: tuple[str, ...]) -> tuple[str, ...]:
    """Start services again; return what did not start."""
    started = [(s, machine.run("systemctl", "start", s, seconds=120)) for s in services]
    return tuple(f"{s}: {' '.join(done.tail(2))}" for s, done in started if not done.is_good)
