"""Which roles a host gets, and in which order."""

from types import SimpleNamespace

import pytest

from deeprig import compose
from deeprig.compose import DeployRefused, deploy_roles, in_order, wanted_roles
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


def test_a_role_knows_which_others_its_host_has_also_in_a_narrowed_run(monkeypatch):
    told = []
    made = {
        "a": Role("a", RoleSettings, deploy=lambda context: told.append(("a", context.roles))),
        "b": Role("b", RoleSettings, deploy=lambda context: told.append(("b", context.roles))),
        "c": Role("c", RoleSettings, deploy=told.append, applies=lambda facts, settings: False),
        "d": Role("d", RoleSettings, deploy=told.append),
    }
    declared = SimpleNamespace(
        name="rig1",
        roles=("a", "b", "c"),
        needs_sudo=True,
        role_settings=dict.fromkeys(made, RoleSettings()),
        settings=SimpleNamespace(network_access=None),
    )
    here = (
        SimpleNamespace(role=made.get),
        declared,
        SimpleNamespace(allows=lambda name: name == "b"),
        None,
    )
    monkeypatch.setattr(compose, "_declaration", lambda host: here)
    monkeypatch.setattr(compose, "_facts", lambda host: None)
    host = SimpleNamespace(data=SimpleNamespace(_sudo=None))
    monkeypatch.setattr(
        compose,
        "context",
        SimpleNamespace(
            ctx_host=SimpleNamespace(get=lambda: host),
            ctx_state=SimpleNamespace(get=lambda: None),
        ),
    )
    deploy_roles("a", "b", "c", "d")
    assert told == [("b", ("a", "b"))]
