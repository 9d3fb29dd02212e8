"""Reboot a host once, at the end, and prove it by its boot id.

pyinfra's ``server.reboot`` compares uptimes: in a container that is the outer machine's, and on a
slow shutdown the old system still answers. boot_id changes on every boot (random(4)).
"""

from __future__ import annotations

import time
from contextlib import suppress

import gevent
from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import ConnectError
from pyinfra.connectors.local import LocalConnector
from pyinfra.context import ctx_host

from deeprig.engine.connector import ConnectionLost, loss_of
from deeprig.engine.exclusive import expect_reboot, keep_host
from deeprig.engine.host_run import HostJob
from deeprig.engine.state import HostFailed
from deeprig.facts import Machine
from deeprig.report.model import OperationResult

#: A server with much memory needs minutes before its firmware starts the system.
REBOOT_TIMEOUT_SECONDS = 900
_BETWEEN_ATTEMPTS_SECONDS = 2


def reboot_if_needed(job: HostJob) -> bool:
    """Reboot when a role says why; return False where a reboot is needed and cannot be had.

    On a host that failed, only the roles count whose changes must be settled.
    """
    reasons = _reasons(job)
    return not reasons or reboot_host(job, "; ".join(reasons))


def reboot_host(job: HostJob, reason: str) -> bool:
    """Reboot the host where the inventory allows it, and record it as an operation."""
    refusal = _refusal(job)
    if refusal is not None:
        job.fail(f"a reboot is needed{refusal[0]}: {reason}", refusal[1])
        return False
    started = time.monotonic()
    job.progress.operation_started(job.host.name, "reboot", reason, 0)
    expect_reboot(job)
    before, after = _reboot(job)
    keep_host(job)
    job.record(
        OperationResult(
            role="reboot",
            name=f"Reboot: {reason}",
            status="changed",
            seconds=round(time.monotonic() - started, 2),
            commands=("systemctl reboot",),
            output=f"boot id {before} -> {after}",
        )
    )
    return True


def _refusal(job: HostJob) -> tuple[str, str] | None:
    if isinstance(job.host.connector, LocalConnector):
        return "", "this is the controller: reboot it yourself"
    allowed = job.state.reboot or job.declared.settings.reboot
    if allowed == "when-needed":
        return None
    return (
        " and not allowed",
        "run again with --reboot, or set reboot = 'when-needed' in the inventory, "
        "or reboot the host and apply again",
    )


def _reasons(job: HostJob) -> tuple[str, ...]:
    roles = job.roles_run()
    if not job.is_going:
        roles = ((role, context) for role, context in roles if role.is_transactional)
    found = (role.reboot_reason(context) for role, context in roles)
    return tuple(reason for reason in found if reason is not None)


def _reboot(job: HostJob) -> tuple[str, str]:
    """Reboot, wait until the host answers with another boot id, and return both ids."""
    before = job.state.facts[job.host.name].boot_id
    # The connection may die before the exit status comes: only the new boot id proves anything.
    with suppress(ConnectionLost):
        job.host.run_shell_command(
            StringCommand("systemctl", "reboot"), _sudo=job.declared.needs_sudo
        )
    deadline = time.monotonic() + REBOOT_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        job.host.disconnect()
        gevent.sleep(_BETWEEN_ATTEMPTS_SECONDS)
        try:
            job.host.connect(show_errors=False, raise_exceptions=True)
        except ConnectError:
            continue
        ctx_host.set(job.host)
        try:
            facts = job.host.get_fact(Machine)
        except HostFailed:
            if loss_of(job.host) is None:
                raise
            continue  # the old system, on its way down
        if facts is not None and facts.boot_id != before:
            # A second reboot of this run must be told from this one.
            job.state.facts[job.host.name] = facts
            return before, facts.boot_id
    raise TimeoutError(f"it did not come back with a new boot id in {REBOOT_TIMEOUT_SECONDS} s")
