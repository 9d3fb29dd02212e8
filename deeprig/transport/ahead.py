"""Read ahead: have works that would ask a host one after the other ask side by side, now.

Each runs in a greenlet of its own, on a copy of the host. What it leads to is thrown away; only the
answers stay, in the snapshot, so that the same work finds them when its turn comes, unless
something was changed meanwhile. Nothing is changed here, and a wrong guess costs time alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import gevent
from pyinfra import logger
from pyinfra.api.host import Host
from pyinfra.api.state import State, StateOperationHostData
from pyinfra.context import ctx_config, ctx_host

from deeprig.transport.connector import LineConnector
from deeprig.transport.gathering import Gathering

Work = Callable[[], object]
Condition = Callable[[StateOperationHostData], bool]


def read_ahead(host: Host, works: Sequence[Work]) -> bool:
    """Fill the snapshot of a host's connector with what works will ask; say whether that is open.

    Who calls closes it. Nothing is raised: what fails here, fails again when it is run, and is
    told then.
    """
    connector = getattr(host, "connector", None)
    if not isinstance(connector, LineConnector):
        return False
    if not connector.snapshot.is_open:
        connector.snapshot.open()
    gathering = Gathering(connector.ask_together, len(works))
    copies = [_copy(host) for _ in works]
    pairs = zip(copies, works, strict=True)
    side_by_side = [gevent.spawn(_run, of, work, gathering) for of, work in pairs]
    try:
        gevent.joinall(side_by_side)
    finally:
        gevent.killall(side_by_side)
        host.state.failed_hosts.difference_update(copies)
    return True


def end_reading(host: Host) -> None:
    """Close the snapshot: what is read from now on is live."""
    connector = getattr(host, "connector", None)
    if isinstance(connector, LineConnector):
        connector.snapshot.close()


def first_command_of(data: StateOperationHostData, condition: Condition) -> Work:
    """Return a work that evaluates an operation up to its first command.

    So does pyinfra itself, to find out whether an operation would change anything.
    """

    def evaluate() -> None:
        if condition(data):
            commands = data.command_generator()
            next(commands, None)
            getattr(commands, "close", _nothing)()

    return evaluate


def _copy(host: Host) -> Host:
    """Return a host on which pyinfra may note what is under way, and nobody else reads it."""
    of = copy.copy(host)
    of.op_hash_order = list(host.op_hash_order)
    of.loop_position = list(host.loop_position)
    return of


def _run(host: Host, work: Work, gathering: Gathering) -> None:
    state: State = host.state
    ctx_host.set(host)
    ctx_config.set(state.config.copy())
    gathering.join()
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever a role raises, it raises again in its turn
        logger.debug("%s: not read ahead: %s", host.name, error)
    finally:
        gathering.leave()


def _nothing() -> None:
    """An iterator that is no generator has nothing to close."""
