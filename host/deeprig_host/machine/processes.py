"""What /proc says of a process: user, command, age, container (proc(5))."""

from __future__ import annotations

import os
import pwd
import re

from deeprig_host.machine.commands import Machine

_COMMAND_CHARACTERS = 120
#: Container engines by the control group's path; the name or the start of the id is kept.
_CONTAINERS = (
    ("docker", re.compile(r"docker[-/]([0-9a-f]{12})[0-9a-f]*")),
    ("podman", re.compile(r"libpod-(?:conmon-)?([0-9a-f]{12})[0-9a-f]*")),
    ("containerd", re.compile(r"cri-containerd[-:]([0-9a-f]{12})[0-9a-f]*")),
    ("kubernetes", re.compile(r"kubepods.*?/([0-9a-f]{12})[0-9a-f]{52}")),
    ("lxc", re.compile(r"lxc(?:\.payload)?[./]([^/]+)")),
    (
        "machine",
        re.compile(r"machine\.slice/(?:machine-|systemd-nspawn@)([^/]+?)\.(?:scope|service)"),
    ),
)


def command_of(machine: Machine, pid: int) -> str:
    """Return the command line, shortened; the kernel's name where there is none."""
    line = (machine.text(f"/proc/{pid}/cmdline") or "").replace("\0", " ").strip()
    line = line or machine.text(f"/proc/{pid}/comm") or "?"
    short = line[: _COMMAND_CHARACTERS - 1] + "…"
    return line if len(line) <= _COMMAND_CHARACTERS else short


def user_of(machine: Machine, pid: int) -> str:
    """Return the name of the process's effective user, its number where it has no name."""
    status = machine.text(f"/proc/{pid}/status") or ""
    found = re.search(r"^Uid:\s+\d+\s+(\d+)", status, re.MULTILINE)
    if not found:
        return "?"
    try:
        return pwd.getpwuid(int(found[1])).pw_name
    except KeyError:
        return found[1]


def age_seconds(machine: Machine, pid: int) -> int:
    """Return how long a process runs: uptime less field 22 of /proc/PID/stat."""
    stat = machine.text(f"/proc/{pid}/stat") or ""
    uptime = machine.text("/proc/uptime")
    fields = stat.rpartition(")")[2].split()
    if not uptime or len(fields) < 20:
        return 0
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return max(0, int(float(uptime.split()[0]) - started))


def container_of(machine: Machine, pid: int) -> str | None:
    """Return the container that a process is in (``docker 0123456789ab``), None for the host."""
    groups = machine.text(f"/proc/{pid}/cgroup") or ""
    for engine, pattern in _CONTAINERS:
        found = pattern.search(groups)
        if found:
            return f"{engine} {found[1]}"
    return None


def describe_process(machine: Machine, pid: int) -> str:
    """Return a process for people: ``apt-get (pid 12, root, since 3 min)``."""
    if pid <= 0 or not machine.path(f"/proc/{pid}").is_dir():
        return "a process that cannot be seen from here"
    name = machine.text(f"/proc/{pid}/comm") or command_of(machine, pid)
    since = age_text(age_seconds(machine, pid))
    return f"{name} (pid {pid}, {user_of(machine, pid)}, since {since})"


def age_text(seconds: int) -> str:
    """Return an age for people: 40 s, 3 min, 5 h, 2 days."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size * (2 if unit == "days" else 1):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
