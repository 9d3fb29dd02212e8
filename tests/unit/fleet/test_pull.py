"""What a host takes from a repository, with real git and real SSH signatures."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pyinfra.connectors.local import LocalConnector

from deeprig.errors import DeeprigError, HostUnreachable, InventoryProblem, UsageProblem
from deeprig.fleet.pull import repository
from deeprig.fleet.pull import run as pulling
from deeprig.fleet.pull.git import run_git
from deeprig.fleet.pull.own_lab import own_lab
from deeprig.fleet.pull.repository import Origin, Repository, scheme_of
from deeprig.fleet.pull.status import PullStatus, leave_status
from deeprig.report.model import HostRun, RunReport


def git(where, *words, **more):
    fixed = {
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "ada@lab.example" for who in ("AUTHOR", "COMMITTER")},
    }
    done = subprocess.run(
        ["git", "-C", str(where), *words],
        env=os.environ | fixed,
        check=True,
        capture_output=True,
        text=True,
        **more,
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two signing keys; only the first is in the list of allowed signers."""
    directory = tmp_path_factory.mktemp("keys")
    for name in ("ada", "eve"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)]
        subprocess.run(command, check=True)
    public = (directory / "ada.pub").read_text().split()
    (directory / "signers").write_text(f"ada@lab.example {public[0]} {public[1]}\n")
    return directory


@pytest.fixture
def upstream(tmp_path):
    """A lab's repository with one commit that nobody signed."""
    path = tmp_path / "upstream"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    commit(path, "one")
    return path


def commit(path, text, key=None):
    (path / "file").write_text(text)
    git(path, "add", "file")
    signing = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}") if key else ()
    git(path, *signing, "commit", "-q", "-m", text, *(["-S"] if key else []))
    return git(path, "rev-parse", "HEAD")


def pulled(here, origin):
    """Take what the branch has; return its commit."""
    repository = Repository(here)
    found = repository.fetch(origin)
    repository.prove(found, origin)
    repository.place(found)
    repository.note_taken(found)
    return found


def test_a_branch_is_taken_and_followed(tmp_path, upstream):
    here, origin = tmp_path / "here", Origin(str(upstream), "main", None)
    assert pulled(here, origin) == git(upstream, "rev-parse", "HEAD")
    assert (here / "file").read_text() == "one"
    (here / "reports").mkdir()
    (here / "reports/a.json").touch()
    (here / "stray.py").touch()
    (here / "file").write_text("changed by hand")
    second = commit(upstream, "two")
    assert pulled(here, origin) == second
    assert (here / "file").read_text() == "two"
    assert (here / "reports/a.json").exists()
    assert not (here / "stray.py").exists()
    assert Repository(here).taken() == second


def test_a_signed_commit_is_taken_and_an_unsigned_one_is_not(tmp_path, upstream, keys):
    origin = Origin(str(upstream), "main", keys / "signers")
    with pytest.raises(DeeprigError, match="not signed by an allowed signer"):
        pulled(tmp_path / "here", origin)
    signed = commit(upstream, "two", keys / "ada")
    assert pulled(tmp_path / "here", origin) == signed
    commit(upstream, "three")
    with pytest.raises(DeeprigError, match="it has no signature"):
        pulled(tmp_path / "here", origin)
    assert (tmp_path / "here/file").read_text() == "two"


def test_a_commit_of_another_signer_is_refused(tmp_path, upstream, keys):
    commit(upstream, "two", keys / "eve")
    with pytest.raises(DeeprigError, match="not signed by an allowed signer"):
        pulled(tmp_path / "here", Origin(str(upstream), "main", keys / "signers"))


def test_a_commit_that_was_altered_after_signing_is_refused(tmp_path, upstream, keys):
    commit(upstream, "two", keys / "ada")
    raw = git(upstream, "cat-file", "commit", "HEAD").replace("\ntwo", "\nanother") + "\n"
    made = git(upstream, "hash-object", "-t", "commit", "-w", "--stdin", input=raw)
    git(upstream, "update-ref", "refs/heads/main", made)
    with pytest.raises(DeeprigError, match="not signed by an allowed signer"):
        pulled(tmp_path / "here", Origin(str(upstream), "main", keys / "signers"))


@pytest.mark.parametrize("how", ["older", "rewritten"])
def test_what_does_not_follow_the_last_commit_is_refused(tmp_path, upstream, keys, how):
    origin = Origin(str(upstream), "main", keys / "signers")
    first = commit(upstream, "two", keys / "ada")
    last = commit(upstream, "three", keys / "ada")
    assert pulled(tmp_path / "here", origin) == last
    git(upstream, "reset", "-q", "--hard", first)
    if how == "rewritten":
        commit(upstream, "other", keys / "ada")
    with pytest.raises(DeeprigError, match="does not follow"):
        pulled(tmp_path / "here", origin)
    assert (tmp_path / "here/file").read_text() == "three"


def test_no_hook_of_the_repository_here_runs(tmp_path, upstream):
    here, origin = tmp_path / "here", Origin(str(upstream), "main", None)
    pulled(here, origin)
    hook = here / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    commit(upstream, "two")
    pulled(here, origin)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("branch", ["nothing", "main"])
def test_what_cannot_be_fetched_is_unreachable(tmp_path, upstream, branch):
    url = str(upstream) if branch == "nothing" else str(tmp_path / "gone")
    with pytest.raises(HostUnreachable, match="cannot be fetched"):
        Repository(tmp_path / "here").fetch(Origin(url, branch, None))


@pytest.fixture
def silent():
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def test_a_server_that_says_nothing_is_left_after_a_time(tmp_path, silent, monkeypatch):
    monkeypatch.setattr(repository, "_FETCH_SECONDS", 2)
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/lab.git"
    with pytest.raises(HostUnreachable, match="did not end within 2 s"):
        Repository(tmp_path / "here").fetch(Origin(url, "main", None))
    connection, _ = silent.accept()
    with connection:
        connection.settimeout(60)
        while connection.recv(4096):  # until its end: nobody waits there any longer
            pass


def test_a_git_that_is_late_leaves_no_lock_file_behind(tmp_path, upstream, monkeypatch):
    here, origin = tmp_path / "here", Origin(str(upstream), "main", None)
    found = Repository(here).fetch(origin)
    # A filter of the machine's own that never ends holds git while it has the index locked.
    git(here, "config", "filter.slow.smudge", "sleep 600")
    (here / ".git/info").mkdir(exist_ok=True)
    (here / ".git/info/attributes").write_text("file filter=slow\n")
    with pytest.raises(HostUnreachable, match="did not end"):
        run_git(here, ("checkout", "--quiet", "--detach", found), 2)
    assert not list((here / ".git").glob("*.lock"))


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        ("https://git.example/lab.git", "https"),
        ("ssh://git@git.example/lab.git", "ssh"),
        ("git@git.example:lab.git", "ssh"),
        ("/srv/lab.git", "file"),
        ("./lab:old", "file"),
        ("HTTP://git.example/lab", "http"),
        ("ext::sh -c touch%", "ssh"),
    ],
)
def test_the_scheme_says_what_proves_the_server(url, scheme):
    assert scheme_of(url) == scheme


def test_what_proves_nothing_is_refused_before_it_is_asked(keys, tmp_path):
    with pytest.raises(UsageProblem, match="does not prove who answers"):
        Origin("http://git.example/lab", "main", None).check()
    Origin("http://git.example/lab", "main", keys / "signers").check()
    with pytest.raises(UsageProblem, match="not fetched from"):
        Origin("git://git.example/lab", "main", keys / "signers").check()
    with pytest.raises(UsageProblem, match="no such file"):
        Origin("https://git.example/lab", "main", tmp_path / "none").check()


@pytest.mark.parametrize(
    "url",
    [
        "https://ada:hunter22@git.example/lab.git",
        "https://hunter22@git.example/lab.git",  # a token is a user to some servers
        "http://ada:hunter22@git.example/lab.git",
        "ssh://git:hunter22@git.example/lab.git",
    ],
)
def test_a_url_with_a_login_is_refused_without_showing_it(keys, url):
    with pytest.raises(UsageProblem, match="a login in the URL") as caught:
        Origin(url, "main", keys / "signers").check()
    assert "hunter22" not in str(caught.value)
    assert "git.example/lab.git" in str(caught.value)


def test_the_user_of_ssh_is_no_login():
    Origin("ssh://git@git.example/lab.git", "main", None).check()
    Origin("git@git.example:lab.git", "main", None).check()


def test_a_status_that_everybody_may_read_shows_no_secret(tmp_path):
    url = "https://git.example/lab.git?private_token=hunter22"
    said = "cannot be fetched: https://ada:hunter22@proxy.example did not answer"
    leave_status(
        PullStatus("rig1", url, "main", None, False, 0, 1, said, 3), (tmp_path / "pull.json",)
    )
    text = (tmp_path / "pull.json").read_text()
    assert "hunter22" not in text
    assert "git.example/lab.git" in text
    assert "did not answer" in text


def test_a_helper_that_runs_programs_is_no_transport(tmp_path):
    with pytest.raises(HostUnreachable):
        Repository(tmp_path / "here").fetch(
            Origin(f"ext::sh -c 'touch {tmp_path}/ran'", "main", None)
        )
    assert not (tmp_path / "ran").exists()


@pytest.fixture
def lab(tmp_path):
    """A lab of two hosts; the secret of the second lies on the second only."""
    path = tmp_path / "lab/inventory/lab.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "workstations = [\n"
        "  ('rig1', {'ssh_key': 'not/here', 'roles': ['base']}),\n"
        "  ('rig2', {'roles': ['base', 'backup'], 'backup': {'repositories': {'far': {\n"
        "    'url': '/mnt/far', 'password': {'file': '/not/here/either'}}}}}),\n"
        "]\n"
    )
    return path


def test_a_host_sees_itself_alone_without_a_connection(lab):
    own = own_lab(lab, "rig1")
    (declared,) = own.hosts
    assert (declared.name, declared.roles) == ("rig1", ("base",))
    assert declared.settings.ssh_key is None
    assert not declared.needs_sudo
    assert own.inventory.get_host("rig1").connector_cls is LocalConnector


def test_of_secrets_only_its_own_are_needed(lab):
    own_lab(lab, "rig1")
    with pytest.raises(InventoryProblem, match="/not/here/either"):
        own_lab(lab, "rig2")


def test_which_host_it_is_it_knows_by_its_name(lab, monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "rig1.lab.example")
    assert own_lab(lab, None).hosts[0].name == "rig1"
    monkeypatch.setattr("socket.gethostname", lambda: "rig9")
    with pytest.raises(UsageProblem, match="names no host 'rig9'"):
        own_lab(lab, None)
    with pytest.raises(UsageProblem, match="names no host 'rig8'"):
        own_lab(lab, "rig8")


@pytest.fixture
def pull(tmp_path, upstream, lab, monkeypatch):
    """A pull of which only the applying itself is made up."""
    (upstream / "inventory").mkdir()
    (upstream / "inventory/lab.py").write_text("workstations = [('rig1', {'roles': ['base']})]\n")
    git(upstream, "add", ".")
    git(upstream, "commit", "-q", "-m", "an inventory")
    monkeypatch.setattr(pulling.os, "geteuid", lambda: 0)
    monkeypatch.setattr(pulling, "SEEN_BY_METRICS", tmp_path / "seen/pull.json")
    times = {"started": "2026-11-22T00:00:00Z", "finished": "2026-11-22T00:00:01Z"}
    run = HostRun("rig1", "ok")
    report = RunReport("apply", **times, seconds=1.0, version="0", inventory="x", hosts=(run,))
    monkeypatch.setattr(pulling, "run_lab", lambda *_arguments, **_options: report)
    origin = Origin(str(upstream), "main", None)
    return pulling.Pull(origin, "rig1", Path("inventory/lab.py"), tmp_path / "pull")


def test_a_pull_leaves_word_of_how_it_ended(pull, tmp_path):
    report = pulling.pull_and_apply(pull, None)
    assert report.exit_code == 0
    for place in (pull.status, tmp_path / "seen/pull.json"):
        told = json.loads(place.read_text())
        assert (told["schema"], told["what"], told["ok"]) == ("deeprig.status/1", "pull", True)
        assert told["commit"] == pull.repository.taken()
    assert list((pull.directory / "lab/reports").glob("*-apply.json"))


def test_a_pull_that_cannot_fetch_says_so_and_fails(pull, tmp_path):
    lost = replace(pull, origin=Origin(str(tmp_path / "gone"), "main", None))
    with pytest.raises(HostUnreachable):
        pulling.pull_and_apply(lost, None)
    told = json.loads(lost.status.read_text())
    assert (told["ok"], told["failed"], told["exit_code"]) == (False, 1, 3)
    assert "cannot be fetched" in told["text"]


def test_a_plan_takes_no_commit_and_leaves_no_status(pull):
    pulling.pull_and_apply(replace(pull, mode="plan"), None)
    assert pull.repository.taken() is None
    assert not pull.status.exists()


def test_two_pulls_at_once_are_one_too_many(pull):
    with pulling._alone(pull.directory), pytest.raises(DeeprigError, match="another pull"):
        pulling.pull_and_apply(pull, None)


@pytest.mark.parametrize("inventory", ["/etc/passwd", "../inventory.py"])
def test_an_inventory_outside_the_repository_is_refused(pull, inventory):
    with pytest.raises(UsageProblem, match="a file of the repository"):
        pulling.pull_and_apply(replace(pull, inventory=Path(inventory)), None)


def test_only_root_pulls(pull, monkeypatch):
    monkeypatch.setattr(pulling.os, "geteuid", lambda: 1000)
    with pytest.raises(UsageProblem, match="as root"):
        pulling.pull_and_apply(pull, None)


def test_a_status_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    status = PullStatus("rig1", "url", "main", None, True, 0, 0, "0 changed", 0)
    with pytest.raises(DeeprigError, match="cannot be written"):
        leave_status(status, (tmp_path / "file/status.json",))
