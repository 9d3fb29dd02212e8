"""Operations of the cuda role: refuse first, then one apt transaction, then the default."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from pyinfra.api.command import PyinfraCommand, StringCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host

from deeprig.engine.remarks import explain, tell_move
from deeprig.role import RoleContext
from deeprig.tasks.packages import APT_ENVIRONMENT
from deeprig.tasks.steady import steadily
from roles.cuda import check
from roles.cuda.facts import AptCuda, AptSimulation, CudaAlternative, CudaPackages, DriverOrigin
from roles.cuda.resolution import Resolution, Unresolved, packages_asked_for, resolve, undeclared
from roles.cuda.settings import CudaSettings
from roles.nvidia_driver.facts import OpenDriverChange

Commands = Generator[PyinfraCommand, None, None]
CudaContext = RoleContext[CudaSettings]


@operation()
def fit(context: CudaContext, reason: str | None) -> Commands:
    """Refuse, before anything is changed, what would break the driver or could not run.

    ``reason`` tells why the host gets another toolkit than the usual one, where it does.
    """
    host: Host = ctx_host.get()
    seen = observe(context.settings)
    driver = host.get_fact(OpenDriverChange).expected
    base: Any = context.settings_of.get("base")
    devices = context.facts.nvidia_devices
    problems = [
        check.metapackages_declared(base.packages if base else ()),
        check.metapackages_installed(seen.installed),
        check.no_room_for_link(host.get_fact(CudaAlternative)),
        # A machine without a GPU may well build for others.
        check.driver_too_old(context.settings, driver) if devices else None,
        check.gpus_too_old(context.settings, devices),
    ]
    told = [problem for problem in problems if problem]
    if told:
        raise OperationError("\n".join(told))
    explain(*([reason] if reason else []))
    host.noop("the toolkits fit this host")
    yield from ()


@operation()
def toolkits(context: CudaContext) -> Commands:
    """Have the declared toolkits, cuDNN and NCCL, in one transaction that touches no driver."""
    host: Host = ctx_host.get()
    settings = context.settings
    seen = observe(settings)
    try:
        wanted = resolve(settings, seen, update=context.update.toolkit)
    except Unresolved as problem:
        raise OperationError(str(problem)) from problem
    others = undeclared(settings, seen)
    if others and not settings.remove_others:
        explain(f"toolkits not declared, and left alone (remove_others): {', '.join(others)}")
    if not wanted.words:
        host.noop("CUDA is as declared")
        return
    _check_transaction(wanted, may_add=settings.source == "debian" and _is_driver_debians())
    for move in wanted.moves:
        tell_move(*move)
    variables = (f"{name}={value}" for name, value in APT_ENVIRONMENT.items())
    command = StringCommand(
        *("env", *variables, "apt-get", "install", "-y", "--no-install-recommends"),
        # Another default toolkit may need an older NCCL; the version is exact.
        "--allow-downgrades",
        *wanted.words,
    )
    yield from steadily([command], "cuda", apt=True)


@operation()
def default_toolkit(series: str) -> Commands:
    """Have /usr/local/cuda be a toolkit, chosen by hand: no newer package moves it then."""
    host: Host = ctx_host.get()
    seen = host.get_fact(CudaAlternative)
    wanted = f"{check.LINK}-{series}"
    if wanted not in seen.alternatives:
        raise OperationError(
            f"{wanted} is not registered with update-alternatives (there are: "
            f"{', '.join(seen.alternatives) or 'none'}): the toolkit's package is broken, "
            "reinstall it"
        )
    is_ours = seen.link == check.ALTERNATIVE
    if is_ours and seen.chosen == wanted and seen.is_manual:
        host.noop(f"{check.LINK} is {wanted}")
        return
    tell_move("default toolkit", (seen.chosen or seen.link or "").rpartition("-")[2], series)
    yield StringCommand("update-alternatives", "--set", "cuda", wanted)
    if not is_ours:
        # A link that somebody made past the alternatives would stay as it is.
        yield StringCommand("ln", "-sfn", check.ALTERNATIVE, check.LINK)


def observe(settings: CudaSettings) -> CudaPackages:
    """Return CUDA's packages as the host and its package lists have them now."""
    host: Host = ctx_host.get()
    seen: CudaPackages = host.get_fact(AptCuda, packages=packages_asked_for(settings))
    return seen


def is_anything_to_do(context: CudaContext) -> bool:
    """Say whether the package lists are needed: something is missing, or newer is asked for."""
    if context.update.toolkit:
        return True
    try:
        return bool(resolve(context.settings, observe(context.settings), update=False).words)
    except Unresolved:
        return True


def _is_driver_debians() -> bool:
    """Say whether no driver is there but the archive's, if any.

    Debian's toolkit depends on libcuda1: further libraries of the same driver belong to it, and on
    a machine that only builds they are all there is.
    """
    host: Host = ctx_host.get()
    origin = host.get_fact(DriverOrigin)
    return origin == "archive" or (origin is None and not host.get_fact(OpenDriverChange).expected)


def _check_transaction(wanted: Resolution, *, may_add: bool) -> None:
    host: Host = ctx_host.get()
    simulated = host.get_fact(AptSimulation, packages=wanted.words)
    if simulated.problem:
        raise OperationError(f"apt cannot install CUDA:\n{simulated.problem}")
    problem = check.touches_driver(simulated, may_add=may_add)
    if problem:
        raise OperationError(problem)
    removed = [name for name in simulated.removes if name not in wanted.remove]
    if removed:
        explain(f"apt removes what cannot stay beside it: {', '.join(removed)}")
