"""The stack of one host, from its roles' settings: told in every plan, refused where unfit."""

from __future__ import annotations

from typing import Any

from pyinfra.api.exceptions import OperationError

from deeprig.engine.remarks import explain
from deeprig.role import RoleContext
from roles.nvidia_driver.brought_cuda import Environment
from roles.nvidia_driver.compatibility import StackRow, resolve
from roles.nvidia_driver.observation import Observation

__all__ = ["StackRow", "check_stack", "resolve", "stack_of"]


def check_stack(context: RoleContext[Any], seen: Observation, driver_version: str) -> None:
    """Tell how toolkits, environments and GPUs fit a driver.

    Raise OperationError, with every row that does not fit, before anything is changed.
    """
    rows = stack_of(context, seen, driver_version)
    unfit = [row for row in rows if row.verdict == "does not fit"]
    if unfit:
        lines = "\n".join(f"  {row.text()} [{row.source}]" for row in unfit)
        raise OperationError(f"the declared stack does not fit together:\n{lines}")
    explain(*(row.text() for row in rows))


def stack_of(
    context: RoleContext[Any], seen: Observation, driver_version: str
) -> tuple[StackRow, ...]:
    """Return the rows of a host's declared toolkits and environments."""
    return resolve(driver_version, _toolkits(context, seen), _environments(context), seen.gpus)


def _toolkits(context: RoleContext[Any], seen: Observation) -> tuple[str, ...]:
    cuda: Any = context.settings_of.get("cuda")
    if cuda is None or cuda.source != "nvidia":
        return ()
    devices = tuple((gpu.address, gpu.device_id) for gpu in seen.gpus)
    return tuple(cuda.fitted_to(devices).series)


def _environments(context: RoleContext[Any]) -> tuple[Environment, ...]:
    conda: Any = context.settings_of.get("conda")
    if conda is None:
        return ()
    return tuple(_environment(conda, declared) for declared in conda.environments)


def _environment(conda: Any, declared: Any) -> Environment:
    options = conda.pip_of(declared)
    locked_pip = declared.pip_lock.packages if declared.pip_lock else ()
    return Environment(
        name=declared.name,
        python=declared.python,
        cuda=declared.cuda,
        conda=(*declared.packages, *_lines(declared.conda_lock)),
        pip=(
            *declared.pip.packages,
            *(f"{name}=={version}" if version else name for name, version in locked_pip),
        ),
        indexes=tuple(o for o in options if "index-url=" in o or "find-links=" in o),
    )


def _lines(lock: Any) -> tuple[str, ...]:
    return () if lock is None else tuple(lock.text.splitlines())
