"""A declared directory of wheels is looked at before any connection."""

import pytest

from deeprig.errors import InventoryProblem


def test_a_directory_that_is_not_there_is_a_problem_of_the_inventory(lab):
    lab.data('network_access = {"program_wheels": "wheels"}')
    with pytest.raises(InventoryProblem) as found:
        lab.load()
    (problem,) = found.value.problems
    assert problem.place.startswith("rig1: network_access.program_wheels")
    assert "there is no such directory" in problem.reason


def test_it_starts_at_the_lab_directory(lab):
    lab.data('network_access = {"program_wheels": "wheels"}')
    lab.write("wheels/some.whl", "")
    assert str(lab.load().host("rig1").settings.network_access.program_wheels) == "wheels"
