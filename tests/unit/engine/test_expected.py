"""pyinfra's own idiom for conditions, in a plan."""

from types import SimpleNamespace

import pytest
from pyinfra.api.operation import OperationMeta

from deeprig.engine.embedding import embed_pyinfra
from deeprig.engine.operations import changed, condition_holds


@pytest.fixture(autouse=True)
def _embedded():
    embed_pyinfra()
    embed_pyinfra()  # a second run in one process wraps nothing twice


def holds(condition):
    return condition_holds(SimpleNamespace(global_arguments={"_if": condition}))


@pytest.mark.parametrize("would", [True, False])
def test_what_would_change_is_taken_as_changed_before_it_is_executed(would):
    operation = OperationMeta("hash", would)
    assert holds(operation.did_change) is would
    assert holds(operation.did_not_change) is not would
    assert holds([operation.did_succeed, operation.did_change]) is would
    assert holds(lambda: operation.did_change() or operation.did_error()) is would
    assert holds(changed(operation)) is would


def test_what_was_executed_answers_for_what_it_did():
    operation = OperationMeta("hash", True)
    operation.set_complete(False, [], None)
    assert holds(operation.did_change) is False
    assert holds(operation.did_error) is True
    assert holds(changed(operation)) is False


def test_outside_of_a_plans_conditions_it_is_a_mistake_to_ask_too_early():
    operation = OperationMeta("hash", True)
    for ask in (operation.did_change, operation.did_succeed, operation.did_error):
        with pytest.raises(RuntimeError, match="before execution"):
            ask()
    assert operation.did_succeed(_raise_if_not_complete=False) is False
