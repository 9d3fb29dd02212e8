"""Make an environment aside, prove that it works, and have it in use from one moment to the next.

It is what PEP 405 describes: a directory with ``pyvenv.cfg``, a link to the interpreter, and
``site-packages``. Neither ``venv`` (which Debian ships in part) nor pip is needed for that. The
interpreter is the one that runs this: on a host the distribution's own, which is updated with it.
Until the link is switched nothing uses what is made; what a cut leaves the next run removes.
"""

from __future__ import annotations

import compileall
import os
import platform
import py_compile
import sys
from pathlib import Path
from typing import Any

from deeprig_host.environment import wheels
from deeprig_host.environment.contents import write_contents
from deeprig_host.environment.order import Order, python_minor
from deeprig_host.environment.places import CURRENT, Places, remove
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_link, sync_directory
from deeprig_host.machine.exclusive import Lock
from deeprig_host.machine.refusal import Refused

# In a directory of its own: whoever can open a lock can hold it, and /run/deeprig is for everybody.
_LOCK = Lock(
    "/run/deeprig/environment/lock",
    "another change of deeprig's environment",
    "wait until it ends, then try again",
    directory_mode=0o700,
)
_WAIT_SECONDS = 120.0
_PROOF_SECONDS = 60.0


def make(machine: Machine, order: Order) -> dict[str, Any]:
    """Have the environment of an order in use. Raise Refused, leaving in use what was, if it fails.

    One that is there already and whole is switched to; it is not made again.
    """
    places = Places.of(machine)
    with _LOCK.held(machine, _WAIT_SECONDS):
        _check_link(places)
        _own_directories(places)
        environment = places.whole(order.name) or _made(machine, places, order)
        if places.current() != environment:
            place_link(places.link, Path(places.environments.name) / environment.name)
        removed = places.left_over(order.wheels)
        for path in removed:
            remove(path)
        return {"outcome": "good", "current": environment.name, "removed": len(removed)}


def _made(machine: Machine, places: Places, order: Order) -> Path:
    draft = places.draft
    if draft.exists():
        remove(draft)
    _lay_out(places, order)
    _compile(draft)
    _prove(machine, draft, order)
    write_contents(draft)
    _sync(draft)
    environment = places.free(order.name)
    draft.rename(environment)
    sync_directory(places.environments)
    return environment


def _check_link(places: Places) -> None:
    if places.link.exists() and not places.link.is_symlink():
        raise Refused(
            f"{CURRENT} is no link of deeprig's",
            remedy=f"move {CURRENT} away: somebody else made it",
        )


def _own_directories(places: Places) -> None:
    for directory in places.directories():
        directory.mkdir(exist_ok=True, parents=True)
        directory.chmod(0o755)
        os.chown(directory, os.geteuid(), os.getegid())


def _lay_out(places: Places, order: Order) -> None:
    packages = _site_packages(places.draft)
    packages.mkdir(parents=True)
    binaries = places.draft / "bin"
    binaries.mkdir()
    (binaries / "python").symlink_to(_interpreter())
    (places.draft / "pyvenv.cfg").write_text(
        f"home = {Path(sys.executable).parent}\n"
        "include-system-site-packages = false\n"
        f"version = {platform.python_version()}\n",
        encoding="utf-8",
    )
    for sha256 in order.wheels:
        wheels.unpack(wheels.wheel_path(places.store, sha256), sha256, packages)


def _interpreter() -> Path:
    """Return the interpreter by the name that has its version, where it has one.

    An upgrade of the distribution moves ``python3`` on to one that would not find the modules. The
    older one stays a while, and with it what runs from here, until the next run makes all anew.
    """
    versioned = Path(sys.executable).with_name(f"python{python_minor()}")
    return versioned if versioned.exists() else Path(sys.executable)


def _site_packages(environment: Path) -> Path:
    return environment / "lib" / f"python{python_minor()}" / "site-packages"


def _compile(draft: Path) -> None:
    """Compile all of it now: root's programs would write the bytecode later, at each start."""
    succeeded = compileall.compile_dir(
        draft,
        quiet=2,
        force=True,
        stripdir=str(draft),
        prependdir=CURRENT,  # what a traceback names
        invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP,
    )
    if not succeeded:
        raise Refused(
            f"not all programs can be compiled for Python {python_minor()}",
            remedy="report it, with the host's release",
            outcome="failed",
        )


def _prove(machine: Machine, draft: Path, order: Order) -> None:
    """Import what was ordered, in a process of its own, as services will."""
    words = (str(draft / "bin/python"), "-I", "-B", "-c", f"import {', '.join(order.modules)}")
    done = machine.run(*words, seconds=_PROOF_SECONDS)
    if not done.is_good:
        raise Refused(
            f"the new environment does not work with {sys.executable}",
            evidence=done.tail(),
            remedy="the one in use stays; repair the host's python3, or report it",
            outcome="failed",
        )


def _sync(environment: Path) -> None:
    """Have all of it on the disk before its name says that it is complete (fsync(2))."""
    for path in (environment, *environment.rglob("*")):
        if not path.is_symlink():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
