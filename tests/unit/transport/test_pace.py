"""What is computed with less work is what pyinfra's own functions return."""

from importlib import import_module
from types import SimpleNamespace

import pyinfra
import pytest
from pyinfra.api import arguments, util

from deeprig.transport import pace


@pytest.fixture(autouse=True)
def as_the_engine_does(monkeypatch):
    monkeypatch.setattr(pyinfra, "is_cli", True)


def both(state):
    """Return what ours and pyinfra's say at one and the same place of one and the same line."""
    return [order(state) for order in (pace.operation_order, util.get_operation_order_from_stack)]


def nested(state, depth):
    return nested(state, depth - 1) if depth else both(state)


@pytest.mark.parametrize("depth", [0, 1, 7])
@pytest.mark.parametrize("named", [None, __file__, "/no/such/deploy.py"])
def test_the_order_of_an_operation_is_the_one_that_pyinfra_reads_off_the_stack(named, depth):
    state = SimpleNamespace(current_deploy_filename=named, current_op_file_number=3)
    ours, theirs = nested(state, depth)
    assert ours == theirs
    assert ours[0] == 3
    assert len(ours) > 1 + depth or named not in (None, __file__)


def test_the_order_in_a_deploy_script_that_was_compiled_from_a_file(tmp_path):
    """As pyinfra executes a deploy file: its name is the file's, wherever it is called from."""
    script = tmp_path / "deploy.py"
    script.write_text("\n\ndef one():\n    return both(state)\n\nfound = [one(), one()]\n")
    state = SimpleNamespace(current_deploy_filename=str(script), current_op_file_number=0)
    space = {"both": both, "state": state}
    exec(compile(script.read_text(), str(script), "exec"), space)  # noqa: S102 - the test's own
    for ours, theirs in space["found"]:
        assert ours == theirs
        assert ours[:2] == [0, 6]


def test_the_global_arguments_are_pyinfras_and_no_caller_can_spoil_them():
    pace.quicken()
    pace.quicken()
    quick = arguments.all_global_arguments
    original = quick.deeprig_original
    assert not hasattr(original, "deeprig_original")
    assert quick() == original()
    quick().clear()
    assert quick() == original()
    operation = import_module("pyinfra.api.operation")
    assert operation.get_operation_order_from_stack is pace.operation_order
