"""--limit, --role and --skip-role: what matches nothing is an error, not a success."""

import pytest

from deeprig.errors import UsageProblem
from deeprig.selection import Selection


@pytest.fixture
def loaded(lab):
    lab.hosts(
        'gpu = [("rig1", {"ssh_hostname": "192.0.2.1"}), ("rig2", {"ssh_hostname": "192.0.2.2"})]\n'
        'cpu = [("box", {"ssh_hostname": "192.0.2.3"})]'
    )
    return lab.load()


@pytest.mark.parametrize(
    ("limit", "names"),
    [
        ((), ["rig1", "rig2", "box"]),
        (("rig1",), ["rig1"]),
        (("rig*",), ["rig1", "rig2"]),
        (("cpu",), ["box"]),
        (("cpu", "rig2"), ["rig2", "box"]),
    ],
)
def test_limit(loaded, limit, names):
    assert [host.name for host in Selection(limit).hosts_of(loaded)] == names


def test_a_limit_without_a_match_is_an_error_that_names_the_hosts(loaded):
    with pytest.raises(UsageProblem, match="rig1, rig2, box") as caught:
        Selection(("rig1", "rig9")).hosts_of(loaded)
    assert "'rig9'" in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "selection", [Selection(roles=("bse",)), Selection(skipped_roles=("bse",))]
)
def test_an_unknown_role_is_an_error_with_a_hint(loaded, selection):
    with pytest.raises(UsageProblem, match="did you mean 'base'"):
        selection.check_roles(loaded)


def test_roles_are_allowed_and_skipped():
    assert Selection().allows("base")
    assert Selection(roles=("base",)).allows("base")
    assert not Selection(roles=("base",)).allows("conda")
    assert not Selection(skipped_roles=("base",)).allows("base")
