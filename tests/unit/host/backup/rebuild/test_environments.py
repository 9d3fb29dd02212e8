"""Environments made anew: as their owner, from their lock; what stays with apply or is refused."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from deeprig_host.backup.rebuild_environments import Remaking, session_proxies
from deeprig_host.backup.rebuild_owners import Owners
from deeprig_host.backup.state_accounts import User
from deeprig_host.backup.state_read import Environment, State
from deeprig_host.machine.commands import Done, Machine, run

URL = "https://conda.example.org/forge/noarch/six-1.16.0-0.conda#5eb"
LOCK = f"@EXPLICIT\n{URL}\n"
PATH = "/opt/conda/envs/work"
ME = User("me", os.geteuid(), os.getegid(), "/home/me", "/bin/bash")
WORK = Environment(PATH, frozenset({URL}), frozenset(), LOCK, None, ME.uid)


class Conda:
    """Makes what conda would, and keeps what it was told; ``fails`` is a program that fails."""

    def __init__(self, root, fails=""):
        self.root, self.fails = root, fails
        self.calls, self.locks = [], []
        self.planted = {}

    def __call__(self, *words, environment=None, stdin="", **options):
        self.calls.append((words, environment))
        if "sh" in words:  # a real one, with the rights of the user
            return run(*words, stdin=stdin)
        program = next(one for one in words if one.startswith(str(self.root)))
        if self.fails and program.endswith(self.fails):
            return Done(words, 1, err="CondaHTTPError: 404")
        if "--file" in words:
            self.locks.append(Path(words[words.index("--file") + 1]).read_text())
            place = Path(words[words.index("-p") + 1])
            (place / "conda-meta").mkdir(parents=True)
            for name, target in self.planted.items():
                (place / name).symlink_to(target)
        if "-r" in words:
            self.locks.append(Path(words[words.index("-r") + 1]).read_text())
        return Done(words, 0)


@pytest.fixture
def make(tmp_path):
    """Makes environments on a machine with a conda; returns what was told, and the conda."""
    (tmp_path / "opt/conda/bin").mkdir(parents=True)
    (tmp_path / "opt/conda/bin/conda").touch()

    def made_of(*environments, owners=None, people=(ME,), fails="", planted=None):
        conda = Conda(tmp_path, fails)
        conda.planted = planted or {}
        machine = Machine(tmp_path, conda)
        remaking = Remaking(machine, ("/opt/conda",), owners or Owners(), people)
        return tuple(remaking.remake(environments)), conda

    return made_of


def test_it_is_made_from_its_lock(make):
    told, conda = make(WORK)
    assert [(one.is_good, one.reason) for one in told] == [(True, "made anew as me")]
    assert conda.locks == [LOCK]


def test_what_pip_had_comes_after(make):
    told, conda = make(replace(WORK, pip=frozenset({"b==2", "a==1"})))
    assert told[0].is_good
    assert conda.locks == [LOCK, "a==1\nb==2\n"]
    assert "--no-deps" in conda.calls[1][0]


def test_its_variables_stand_in_no_argument(make, tmp_path):
    told, conda = make(replace(WORK, variables={"TOKEN": "hidden-word"}))
    assert told[0].is_good
    state = tmp_path / "opt/conda/envs/work/conda-meta/state"
    assert json.loads(state.read_text()) == {"version": 1, "env_vars": {"TOKEN": "hidden-word"}}
    assert "hidden-word" not in str(conda.calls)


@pytest.mark.parametrize(
    "path", ["/home/mallory/.cache/d/tmp", "/opt/conda/../scratch", "/opt/conda/envs/../../x"]
)
def test_roots_is_made_below_a_prefix_only(make, path):
    """A user can register any path, and make conda-meta in a directory that is root's."""
    root = User("root", 0, 0, "/root", "/bin/bash")
    told, conda = make(replace(WORK, path=path, owner=0), people=(root,))
    assert "it is root's, and below no prefix of conda" in told[0].reason
    assert conda.calls == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_a_package_that_makes_the_variables_a_link_gets_nothing_of_roots(make, tmp_path):
    """What is installed runs as the user, before the variables are written: it may plant links."""
    tmp_path.chmod(0o755)
    secret = tmp_path / "shadow"
    secret.write_text("root's")
    secret.chmod(0o600)
    nobody = User("nobody", 65534, 65534, "/nonexistent", "/bin/sh")
    told, _ = make(
        replace(WORK, owner=65534, variables={"A": "1"}),
        people=(nobody,),
        planted={"conda-meta/state": secret},
    )
    assert not told[0].is_good
    assert "its variables" in told[0].reason
    assert (secret.read_text(), secret.stat().st_uid) == ("root's", 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_another_users_is_made_as_that_user_with_the_number_of_here(make):
    ada = User("ada", 1001, 1001, "/home/ada", "/bin/bash")
    told, conda = make(replace(WORK, owner=1000), owners=Owners({1000: 1001}), people=(ada,))
    assert told[0].reason == "made anew as ada"
    words, environment = conda.calls[0]
    assert words[:6] == ("setpriv", "--reuid", "1001", "--regid", "1001", "--init-groups")
    assert environment["HOME"] == "/home/ada"


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (replace(WORK, build="abc123"), "the inventory had it"),
        (replace(WORK, owner=4242), "its owner, number 4242, is nobody here"),
        (replace(WORK, owner=None), "its files are of several users"),
        (replace(WORK, explicit=frozenset({"# no URL for: x-1-0"})), "no URL for: x-1-0"),
    ],
)
def test_what_cannot_be_made_is_told_and_not_tried(make, environment, reason):
    told, conda = make(environment)
    assert not told[0].is_good
    assert reason in told[0].reason
    assert conda.calls == []


def test_what_stands_there_is_not_touched(make, tmp_path):
    (tmp_path / "opt/conda/envs/work").mkdir(parents=True)
    told, conda = make(WORK)
    assert "something else stands there" in told[0].reason
    assert conda.calls == []


@pytest.mark.parametrize("fails", ["conda", "python"])
def test_a_failure_is_told_and_stops_no_other(make, fails):
    other = replace(WORK, path="/opt/conda/envs/other", pip=frozenset())
    told, _ = make(replace(WORK, pip=frozenset({"a==1"})), other, fails=fails)
    assert not told[0].is_good
    assert "CondaHTTPError: 404" in told[0].reason
    assert told[1].is_good is (fails == "python")


def test_only_what_is_not_here_is_missing_and_a_prefix_is_apply_s(tmp_path):
    (tmp_path / "opt/conda/envs/here/conda-meta").mkdir(parents=True)
    here = replace(WORK, path="/opt/conda/envs/here")
    base = replace(WORK, path="/opt/conda")
    remaking = Remaking(Machine(tmp_path), ("/opt/conda",), Owners(), (ME,))
    assert remaking.missing(State(environments=(WORK, here, base))) == (WORK,)


def test_what_is_there_and_in_no_list_is_listed_by_its_owner(tmp_path):
    (tmp_path / "home/me").mkdir(parents=True)
    place = str(tmp_path / "envs/far")
    Path(place, "conda-meta").mkdir(parents=True)
    machine = Machine(Path("/"))
    me = replace(ME, home=str(tmp_path / "home/me"))
    far = replace(WORK, path=place)
    before = State(environments=(far, replace(WORK, path="/not/there")))
    remaking = Remaking(machine, ("/opt/conda",), Owners(), (me,))
    assert [one.is_good for one in remaking.register(before, State())] == [True]
    listed = tmp_path / "home/me/.conda/environments.txt"
    assert listed.read_text() == f"{place}\n"
    assert tuple(remaking.register(before, State(environments=(far,)))) == ()
    nobody = Remaking(machine, ("/opt/conda",), Owners(), ())
    assert [one.is_good for one in nobody.register(before, State())] == [False]


def test_the_proxies_of_login_sessions_are_known(tmp_path):
    assert session_proxies(Machine(tmp_path)) == {}
    file = tmp_path / "etc/profile.d/deeprig-proxy.sh"
    file.parent.mkdir(parents=True)
    file.write_text('# Managed\nexport http_proxy="http://p:1"\nexport no_proxy="a,b"\n')
    assert session_proxies(Machine(tmp_path)) == {"http_proxy": "http://p:1", "no_proxy": "a,b"}
