"""Which roles a host gets, and in which order."""

from types import SimpleNamespace

import pytest

from deeprig import compose
from deeprig.compose import DeployRefused, deploy_roles, in_order, wanted_roles
from deeprig.engine.host_lock import HostLock, LockOwner
from deeprig.engine.left_running import LeftRunning, Work
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


def host_that_tells(facts):
    return SimpleNamespace(
        data=SimpleNamespace(_sudo=None),
        get_fact=lambda fact, **arguments: facts.get(fact, fact.default()),
    )


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (
            {HostLock: LockOwner("t", "alice@desk", 4711, "apply", "2026-11-21 12:03 UTC", 60, 1)},
            "alice@desk, pid 4711, since 2026-11-21 12:03 UTC \\(apply, 60 s ago\\)",
        ),
        ({LeftRunning: (Work("deeprig-steady-cuda-1", 5, "5"),)}, "unit deeprig-steady-cuda-1"),
    ],
)
def test_pyinfra_itself_is_refused_where_a_run_of_deeprig_is_at_work(monkeypatch, facts, told):
    declared = SimpleNamespace(name="rig1", needs_sudo=True)
    monkeypatch.setattr(compose, "_declaration", lambda host: (None, declared, None, None))
    host = host_that_tells(facts)
    here = SimpleNamespace(
        ctx_host=SimpleNamespace(get=lambda: host), ctx_state=SimpleNamespace(get=lambda: None)
    )
    monkeypatch.setattr(compose, "context", here)
    with pytest.raises(DeployRefused, match=told):
        deploy_roles("a")


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
    host = host_that_tells({})
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
