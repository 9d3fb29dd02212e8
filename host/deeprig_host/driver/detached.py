"""Do work that must come to its end: a lost connection or a signal to us does not stop it.

The work runs as a systemd unit of its own where systemd runs (a session's end may kill what is in
its scope: logind.conf(5), KillUserProcesses), else in a session of its own (setsid(2)). We follow
its log; whoever loses us finds the log, and the journal, on the host.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from deeprig_host.driver.journal import DIRECTORY
from deeprig_host.machine import program
from deeprig_host.machine.commands import Machine, environment_of
from deeprig_host.machine.durable import place_text
from deeprig_host.machine.refusal import Refused

UNIT = "deeprig-driver-change"
_POLL_SECONDS = 0.2
#: A shutdown waits for the end of the work: only the worker is asked to stop, and it does not.
_UNIT_PROPERTIES = ("KillMode=mixed", "TimeoutStopSec=2h", "Type=exec")
#: What the work needs of our environment; a unit gets nothing by itself.
_PASSED = ("APT_CONFIG", "DPKG_ROOT", "DPKG_FORCE", "PATH", "http_proxy", "https_proxy", "no_proxy")


def run_detached(machine: Machine, command: str, document: str) -> dict[str, Any]:
    """Run a worker's command with a document and return its answer, telling its progress.

    Raise Refused where the worker ended without an answer.
    """
    work = machine.path(f"{DIRECTORY}/work")
    order, answer, log = (work / name for name in ("order.json", "answer.json", "progress.log"))
    place_text(order, document)
    answer.unlink(missing_ok=True)
    log.write_text("", encoding="utf-8")
    worker = _start(machine, command, log)
    for kind in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, _leave)
    shown = 0
    while worker.poll() is None:
        shown = _show(log, shown)
        time.sleep(_POLL_SECONDS)
    _show(log, shown)
    return _answer(answer, log, worker.returncode)


def finish(machine: Machine, answer: dict[str, Any]) -> None:
    """Leave the worker's answer for whoever follows."""
    place_text(machine.path(f"{DIRECTORY}/work/answer.json"), json.dumps(answer))


def read_work(machine: Machine) -> str:
    """Return the document that the worker was started for."""
    return machine.path(f"{DIRECTORY}/work/order.json").read_text(encoding="utf-8")


def refuse_to_stop() -> None:
    """Have the worker go on when it is asked to stop: half a driver is worse than either."""
    for kind in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(kind, _go_on)


def _go_on(number: int, _frame: object) -> None:
    sys.stderr.write(f"{signal.Signals(number).name}: the driver change goes on to its end\n")


def _start(machine: Machine, command: str, log: Path) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _PASSED if name in os.environ}
    environment["PYTHONPATH"] = str(program.source())
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    words = (sys.executable, "-m", "deeprig_host.driver", "--root", str(machine.root), command)
    if machine.path("/run/systemd/system").is_dir():
        return _start_unit((*words, "--worker"), environment, log)
    with log.open("ab") as output:
        return subprocess.Popen(
            (*words, "--worker"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=environment_of(environment),
        )


def _start_unit(
    words: tuple[str, ...], environment: dict[str, str], log: Path
) -> subprocess.Popen[bytes]:
    settings = [f"--setenv={name}={value}" for name, value in environment.items()]
    settings += [f"--property={name}" for name in _UNIT_PROPERTIES]
    settings += [f"--property=Standard{name}=append:{log}" for name in ("Output", "Error")]
    return subprocess.Popen(
        ("systemd-run", f"--unit={UNIT}", "--collect", "--quiet", "--wait", *settings, *words),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        stderr=sys.stderr,
        start_new_session=True,
    )


def _leave(number: int, _frame: object) -> None:
    """End without the worker, which goes on."""
    os._exit(128 + number)


def _show(log: Path, shown: int) -> int:
    """Copy what the log has more to standard error; return how many bytes are shown now."""
    with log.open("rb") as file:
        file.seek(shown)
        more = file.read()
    if more:
        sys.stderr.write(more.decode("utf-8", "replace"))
        sys.stderr.flush()
    return shown + len(more)


def _answer(answer: Path, log: Path, code: int) -> dict[str, Any]:
    if answer.is_file():
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return found
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    raise Refused(
        "the driver change ended without an answer",
        evidence=(f"exit {code}", *lines[-10:]),
        remedy="run `deeprig apply` again: it repairs what was left half done",
        outcome="failed",
    )
