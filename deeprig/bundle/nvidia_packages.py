"""Which of NVIDIA's packages a host will ask for: the roles' own decisions, on the controller.

What a host has (cards, kernels, packages) was observed on it; what could be had is read from the
controller's view of the host's sources. The roles then decide as they will on the host.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from deeprig.bundle.apt_root import AptRoot, Archive
from deeprig.bundle.asking import HostNeeds
from deeprig.errors import DeeprigError

#: As deeprig_host.driver.observe does it, for the kernels of another machine.
_CANDIDATES = """
import json, sys
from pathlib import Path
from deeprig_host.driver import candidates
from deeprig_host.driver.names import CANDIDATES, is_for_other_kernel, matcher
from deeprig_host.machine.commands import Machine

machine, names = Machine(Path("/")), matcher(CANDIDATES)
known = candidates.known_names(machine, names)
wanted = tuple(n for n in known if not is_for_other_kernel(n, tuple(sys.argv[1:])))
offers = candidates.read_offers(machine, wanted, candidates.read_publishers(machine))
depends = candidates.read_depends(machine, names)
print(json.dumps(candidates.observe_candidates(offers, depends)))
"""


def nvidia_packages(
    root: AptRoot, host: HostNeeds, programs: Path, note: Callable[[str], None], *, update: bool
) -> tuple[str, ...]:
    """Return the words for apt (``name=version``) of a host's driver and toolkits.

    Raise DeeprigError with the role's own words where it would refuse.
    """
    driver = _driver(root, host, programs, update=update) if host.driver is not None else ()
    toolkits = _toolkits(root, host) if "cuda" in host.roles else ()
    if driver or toolkits:
        note(f"NVIDIA: {len(driver)} packages of the driver, {len(toolkits)} of CUDA, {host.name}")
    return (*driver, *toolkits)


def installed_driver(
    root: AptRoot, host: HostNeeds, note: Callable[[str], None]
) -> tuple[Archive, ...]:
    """Return the packages of the driver that a host has: a change keeps them, to put it back."""
    packages = () if host.driver is None else host.driver.packages
    found = []
    for package in packages:
        archive = root.version(package.name, package.version)
        if archive is not None:
            found.append(archive)
        elif package.is_installed:
            note(f"{host.name}: {package.name} {package.version}, installed, is in no source")
    return tuple(found)


def _driver(root: AptRoot, host: HostNeeds, programs: Path, *, update: bool) -> tuple[str, ...]:
    deciding: Any = importlib.import_module("roles.nvidia_driver.decision")
    observation: Any = importlib.import_module("roles.nvidia_driver.observation")
    seen: Any = host.driver
    told = _told(
        root,
        host,
        (sys.executable, "-c", _CANDIDATES, *(kernel.release for kernel in seen.kernels)),
        programs,
    )
    candidates = tuple(observation.Candidate(**entry) for entry in json.loads(told))
    settings = host.declared.role_settings["nvidia_driver"]
    decision = deciding.decide(settings, replace(seen, candidates=candidates), update=update)
    if isinstance(decision, deciding.Refusal):
        raise DeeprigError(
            "\n".join((decision.reason, *decision.evidence)),
            place=f"{host.name}: nvidia_driver",
            remedy=decision.remedy,
        )
    if not isinstance(decision, deciding.Change):
        return ()  # the driver is as declared
    return tuple(f"{package.name}={package.version}" for package in decision.order.install)


def _toolkits(root: AptRoot, host: HostNeeds) -> tuple[str, ...]:
    facts: Any = importlib.import_module("roles.cuda.facts")
    resolution: Any = importlib.import_module("roles.cuda.resolution")
    declared: Any = host.declared.role_settings["cuda"]
    settings = declared.fitted_to(host.facts.nvidia_devices)
    fact = facts.AptCuda()
    command = fact.command(resolution.packages_asked_for(settings)).get_raw_value()
    seen = fact.process(_told(root, host, ("sh", "-c", command), None).splitlines())
    try:
        # As on a machine without any: that has all that another may lack.
        wanted = resolution.resolve(settings, replace(seen, installed={}), update=False)
    except resolution.Unresolved as problem:
        raise DeeprigError(str(problem), place=f"{host.name}: cuda") from problem
    return tuple(wanted.install)


def _told(root: AptRoot, host: HostNeeds, words: tuple[str, ...], programs: Path | None) -> str:
    environment = root.environment() | ({"PYTHONPATH": str(programs)} if programs else {})
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise DeeprigError(f"what its sources offer cannot be read:\n{last}", place=host.name)
    return done.stdout
