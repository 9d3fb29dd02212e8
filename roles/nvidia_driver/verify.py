"""Checks of the nvidia_driver role: read on a fresh connection, from the machine itself."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from deeprig.tasks.host_programs import program_words
from roles.nvidia_driver.installed import is_prebuilt
from roles.nvidia_driver.services import short_address
from roles.nvidia_driver.settling import environment_arguments

#: Where unattended-upgrades keeps what it must not touch (50unattended-upgrades of the package).
_BLACKLIST = "Unattended-Upgrade::Package-Blacklist::"


@pytest.fixture
def proof(host, declared):
    """Run the driver program's own proof on the host."""
    environments = environment_arguments(declared.role_settings.get("conda"))
    done = host.run(shlex.join(program_words("driver", "prove", *environments)))
    try:
        document = json.loads(done.stdout)
    except ValueError:
        document = {}
    return document if isinstance(document, dict) else {}, done


@pytest.fixture
def simulated(host):
    """Say whether this machine's cards stand in for real ones (the project's own tests)."""
    return host.file("/etc/deeprig-sim/simulated").exists


def test_the_driver_works(proof, check):
    """Loaded module, package, NVML and nvidia-smi agree, and a CUDA kernel runs everywhere."""
    document, done = proof
    simulated = bool(document.get("simulated"))
    if not document.get("checks"):
        said = (done.stderr or done.stdout).strip()[-600:] or "no answer"
        check("the driver works", None, said)
        return
    for found in document["checks"]:
        outcome = found.get("outcome")
        if outcome == "not-applicable":
            continue
        is_good = {"pass": True, "fail": False}.get(outcome)
        evidence = found.get("evidence") or f"{found.get('actual')} ({found.get('expected')})"
        environment = found.get("environment")
        name = str(found.get("name"))
        check(name, is_good, str(evidence), environment=environment, simulated=simulated)


def test_no_driver_change_is_open(host, check):
    """No earlier change waits for its proof or its repair."""
    journal = host.file("/var/lib/deeprig/driver/transaction.json")
    told = json.loads(journal.content_string) if journal.exists else {}
    evidence = f"driver {told.get('wanted')}: {told.get('phase')}" if told else "none is open"
    check("no driver change is half done", not told, evidence)


def test_the_driver_is_held(host, settings, check):
    """The whole set is held, and unattended-upgrades leaves it alone."""
    if not settings.hold:
        return
    held = set(host.check_output("apt-mark showhold").split())
    listing = "dpkg-query -W -f '${Package} ${db:Status-Status}\\n' 'nvidia-*' 'libnvidia-*'"
    rows = [line.split() for line in host.run(listing).stdout.splitlines()]
    installed = {name for name, status in rows if status == "installed" and _is_driver(name)}
    free = sorted(installed - held)
    evidence = f"not held: {', '.join(free)}" if free else f"{len(installed)} packages held"
    check("the driver packages are held", bool(installed) and not free, evidence)
    patterns = _blacklist(host)
    # unattended-upgrades matches from the start of a name. Prebuilt modules come with their kernel.
    names = sorted(name for name in installed if not is_prebuilt(name))
    missed = [name for name in names if not any(re.match(p, name) for p in patterns)]
    evidence = f"not covered: {', '.join(missed)}" if missed else f"{len(patterns)} patterns"
    check("unattended upgrades leave the driver alone", not missed, evidence)


def test_nouveau_is_absent(host, check):
    """The kernel's own driver is blacklisted and not loaded."""
    is_loaded = host.file("/sys/module/nouveau").exists
    check("nouveau is not loaded", not is_loaded, "loaded" if is_loaded else "not loaded")
    shown = host.run("modprobe --showconfig")
    is_listed = "blacklist nouveau" in shown.stdout.splitlines()
    evidence = "blacklist nouveau" if is_listed else "modprobe's configuration does not name it"
    check("nouveau is blacklisted", is_listed if shown.rc == 0 else None, evidence)


def test_power_limits_are_as_declared(host, settings, check, simulated):
    """Each GPU has its declared power limit, and persistence is on."""
    if settings.power_limit_watts is None and not settings.persistence:
        return
    fields = "pci.bus_id,power.limit,persistence_mode"
    told = host.run("nvidia-smi --query-gpu=%s --format=csv,noheader,nounits", fields)
    if told.rc != 0 or not told.stdout.strip():
        check("power limit and persistence", None, (told.stdout + told.stderr).strip())
        return
    for line in told.stdout.strip().splitlines():
        address, watts, persistence = (part.strip() for part in line.split(","))
        wanted = settings.power_limit_of(short_address(address))
        if wanted is not None:
            name = f"power limit of {address}"
            check(name, _same(watts, wanted), f"{watts} W ({wanted} W)", simulated=simulated)
        if settings.persistence:
            is_on = persistence == "Enabled"
            check(f"persistence of {address}", is_on, persistence, simulated=simulated)


def _is_driver(name):
    # Tools that live beside the driver and have versions of their own.
    return not name.startswith(("nvidia-container", "libnvidia-container", "nvidia-cuda-"))


def _blacklist(host):
    dump = host.check_output("apt-config dump")
    lines = [line for line in dump.splitlines() if line.startswith(_BLACKLIST)]
    return [line.split('"')[1] for line in lines]


def _same(text, watts):
    try:
        return abs(float(text) - watts) < 1
    except ValueError:
        return None
