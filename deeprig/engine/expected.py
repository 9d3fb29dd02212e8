"""What an operation is expected to come to, for conditions that a plan looks at.

pyinfra's own idiom is ``_if=operation.did_change``. It is for a run: before the operation was
executed pyinfra raises RuntimeError, and a plan of a role that is written so would fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gevent.local import local
from pyinfra.api.operation import OperationMeta

from deeprig.transport.gathering import gathering_here

_here = local()


def is_expected_to_change(operation: OperationMeta) -> bool:
    """Say whether an operation would change something; of one that was executed, whether it did.

    Where a run only reads ahead, it goes by the likely case that nothing does.
    """
    if gathering_here() is not None:
        return False
    return operation.did_change() if operation.is_complete() else operation.will_change


@contextmanager
def expecting() -> Iterator[None]:
    """Within it this greenlet's operations answer for what they would do where they did nothing."""
    before = getattr(_here, "expects", False)
    _here.expects = True
    try:
        yield
    finally:
        _here.expects = before


def answer_before_execution() -> None:
    """Have pyinfra's operations answer within ``expecting()``; elsewhere they raise as ever."""
    for name, expected in _EXPECTED.items():
        answer = getattr(OperationMeta, name)
        if not hasattr(answer, "deeprig_original"):
            setattr(OperationMeta, name, _expectant(answer, expected))


#: ``did_not_change`` asks ``did_change``.
_EXPECTED: dict[str, Callable[[OperationMeta], bool]] = {
    "did_change": is_expected_to_change,
    "did_succeed": lambda operation: True,
    "did_error": lambda operation: False,
}


def _expectant(
    answer: Callable[..., bool], expected: Callable[[OperationMeta], bool]
) -> Callable[..., bool]:
    def expectant(operation: OperationMeta, *arguments: bool, **options: bool) -> bool:
        if getattr(_here, "expects", False) and not operation.is_complete():
            return expected(operation)
        return answer(operation, *arguments, **options)

    setattr(expectant, "deeprig_original", answer)  # noqa: B010 - a function has no such attribute
    return expectant
