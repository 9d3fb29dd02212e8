"""The end of a driver change: prove the new driver after the reboot, or put back the old one."""

from __future__ import annotations

from typing import Any

from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from deeprig.role import RoleContext, Settlement
from roles.nvidia_driver.facts import OpenDriverChange, PendingDriver
from roles.nvidia_driver.host_program import Answer, run_driver
from roles.nvidia_driver.settings import NvidiaDriverSettings

DriverContext = RoleContext[NvidiaDriverSettings]

#: Phases in which the change is complete on disk, and only its proof is missing.
_TO_BE_PROVEN = ("swapped", "restored")


def reboot_reason(context: DriverContext) -> str | None:
    """Return why the host must reboot: another driver is loaded than should be."""
    pending = _pending()
    if pending.phase is not None and pending.phase not in _TO_BE_PROVEN:
        return None  # half done: the next run repairs it, a reboot would not
    if pending.loaded == pending.expected and not _nouveau_is_in_the_way(pending):
        return None
    if not pending.expected:
        return f"driver {pending.loaded} is loaded and not installed any more"
    found = pending.loaded or ("nouveau" if pending.is_nouveau_loaded else "none")
    return f"driver {pending.expected} is installed, loaded is {found}"


def settle(context: DriverContext) -> Settlement | None:
    """Prove what the open transaction changed; put the recorded driver back where that fails."""
    pending = _pending()
    if pending.phase == "swapped":
        return _prove_new(context, pending)
    if pending.phase == "restored":
        return _prove_restored(context, pending)
    return None


def _prove_new(context: DriverContext, pending: PendingDriver) -> Settlement:
    proof = run_driver("prove", "--expect", pending.wanted, *environments_of(context))
    if proof.is_good:
        run_driver_or_fail("confirm")
        told = (f"driver {pending.wanted} is proven", *_check_lines(proof))
        return Settlement("Prove the new driver", True, True, told)
    why = (f"driver {pending.wanted} does not work:", *_bad_lines(proof))
    if context.settings.rollback == "never":
        told = (*why, "it stays, as rollback = 'never' declares; the next apply looks again")
        return Settlement("Prove the new driver", False, False, told)
    restored = run_driver("restore", "--reason", "; ".join(why))
    back = f"driver {pending.recorded}" if pending.recorded else "the state without a driver"
    name = "Put the old driver back"
    if not restored.is_good:
        told = (*why, f"and {back} could not be put back:", restored.problem)
        return Settlement(name, False, True, told)
    needs = pending.loaded != pending.recorded
    return Settlement(
        name,
        False,
        True,
        (*why, f"{back} was put back"),
        reboot=f"{back} was put back" if needs else None,
    )


def _prove_restored(context: DriverContext, pending: PendingDriver) -> Settlement:
    name = "Prove the old driver"
    if not pending.recorded:
        run_driver_or_fail("confirm")
        return Settlement(name, True, True, ("no driver is installed, as before",))
    proof = run_driver("prove", "--expect", pending.recorded, *environments_of(context))
    if not proof.is_good:
        told = (f"driver {pending.recorded}, put back, does not work either:", *_bad_lines(proof))
        return Settlement(name, False, False, told)
    run_driver_or_fail("confirm")
    told = (f"driver {pending.recorded}, put back, is proven", *_check_lines(proof))
    return Settlement(name, True, True, told)


def run_driver_or_fail(command: str, *arguments: str) -> Answer:
    """Run a command that has no reason to fail. Raise RuntimeError when it does."""
    answer = run_driver(command, *arguments)
    if not answer.is_good:
        raise RuntimeError(f"driver {command}: {answer.problem}")
    return answer


def environments_of(context: RoleContext[Any]) -> tuple[str, ...]:
    """Return the arguments that name the conda environments in which a CUDA kernel must run."""
    return environment_arguments(context.settings_of.get("conda"))


def environment_arguments(conda: Any) -> tuple[str, ...]:
    """Return the same for the conda role's settings; nothing where the host has no such role."""
    if conda is None:
        return ()
    pairs = [
        ("--environment", f"{environment.name}={conda.environment_path(environment.name)}")
        for environment in conda.environments
        if environment.cuda != "cpu"
    ]
    return tuple(word for pair in pairs for word in pair)


def _nouveau_is_in_the_way(pending: PendingDriver) -> bool:
    return pending.is_nouveau_loaded and bool(pending.expected)


def _pending() -> PendingDriver:
    host: Host = ctx_host.get()
    pending: PendingDriver = host.get_fact(OpenDriverChange)
    return pending


def _check_lines(proof: Answer) -> tuple[str, ...]:
    return tuple(_line(check) for check in proof.document.get("checks", ()))


def _bad_lines(proof: Answer) -> tuple[str, ...]:
    checks = proof.document.get("checks")
    if not checks:
        return (proof.problem,)
    return tuple(_line(c) for c in checks if c.get("outcome") in ("fail", "unknown"))


def _line(check: dict[str, Any]) -> str:
    told = check.get("evidence") or f"{check.get('actual')}, expected {check.get('expected')}"
    return f"  {check.get('name')}: {check.get('outcome')}: {told}"
