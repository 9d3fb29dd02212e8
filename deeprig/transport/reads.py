"""Which commands only read: those that pyinfra's facts run, and nothing else.

pyinfra's connectors see commands, not why they run; two of its functions are wrapped so that ours
knows. What they do, and return, stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gevent.local import local
from pyinfra.api import facts
from pyinfra.api.command import FunctionCommand

_here = local()


def is_reading() -> bool:
    """Say whether what runs in this greenlet is a fact's command."""
    return getattr(_here, "facts", 0) > 0


@contextmanager
def reading() -> Iterator[None]:
    """Say that what this greenlet asks of a host within the block changes nothing there."""
    _here.facts = getattr(_here, "facts", 0) + 1
    try:
        yield
    finally:
        _here.facts -= 1


def mark_reads() -> None:
    """Wrap pyinfra's functions, once for this process.

    The first is private to it: a pyinfra without it is asked one command at a time.
    """
    get_fact = getattr(facts, "_get_fact", None)
    if get_fact is not None and not hasattr(get_fact, "deeprig_original"):
        setattr(facts, "_get_fact", _marked(get_fact))  # noqa: B010 - pyinfra's is private
    if not hasattr(FunctionCommand.execute, "deeprig_original"):
        wrapped = _announced(FunctionCommand.execute)
        setattr(FunctionCommand, "execute", wrapped)  # noqa: B010 - a method may not be assigned


def _marked(get_fact: Callable[..., Any]) -> Callable[..., Any]:
    def get_fact_reading(*arguments: Any, **options: Any) -> Any:
        with reading():
            return get_fact(*arguments, **options)

    setattr(get_fact_reading, "deeprig_original", get_fact)  # noqa: B010 - no such attribute
    return get_fact_reading


def _announced(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Tell the connector that an operation's own function begins.

    It may do whatever it likes, and wait for what it reads to change.
    """

    def telling(command: Any, state: Any, host: Any, arguments: Any) -> Any:
        begin = getattr(host.connector, "begin_change", None)
        if begin is not None:
            begin()
        return execute(command, state, host, arguments)

    setattr(telling, "deeprig_original", execute)  # noqa: B010 - a function has no such attribute
    return telling
