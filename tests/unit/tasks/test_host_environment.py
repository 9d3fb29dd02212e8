"""What the controller makes of the host's answers, and which wheels it carries."""

import hashlib
import json
from pathlib import Path

import pytest
from pyinfra.api.exceptions import FactProcessError, OperationError

from deeprig.errors import DeclarationRefused
from deeprig.tasks.carried_wheels import CarriedWheels
from deeprig.tasks.environment_facts import HostEnvironment, ServicesBefore
from deeprig.tasks.host_environment import ENVIRONMENT_PYTHON
from deeprig.wheels.lock import LockedWheel

HOST = Path(__file__).parents[3] / "host"
CONTENT = b"a wheel"
WHEEL = LockedWheel("some", "1.0", hashlib.sha256(CONTENT).hexdigest())


def test_an_answer_is_read_and_a_host_without_python3_is_unknown():
    assert HostEnvironment().process(["none"]) is None
    assert ServicesBefore().process(["none"]) == ()
    document = {"outcome": "good", "reasons": [], "before": ["a.service"]}
    assert HostEnvironment().process([json.dumps(document)]) == document
    assert ServicesBefore().process([json.dumps(document)]) == ("a.service",)


@pytest.mark.parametrize("output", [[], ["Killed"], ["[]"], ['{"outcome": "failed"}']])
@pytest.mark.parametrize("fact", [HostEnvironment, ServicesBefore])
def test_what_is_no_good_answer_is_no_answer(fact, output):
    with pytest.raises(FactProcessError):
        fact().process(output)


def test_the_facts_fit_into_one_argument_of_a_command():
    """execve(2), MAX_ARG_STRLEN: 128 KiB."""
    asked = (
        HostEnvironment().command(str(HOST), carried(None).order),
        ServicesBefore().command(str(HOST), ("a.service", "b.service")),
    )
    for command in asked:
        assert len(command.get_raw_value()) < 100 * 1024


def carried(directory):
    return CarriedWheels(str(HOST), "rig1", "x86_64", (WHEEL,), directory, b"our own")


def test_the_order_names_every_wheel_by_its_digest():
    order = json.loads(carried(None).order)
    assert order["wheels"] == [WHEEL.sha256, hashlib.sha256(b"our own").hexdigest()]
    assert "deeprig_host" in order["modules"]


def test_only_what_the_host_lacks_is_had_at_hand(tmp_path):
    (tmp_path / "some-1.0-py3-none-any.whl").write_bytes(CONTENT)
    own = hashlib.sha256(b"our own").hexdigest()
    wheels = carried(tmp_path)
    assert wheels.have_at_hand(()) == {own: b"our own", WHEEL.sha256: CONTENT}
    assert wheels.have_at_hand((own,)) == {WHEEL.sha256: CONTENT}
    assert carried(tmp_path / "none").have_at_hand((own, WHEEL.sha256)) == {}


def test_a_directory_without_the_wheel_is_a_refused_declaration(tmp_path):
    with pytest.raises(DeclarationRefused) as refused:
        carried(tmp_path).have_at_hand(())
    (problem,) = refused.value.problems
    assert problem.place == "rig1: network_access.program_wheels"
    assert WHEEL.sha256 in problem.remedy


def test_a_fetch_that_fails_fails_the_operation(monkeypatch, tmp_path):
    from deeprig.wheels import download

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(download, "find_pip", lambda: ("false",))
    with pytest.raises(OperationError, match="pip cannot fetch it"):
        carried(None).have_at_hand(())


def test_the_interpreter_is_reached_through_the_link(monkeypatch):
    monkeypatch.syspath_prepend(str(HOST))
    from deeprig_host.environment.places import CURRENT

    assert f"{CURRENT}/bin/python" == ENVIRONMENT_PYTHON
