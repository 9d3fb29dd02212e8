"""Connections that are open before a measurement begins: OpenSSH's ControlMaster, one per host."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.fleet.desk import Desk
from deeprig.lab import cgroups
from deeprig.lab.commands import inside
from deeprig.lab.state import LOGIN_USER, LabHost


@contextmanager
def open_connections(desk: Desk, hosts: Sequence[LabHost], namespace: str) -> Iterator[None]:
    """Open a connection to each host from a namespace, and close all at the end.

    Raise CalledProcessError where one cannot be opened.
    """
    cgroup = cgroups.create(f"deeprig-benchmark-{os.getpid()}.open")
    try:
        for host in hosts:
            master = desk.ssh("-M", "-N", "-f", "-S", str(desk.control_path(host)))
            entering = ("ip", "netns", "exec", namespace)
            command = inside(cgroup, (*entering, *master, f"{LOGIN_USER}@{host.address}"))
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        yield
    finally:
        cgroups.end(cgroup)
        for host in hosts:
            desk.control_path(host).unlink(missing_ok=True)
