"""Carry out one network change: staged, applied, reached anew, confirmed; or told as undone."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from paramiko import PKey
from pyinfra.api.exceptions import OperationError
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from deeprig.engine.reconnect import CONNECTION_LOST, Endpoint, remember
from deeprig.engine.remarks import explain
from deeprig.tasks.host_answers import Answer, run_host_program
from roles.network.connection import Comeback, ask_network

#: The way back itself, after its time: generate, apply, addresses by DHCP.
_WAY_BACK_SECONDS = 180.0


class Confirmation:
    """Asks a host to confirm a change, and keeps what it answered last."""

    def __init__(self, identity: str) -> None:
        """Begin without an answer."""
        self.identity = identity
        self.last: Answer | None = None

    def __call__(self) -> Answer | None:
        """Return the final answer; None where the change may still come to be good."""
        answer = ask_network("confirm", self.identity)
        # "busy" says nothing of the new network: the worker, or the way back, is at work.
        if self.last is None or answer.document.get("outcome") != "busy":
            self.last = answer
        if answer.is_good:
            return answer
        # While it is open the host may yet get its address, its link, its gateway.
        is_open = ask_network("status").document.get("change") is not None
        return None if is_open else answer


def change_network(order: dict[str, Any], new: Endpoint | None, confirm_seconds: int) -> None:
    """Change the network of the host in context.

    Raise OperationError where it could not be confirmed; the host has its old network then, or
    is told to be unreachable.
    """
    comeback = Comeback(new)
    staged = run_host_program("network", "stage", order=order)
    if not staged.is_good:
        raise OperationError(staged.problem)
    confirmation = Confirmation(str(staged.document["id"]))
    _begin()
    answer = comeback.until(confirmation, confirm_seconds)
    if answer is None or not answer.is_good:
        raise OperationError(_undone(comeback, confirmation, confirm_seconds))
    if new is not None and comeback.key is not None:
        explain(_to_do(new, comeback.key))


def confirm_open_change(identity: str, confirm_seconds: int) -> None:
    """Confirm, over a new connection, what an earlier run applied and did not live to confirm."""
    comeback = Comeback(None)
    confirmation = Confirmation(identity)
    answer = comeback.until(confirmation, confirm_seconds)
    if answer is None or not answer.is_good:
        raise OperationError(_undone(comeback, confirmation, confirm_seconds))


def put_back_open_change() -> None:
    """Put back the network change that an earlier run left open."""
    comeback = Comeback(None)
    # The way back changes the network too; what came of it is asked below.
    with suppress(*CONNECTION_LOST):
        ask_network("rollback", "--reason", "its run was cut off; another one began")
    if comeback.until(_closed, _WAY_BACK_SECONDS) is None:
        raise OperationError(
            "an earlier network change was being put back, and the host does not answer since"
        )


def _to_do(new: Endpoint, key: PKey) -> str:
    """Return what is left to a person whose host has moved."""
    host: Host = ctx_host.get()
    try:
        known = f"its key is in {remember(host, new, key)} under it"
    except OSError as error:
        known = f"its key could not be written to known_hosts: {error.strerror}"
    return f"set ssh_hostname to {new.address} in the inventory before the next run; {known}"


def _begin() -> None:
    """Start the change on the host; the connection may die of it before the answer is here."""
    try:
        begun = ask_network("apply")
    except CONNECTION_LOST:
        return
    if not begun.is_good:
        ask_network("rollback", "--reason", "it did not begin")
        raise OperationError(begun.problem)


def _closed() -> Answer | None:
    answer = ask_network("status")
    return answer if answer.is_good and answer.document.get("change") is None else None


def _undone(comeback: Comeback, confirmation: Confirmation, confirm_seconds: int) -> str:
    """Return what became of a change that was not confirmed."""
    failure = comeback.last_failure
    status = comeback.to_the_old(_closed, _WAY_BACK_SECONDS)
    if status is None:
        return (
            "the network change was not confirmed, and the host does not answer at its old address "
            "either; it goes back by itself, also at its next boot\n"
            "-> look at its console: journalctl -u 'deeprig-network-*'"
        )
    change = status.document.get("last_change") or {}
    is_undone = (change.get("id"), change.get("phase")) == (confirmation.identity, "rolled-back")
    end = "it is back on its old network" if is_undone else "its network was put back"
    return "\n".join(
        (
            f"the host could not be confirmed on its new network within {confirm_seconds} s",
            *(f"  {line}" for line in _evidence(confirmation.last, failure, change)),
            f"{end}, as a new connection to it shows",
            "-> correct the address, the gateway, the VLAN or the bond in the inventory; where a "
            "switch needs long to bring its port up, set network.confirm_seconds higher",
        )
    )


def _evidence(last: Answer | None, failure: str, change: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the last refusal to confirm, or why no connection came, and why it went back."""
    if last is None:
        told = [f"no new connection came about: {failure or 'it broke off'}"]
    else:
        told = [str(last.document.get("reason") or last.said)]
    if change.get("reason"):
        told.append(f"the host: {change['reason']}")
    return tuple(dict.fromkeys(told))
