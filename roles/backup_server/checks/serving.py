"""The REST server deletes nothing when it is asked to; pruning is on its clock; there is room."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deeprig.tasks.host_environment import ENVIRONMENT_PYTHON
from deeprig.verify.checks import Checks
from deeprig.verify.host_environment import check_host_environment
from roles.backup_server.places import (
    CONFIGURATION,
    PRUNE_SERVICE,
    PRUNE_TIMER,
    REST_SERVICE,
    SSHD_CONFIGURATION,
)
from roles.backup_server.settings import BackupServerSettings

_PROGRAM = f"{ENVIRONMENT_PYTHON} -I -m deeprig_host.backup_server"
_PRUNED = "/var/lib/deeprig/backup_server/prune.json"
_DAY_SECONDS = 24 * 3600
#: Once a day, half an hour of jitter, and a night in which the machine was off.
_OLDEST_PRUNE_SECONDS = 3 * _DAY_SECONDS


def test_the_rest_server_only_adds(
    host: Any, settings: BackupServerSettings, check: Checks
) -> None:
    """It is asked: it wants a password, takes a file, and neither changes nor deletes it."""
    if settings.rest is None or not settings.clients:
        pytest.skip("no REST server is declared")
    check_host_environment(host, check)
    state = host.run("systemctl is-active %s; systemctl is-enabled %s", REST_SERVICE, REST_SERVICE)
    is_up = state.stdout.split() == ["active", "enabled"]
    check("the REST server is at work", is_up, " ".join(state.stdout.split()))
    done = host.run(f"{_PROGRAM} ask")
    told = _json(done.stdout)
    if told is None or "findings" not in told:
        reason = (told or {}).get("reason") or done.stderr.strip()[-300:]
        check("the REST server deletes nothing", None, reason)
        return
    for finding in told["findings"]:
        check(f"REST server: {finding['what']}", finding["is_good"], finding["told"])


def test_pruning_goes_well(host: Any, settings: BackupServerSettings, check: Checks) -> None:
    """Its timer waits, and the last time nothing looked forged and nothing failed."""
    if not settings.pruned:
        pytest.skip("nothing is pruned here")
    state = host.run("systemctl is-active %s; systemctl is-enabled %s", PRUNE_TIMER, PRUNE_TIMER)
    is_waiting = state.stdout.split() == ["active", "enabled"]
    check("pruning waits for its hour", is_waiting, " ".join(state.stdout.split()))
    # Also what failed before it could say so: "success" where it has not run yet.
    result = host.run("systemctl show --property=Result --value %s", PRUNE_SERVICE).stdout.strip()
    check("the last prune ended well", result == "success" if result else None, result)
    file = host.file(_PRUNED)
    if not file.exists:
        # The first time is still to come: where it never comes, the check of the timer fails.
        check("nothing was pruned yet", is_waiting, f"there is no {_PRUNED}")
        return
    told, now = _json(file.content_string), host.run("date +%s").stdout.strip()
    if told is None or not now.isdigit():
        check("it was pruned lately", None, f"{_PRUNED} cannot be read")
        return
    age = int(now) - float(told["time"])
    check("it was pruned lately", age < _OLDEST_PRUNE_SECONDS, f"{age / 3600:.0f} hours ago")
    rows = {client["client"]: client for client in told["clients"]}
    for name in settings.pruned:
        if name in rows:
            check(f"{name} was pruned", rows[name]["outcome"] == "good", _told_of(rows[name]))
        else:
            _check_unnamed(host, name, is_waiting, float(told["time"]), check)


def _told_of(client: Any) -> str:
    """Return in words how it ended for a client."""
    if client["outcome"] == "good" and not client["snapshots"]:
        return "it has made no repository yet"
    return "; ".join(client["reasons"]) or f"{client['removed']} removed"


def _check_unnamed(host: Any, name: str, is_waiting: bool, last: float, check: Checks) -> None:
    """Judge a client of which nothing was told: its first time may be still to come."""
    declared = host.run("stat --format=%%Y %s", CONFIGURATION).stdout.strip()
    if declared.isdigit() and int(declared) > last:
        check(f"{name} was not pruned yet", is_waiting, "declared after the last prune")
    else:
        check(f"{name} was pruned", None, f"{_PRUNED} does not name it")


def test_there_is_room(host: Any, settings: BackupServerSettings, check: Checks) -> None:
    """The disk of the repositories has room, and is the declared one."""
    if not settings.clients:
        pytest.skip("it keeps no repositories")
    if settings.mount is not None:
        is_mounted = host.run("mountpoint -q %s", settings.mount).rc == 0
        check("its disk is mounted", is_mounted, settings.mount)
    for what in ("pcent", "ipcent"):
        done = host.run("df --output=%s %s", what, settings.directory)
        used = done.stdout.split()[-1].rstrip("%") if done.rc == 0 and done.stdout else ""
        name = "there is room" if what == "pcent" else "there are inodes"
        if not used.isdigit():
            # A file system without a fixed number of inodes says "-".
            is_free = True if what == "ipcent" and used == "-" else None
            check(name, is_free, done.stderr.strip() or f"df says {used!r}")
            continue
        free = 100 - int(used)
        told = f"{free} % of {settings.directory} free"
        check(name, free >= settings.minimum_free_percent, told)


def test_who_is_protected_is_told(settings: BackupServerSettings, check: Checks) -> None:
    """Which clients could delete their backups, with all their secrets, is said in the report."""
    if not settings.clients:
        pytest.skip("it keeps no repositories")
    for name, client in settings.clients.items():
        told = "it can delete its repository (sftp)" if not client.is_protected else "append-only"
        check(f"how {name} is protected: {told}", True, told)


def test_nothing_is_left_where_it_keeps_nothing(
    host: Any, settings: BackupServerSettings, check: Checks
) -> None:
    """A host that keeps no repositories lets nobody in for that."""
    if settings.clients:
        return
    left = [path for path in (SSHD_CONFIGURATION,) if host.file(path).exists]
    for unit in (REST_SERVICE, PRUNE_TIMER):
        if host.run("systemctl is-active --quiet %s", unit).rc == 0:
            left.append(f"{unit} runs")
    check("nobody is let in", not left, ", ".join(left) or "nothing")


def _json(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
