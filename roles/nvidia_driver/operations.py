"""Operations of the nvidia_driver role: repair what an earlier run left, change the driver."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from io import StringIO
from typing import Any

from pyinfra.api.command import FileUploadCommand, StringCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host
from pyinfra.operations import files

from deeprig.engine.operations import Step
from deeprig.engine.remarks import explain, tell_move
from deeprig.errors import DeeprigError
from deeprig.role import RoleContext
from roles.nvidia_driver.decision import Change, NoChange, decide
from roles.nvidia_driver.facts import DriverObservation, OpenDriverChange, PendingDriver
from roles.nvidia_driver.host_program import run_driver
from roles.nvidia_driver.observation import Observation
from roles.nvidia_driver.refusal import Refusal
from roles.nvidia_driver.settings import NvidiaDriverSettings
from roles.nvidia_driver.stack import check_stack

Commands = Generator[StringCommand | Step | FileUploadCommand, None, None]
DriverContext = RoleContext[NvidiaDriverSettings]

#: Read by the initramfs too, whose copy would load nouveau before the root file system is there.
_MODPROBE = "/etc/modprobe.d/"
_LOCK_WAIT_SECONDS = 300
#: Refusals that a package source which is still to be added can do away with.
_NEED_SOURCES = ("source-missing", "no-candidate", "no-headers", "no-fabric-manager")
#: Phases that a power cut or a lost controller leaves, with the packages perhaps half changed.
_HALF_DONE = ("swapping", "restoring")


@operation()
def repair() -> Commands:
    """Put back the recorded driver where an earlier change was cut off in the middle."""
    host: Host = ctx_host.get()
    pending: PendingDriver = host.get_fact(OpenDriverChange)
    if pending.phase not in _HALF_DONE:
        host.noop("no driver change is half done")
        return

    def put_back() -> None:
        """Put back the driver that was there before the change that was cut off."""
        for command in (("restore", "--reason", "the change was cut off"), ("confirm",)):
            answer = run_driver(*command)
            if not answer.is_good:
                raise OperationError(answer.problem)

    explain(f"a change to driver {pending.wanted or '(none)'} was cut off while {pending.phase}")
    yield Step(put_back)


@operation()
def driver(context: DriverContext) -> Commands:
    """Have the declared driver: decide from what the host tells, then change it as a whole.

    Raise OperationError, leaving the host as it is, where the change is refused.
    """
    seen = observe(context)
    decision = decide(context.settings, seen, update=context.update.drivers)
    if isinstance(decision, Refusal):
        raise _refused(decision)
    explain(*decision.reasons)
    if not isinstance(decision, Change):
        if decision.order is not None:
            check_stack(context, seen, decision.order.version)
        yield from _upkeep(decision)
        return
    check_stack(context, seen, decision.order.version)
    order = replace(
        decision.order,
        even_if_busy=context.update.even_if_busy,
        drain_wait_seconds=context.settings.drain_wait_minutes * 60,
        lock_wait_seconds=_lock_wait_seconds(context),
    )
    tell_move("NVIDIA driver", decision.from_version or "", order.version)
    explain(*decision.notes)

    def change() -> None:
        answer = run_driver("change", order=order.document())
        if not answer.is_good:
            raise OperationError(answer.problem)
        explain(*_told(answer.document))

    change.__doc__ = f"Change the driver: {decision.from_version or 'none'} -> {order.version}"
    yield Step(change)


def _lock_wait_seconds(context: DriverContext) -> int:
    """Return how long any apt of this host waits for a lock: role base's setting."""
    base: Any = context.settings_of.get("base")
    return base.apt.lock_timeout_seconds if base is not None else _LOCK_WAIT_SECONDS


def _refused(refusal: Refusal) -> Exception:
    """Return what to raise: a plan forgives an OperationError while earlier changes are pending."""
    text = refusal.text()
    return OperationError(text) if refusal.kind in _NEED_SOURCES else DeeprigError(text)


def _upkeep(decision: NoChange) -> Commands:
    """Yield what has the files of a driver that stays as it is be as they should."""
    host: Host = ctx_host.get()
    commands: list[Any] = []
    for file in decision.order.files if decision.order else ():
        if file.content is None:
            commands += files.file._inner(path=file.path, present=False)
        else:
            commands += files.put._inner(
                src=StringIO(file.content),
                dest=file.path,
                user="root",
                group="root",
                mode=file.mode,
            )
    if any(isinstance(c, FileUploadCommand) and _MODPROBE in c.dest for c in commands):
        commands.append(StringCommand("update-initramfs", "-u", "-k", "all"))
    if not commands:
        host.noop("the driver is as declared")
    yield from commands


@operation()
def load() -> Commands:
    """Load the module at once where nothing stands in its way: the first driver of a machine."""
    host: Host = ctx_host.get()
    pending: PendingDriver = host.get_fact(OpenDriverChange)
    if pending.loaded or pending.is_nouveau_loaded or not pending.available:
        host.noop("a module is loaded, or a reboot is needed")
        return
    yield StringCommand("modprobe", "nvidia")


def observe(context: RoleContext[Any]) -> Observation:
    """Return a fresh observation of the host in context. Raise OperationError without python3."""
    host: Host = ctx_host.get()
    programs = str(context.content.file("host"))
    seen: Observation | None = host.get_fact(DriverObservation, programs=programs)
    if seen is None:
        raise OperationError("python3 is not installed yet")
    return seen


def _told(document: dict[str, Any]) -> tuple[str, ...]:
    seconds = document.get("seconds_without_driver")
    told = [] if seconds is None else [f"{seconds:.1f} s without a working driver, and the reboot"]
    return tuple(told)
