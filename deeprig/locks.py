"""Write the lock of an environment: choose the host, solve there, write the files whole."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from deeprig.engine.single import connected
from deeprig.errors import DeeprigError, UsageProblem
from deeprig.inventory.load import Lab
from deeprig.inventory.model import DeclaredHost


def lock_environment(
    lab: Lab, name: str, host_name: str | None, cuda: str | None, output: Path | None
) -> tuple[tuple[Path, ...], str]:
    """Solve an environment and return the files written, and the hardware class.

    Raise UsageProblem for an unknown host or environment, HostUnreachable or DeeprigError when
    the solve could not be done; nothing is written then.
    """
    declared = _host(lab, host_name)
    settings: Any = declared.role_settings["conda"]
    wanted = _environment(settings, name, declared.name)
    if cuda is not None:
        try:
            wanted = type(wanted).model_validate(
                {**wanted.model_dump(exclude={"lock"}), "cuda": cuda}
            )
        except ValidationError as error:
            raise UsageProblem(
                f"{cuda!r} is no CUDA version", place="--cuda", remedy="such as 12.4, or cpu"
            ) from error
    locking = importlib.import_module("roles.conda.locking")
    with connected(lab, declared) as connection:
        solved = locking.solve(connection, settings, wanted)
    stem = output or lab.directory / "locks" / f"{name}-{solved.hardware_class}"
    texts = {f"{stem}.conda.lock": solved.conda, f"{stem}.pip.lock": solved.pip}
    return tuple(_write(Path(p), t) for p, t in texts.items() if t), solved.hardware_class


def _host(lab: Lab, name: str | None) -> DeclaredHost:
    if name is None:
        return lab.hosts[0]
    try:
        return lab.host(name)
    except KeyError:
        names = ", ".join(host.name for host in lab.hosts)
        raise UsageProblem(
            f"there is no host {name!r}", place="--host", remedy=f"its hosts: {names}"
        ) from None


def _environment(settings: Any, name: str, host: str) -> Any:
    for environment in settings.environments:
        if environment.name == name:
            return environment
    names = ", ".join(e.name for e in settings.environments) or "none"
    raise UsageProblem(
        f"{host} declares no environment {name!r}", place="ENVIRONMENT", remedy=f"its: {names}"
    )


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise DeeprigError(f"it cannot be written: {error.strerror}", place=str(path)) from error
    return path
