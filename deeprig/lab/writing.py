"""Write a lab's files: key, known hosts, certificates, and an inventory that is ready to use."""

from __future__ import annotations

import shutil
from pathlib import Path
from pprint import pformat
from typing import Any

from deeprig.errors import UsageProblem
from deeprig.lab import access, cgroups, disk
from deeprig.lab.commands import inside, run
from deeprig.lab.state import BRIDGE_ADDRESS, LOGIN_USER, PROXY_PORT, LabState

GROUP = "workstations"


def write_key(state: LabState) -> None:
    """Make the lab's login key, once; a half-made one is made again."""
    if not state.key.with_suffix(".pub").exists():
        state.key.parent.mkdir(parents=True, exist_ok=True)
        state.key.unlink(missing_ok=True)
        command = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", state.id)
        # In a cgroup, so that `lab down` ends it too when this process is killed.
        cgroup = cgroups.create(f"{state.id}.key")
        try:
            run(inside(cgroup, (*command, "-f", str(state.key))), what="making the lab's key")
        finally:
            cgroups.end(cgroup)


def write_known_hosts(state: LabState) -> None:
    """Note the hosts' real keys, read from their disks: nothing is trusted on first use."""
    lines = [
        f"[127.0.0.1]:{host.ssh_port} {key}\n"
        for host in state.hosts
        for key in disk.public_host_keys(state, host)
    ]
    state.known_hosts.write_text("".join(lines), encoding="ascii")


def write_inventory(state: LabState, data: Path | None) -> None:
    """Write the inventory; ``data`` is a file of settings for all hosts of the lab."""
    group_data = state.inventory.parent / "group_data"
    group_data.mkdir(parents=True, exist_ok=True)
    hosts = [
        (host.name, {"ssh_hostname": "127.0.0.1", "ssh_port": host.ssh_port})
        for host in state.hosts
    ]
    state.inventory.write_text(
        f'"""Throwaway hosts, written by `deeprig lab up`."""\n\n{GROUP} = {pformat(hosts)}\n',
        encoding="utf-8",
    )
    lines = [f"{name} = {pformat(value)}" for name, value in _lab_data(state).items()]
    text = '"""What the lab knows of its hosts: how to reach them, and how they get out."""\n\n'
    (group_data / "all.py").write_text(text + "\n".join(lines) + "\n", encoding="utf-8")
    if data is not None:
        try:
            shutil.copyfile(data, group_data / f"{GROUP}.py")
        except OSError as error:
            raise UsageProblem(
                f"it cannot be read: {error.strerror}", place=f"--data {data}", remedy="name a file"
            ) from error


def _lab_data(state: LabState) -> dict[str, Any]:
    proxy = f"http://{BRIDGE_ADDRESS}:{PROXY_PORT}"
    base: dict[str, Any] = {"apt": {"proxy": proxy}}
    limits = access.highest_limits()
    if limits:
        base["limits"] = limits
    certificates = access.extra_certificates()
    if certificates:
        (state.directory / "extra-ca.pem").write_text("\n".join(certificates) + "\n", "ascii")
        base["ca_certificates"] = ["extra-ca.pem"]
    return {
        "ssh_user": LOGIN_USER,
        "ssh_key": str(state.key.relative_to(state.directory)),
        "ssh_known_hosts_file": str(state.known_hosts.relative_to(state.directory)),
        "ssh_strict_host_key_checking": "yes",
        "gpu_count": 0,
        "network_access": {
            "http_proxy": proxy,
            "https_proxy": proxy,
            "no_proxy": ["localhost", "127.0.0.1", BRIDGE_ADDRESS],
        },
        "base": base,
    }
