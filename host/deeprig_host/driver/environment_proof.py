"""Does a CUDA kernel run in an environment: by its frameworks, else by libcuda."""

from __future__ import annotations

import inspect
import json
import pwd
import sys
from pathlib import Path
from typing import Any

from deeprig_host.driver import cuda_kernel, framework_kernel
from deeprig_host.driver.checks import Check, failed, passed, unknown
from deeprig_host.machine.commands import Machine

_LIMIT_SECONDS = 300
_EXPECTED = "a CUDA kernel that computes right"


def prove_machine(machine: Machine) -> Check:
    """Return whether a kernel runs with this very Python and nothing but the driver."""
    answer = _ask(machine, (sys.executable,), _source(cuda_kernel), ())
    return _check("CUDA kernel", (answer,))


def prove_environment(machine: Machine, name: str, path: str) -> Check:
    """Return whether a kernel runs in an environment, as the user who owns it.

    Every framework in it that is built for CUDA must run one; where there is none, libcuda must.
    """
    title = f"CUDA kernel in {name}"
    python = machine.path(path) / "bin/python"
    if not python.exists():
        return failed(title, _EXPECTED, "no environment", f"{python} is not there")
    words = (*_as_owner(machine.path(path)), str(python))
    source = _source(framework_kernel)
    answers = [_ask(machine, words, source, (kind,)) for kind in framework_kernel.KERNELS]
    found = tuple(answer for answer in answers if answer["kernel"] is not None)
    return _check(title, found or (_ask(machine, words, _source(cuda_kernel), ()),))


def _check(title: str, answers: tuple[dict[str, Any], ...]) -> Check:
    told = [f"{a['kernel']}: {a['error'] or a['evidence']}" for a in answers]
    evidence = "; ".join(told)
    if any(answer["kernel"] == "?" for answer in answers):
        return unknown(title, _EXPECTED, evidence)
    if any(answer["error"] for answer in answers):
        return failed(title, _EXPECTED, "no", evidence)
    return passed(title, _EXPECTED, "it does", evidence)


def _ask(
    machine: Machine, words: tuple[str, ...], source: str, arguments: tuple[str, ...]
) -> dict[str, Any]:
    """Return a script's answer; kernel ``?`` where it gave none."""
    done = machine.run(*words, "-I", "-c", source, *arguments, seconds=_LIMIT_SECONDS)
    lines = done.out.strip().splitlines()
    try:
        answer: dict[str, Any] = json.loads(lines[-1] if lines else "")
    except ValueError:
        told = " ".join(done.tail(3)) or f"exit {done.code}"
        name = arguments[0] if arguments else "libcuda"
        died = f"{name} gave no answer: {told}"
        # Killed by a signal or out of time is a finding about the GPU, not about the question.
        is_finding = done.code < 0 or done.code == 124
        return {"kernel": name if is_finding else "?", "evidence": "", "error": died}
    return answer


def _as_owner(path: Path) -> tuple[str, ...]:
    """Return the words that run a program as a path's owner: root runs nobody else's code."""
    owner = path.stat()
    if owner.st_uid == 0:
        return ()
    words = ("setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}")
    try:
        pwd.getpwuid(owner.st_uid)
    except KeyError:
        return (*words, "--clear-groups")
    return (*words, "--init-groups")


def _source(module: Any) -> str:
    """Return a module's source, also out of an archive."""
    try:
        return inspect.getsource(module)
    except OSError as error:
        raise ImportError(f"the source of {module.__name__} is not there") from error
