"""Which roles a host gets, and in which order."""

import pytest

from deeprig.compose import DeployRefused, in_order, wanted_roles
from deeprig.role import Role, RoleSettings


def role(name, *after):
    return Role(name, RoleSettings, deploy=lambda context: None, after=after)


def test_a_host_without_a_list_gets_the_deploy_scripts_roles():
    assert wanted_roles(("base", "conda"), None) == ("base", "conda")


def test_a_host_list_narrows_and_extends():
    assert wanted_roles(("base", "conda"), ("mine", "base")) == ("base", "mine")


def test_roles_follow_those_they_are_after_and_keep_their_order_otherwise():
    ordered = in_order([role("conda", "cuda", "base"), role("x"), role("base"), role("cuda")])
    assert [r.name for r in ordered] == ["x", "base", "cuda", "conda"]


def test_a_role_may_name_one_that_is_not_selected():
    assert [r.name for r in in_order([role("conda", "cuda")])] == ["conda"]


def test_roles_that_wait_for_each_other_are_refused():
    with pytest.raises(DeployRefused, match="a, b"):
        in_order([role("a", "b"), role("b", "a")])
