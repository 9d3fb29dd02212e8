"""Our own programs' part of a bundle: the wheels that their environment on a host is made of."""

from __future__ import annotations

from deeprig.bundle.asking import HostNeeds
from deeprig.bundle.store import Store
from deeprig.inventory.load import Lab
from deeprig.wheels.build import build_wheel
from deeprig.wheels.directory import declared_wheel
from deeprig.wheels.download import fetch_wheel
from deeprig.wheels.lock import read_lock


def add_programs(store: Store, lab: Lab, host: HostNeeds) -> None:
    """Add the locked wheels and our own. Raise DeeprigError where one cannot be had."""
    programs, machine = lab.content.file("host"), host.facts.machine
    declared = host.declared.settings.network_access.program_wheels
    needed = read_lock(programs / "requirements.lock", machine)
    for wheel in needed:
        if declared is None:
            path = fetch_wheel(wheel, machine)
        else:
            directory = lab.directory / declared.expanduser()
            path = declared_wheel(directory, wheel, machine)
        store.write("program-wheel", path.name, path.read_bytes(), host=host.name)
    # For the record: an apply builds it anew, byte for byte the same, from the deeprig that runs.
    own = build_wheel(programs, needed)
    store.write("program-wheel", "deeprig_host-own-py3-none-any.whl", own, host=host.name)


def add_lab_files(store: Store, lab: Lab, host: HostNeeds) -> None:
    """Add what the lab directory itself brings: its own CAs and locks, as they were used."""
    base = host.declared.role_settings.get("base")
    for path in getattr(base, "ca_certificates", ()):
        file = lab.directory / path.expanduser()
        store.write("ca-certificate", file.name, file.read_bytes(), host=host.name)
    if "conda" not in host.roles:
        return
    for environment in getattr(host.declared.role_settings["conda"], "environments", ()):
        for lock, ending in ((environment.conda_lock, "conda"), (environment.pip_lock, "pip")):
            if lock is not None:
                name = f"{environment.name}.{ending}.lock"
                store.write("lock", name, lock.text.encode("utf-8"), host=host.name)
