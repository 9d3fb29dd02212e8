"""Who is made on a rebuilt machine, with which numbers, and what is refused."""

from dataclasses import replace

import pytest
from deeprig_host.backup.rebuild_accounts import ROOTLIKE, plan_accounts
from deeprig_host.backup.rebuild_owners import Owners
from deeprig_host.backup.state_accounts import Group, User
from deeprig_host.backup.state_read import State
from deeprig_host.machine.refusal import Refused

ROOT = User("root", 0, 0, "/root", "/bin/bash")
ADA = User("ada", 1000, 1000, "/home/ada", "/bin/bash")
CARL = User("carl", 1500, 2000, "/home/carl", "/bin/zsh")
SERVICE = User("grafana", 998, 997, "/var/lib/grafana", "/usr/sbin/nologin")
BEFORE = State(
    users=(ROOT, SERVICE, ADA, CARL),
    groups=(
        Group("root", 0, ()),
        Group("sudo", 27, ("carl",)),
        Group("video", 44, ("ada", "carl", "grafana")),
        Group("grafana", 997, ()),
        Group("ada", 1000, ()),
        Group("lab", 2000, ("ada",)),
    ),
)
HERE = State(
    users=(ROOT, ADA),
    groups=(
        Group("root", 0, ()),
        Group("sudo", 27, ()),
        Group("video", 44, ("ada",)),
        Group("ada", 1000, ()),
    ),
)


def test_what_is_missing_is_made_with_its_numbers():
    plan = plan_accounts(BEFORE, HERE, "numbers")
    assert plan.groups == (Group("lab", 2000, ()),)
    assert plan.users == (CARL,)
    assert plan.owners == Owners()


def test_services_are_left_to_whoever_installs_them():
    made = plan_accounts(BEFORE, HERE, "numbers")
    assert "grafana" not in {one.name for one in (*made.users, *made.groups)}
    assert "grafana" not in {user for user, _ in made.memberships}


def test_memberships_come_back_but_for_those_that_make_root():
    plan = plan_accounts(BEFORE, HERE, "numbers")
    assert plan.memberships == (("carl", "video"), ("ada", "lab"))
    assert plan.withheld == (("carl", "sudo"),)
    assert {"sudo", "docker", "lxd", "disk", "root"} <= ROOTLIKE


def test_nothing_is_made_on_a_machine_that_has_all():
    plan = plan_accounts(BEFORE, BEFORE, "numbers")
    assert (plan.groups, plan.users, plan.memberships, plan.withheld) == ((), (), (), ())


@pytest.mark.parametrize(
    ("here", "evidence"),
    [
        (
            replace(HERE, users=(ROOT, ADA, User("zed", 1500, 1, "/", "/bin/sh"))),
            ("user carl had the number 1500, which is zed's here",),
        ),
        (
            replace(HERE, users=(ROOT, replace(ADA, uid=1001))),
            ("user ada has the number 1001 here, and had 1000",),
        ),
        (
            replace(HERE, groups=(*HERE.groups, Group("them", 2000, ()))),
            ("group lab had the number 2000, which is them's here",),
        ),
    ],
)
def test_a_number_of_another_is_refused_by_name_unless_files_are_handed_over(here, evidence):
    with pytest.raises(Refused) as refused:
        plan_accounts(BEFORE, here, "numbers")
    assert refused.value.evidence == evidence
    assert "--owners names" in refused.value.remedy
    assert not plan_accounts(BEFORE, here, "names").owners.is_same


def test_swapped_numbers_are_swapped_in_the_files():
    bob = User("bob", 1001, 1001, "/home/bob", "/bin/bash")
    before = replace(BEFORE, users=(ADA, bob))
    here = replace(HERE, users=(replace(ADA, uid=1001), replace(bob, uid=1000)))
    assert plan_accounts(before, here, "names").owners.users == {1000: 1001, 1001: 1000}


def test_who_cannot_have_the_old_number_gets_one_that_nobody_has_or_had():
    here = replace(HERE, users=(ROOT, ADA, User("zed", 1500, 1, "/", "/bin/sh")))
    plan = plan_accounts(BEFORE, here, "names")
    (carl,) = plan.users
    assert carl.uid == 1001
    assert plan.owners.users == {1500: 1001}


def test_a_new_users_group_has_the_number_of_here():
    here = replace(HERE, groups=(*HERE.groups, Group("lab", 2001, ())))
    (carl,) = plan_accounts(BEFORE, here, "names").users
    assert carl.gid == 2001


def test_files_of_services_follow_the_service():
    here = replace(HERE, users=(ROOT, ADA, replace(SERVICE, uid=990)))
    assert plan_accounts(BEFORE, here, "numbers").owners.users == {998: 990}


@pytest.mark.parametrize("which", ["before", "here"])
def test_users_that_nobody_knows_are_refused(which):
    unknown = State(unknown={"accounts": "passwd is damaged"})
    pair = (unknown, HERE) if which == "before" else (BEFORE, unknown)
    with pytest.raises(Refused) as refused:
        plan_accounts(*pair, "names")
    assert refused.value.evidence == ("passwd is damaged",)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "-rf"},
        {"name": "a:b"},
        {"home": "home"},
        {"home": "/home/../etc"},
        {"home": "/home/x\ny"},
        {"shell": "/bin/sh:0"},
    ],
)
def test_a_forged_user_is_not_handed_to_useradd(change):
    before = replace(BEFORE, users=(replace(CARL, **change),))
    with pytest.raises(Refused, match="is not one that can be made"):
        plan_accounts(before, HERE, "numbers")
