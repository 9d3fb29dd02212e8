"""Secrets: only from files that are closed, never in words that others see."""

import os

import pytest
from deeprig_host.backup.credentials import credentials, place_of
from deeprig_host.backup.declared import Repository
from deeprig_host.machine.refusal import Refused

LOCAL = Repository("disk", "/b", "/password")
CLOUD = Repository("cloud", "s3:https://h/x", "/password", environment_file="/environment")


def place(machine, name, text, mode=0o600):
    path = machine.path(name)
    path.write_text(text)
    path.chmod(mode)
    return path


def refused(machine, repository):
    with pytest.raises(Refused) as found:
        credentials(machine, repository)
    assert "hush" not in str(found.value.answer())
    return found.value


def test_a_local_repository_needs_its_password_file(machine):
    place(machine, "/password", "hush")
    assert credentials(machine, LOCAL) == {
        "RESTIC_REPOSITORY": f"{machine.root}/b",
        "RESTIC_PASSWORD_FILE": f"{machine.root}/password",
    }


def test_keys_come_from_the_environment_file(machine):
    place(machine, "/password", "hush")
    text = "# S3\n\nAWS_ACCESS_KEY_ID=a b\nAWS_SECRET_ACCESS_KEY='hush=='\n"
    place(machine, "/environment", text)
    told = credentials(machine, CLOUD)
    assert (told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"]) == ("a b", "hush==")
    assert told["RESTIC_REPOSITORY"] == "s3:https://h/x"


def test_a_url_with_a_password_comes_from_the_environment_file(machine):
    place(machine, "/password", "hush")
    hidden = Repository("c", "environment", "/password", environment_file="/environment")
    place(machine, "/environment", "RESTIC_REPOSITORY=rest:https://u:hush@h/\n")
    assert credentials(machine, hidden)["RESTIC_REPOSITORY"] == "rest:https://u:hush@h/"
    place(machine, "/environment", "X=hush\n")
    assert "has no RESTIC_REPOSITORY" in refused(machine, hidden).reason


def test_a_password_file_that_is_missing_empty_or_open_is_refused(machine):
    assert "No such file" in refused(machine, LOCAL).reason
    path = place(machine, "/password", "")
    assert "empty" in refused(machine, LOCAL).reason
    for mode in (0o640, 0o604, 0o620):
        place(machine, "/password", "hush", mode)
        assert f"mode {mode:o}" in refused(machine, LOCAL).reason
    path.unlink()
    path.mkdir()
    assert "no file" in refused(machine, LOCAL).reason


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_password_file_of_another_user_is_refused(machine):
    os.chown(place(machine, "/password", "hush"), 65534, 65534)
    assert "belongs to user 65534" in refused(machine, LOCAL).reason


def test_a_line_that_is_none_is_told_by_its_number_only(machine):
    place(machine, "/password", "hush")
    place(machine, "/environment", "A=1\nexport hush\n")
    assert refused(machine, CLOUD).reason == "/environment:2: this is no NAME=VALUE"


def test_a_local_url_may_say_so(machine):
    assert place_of(machine, Repository("d", "local:/b", "/p")) == f"{machine.root}/b"
    assert place_of(machine, CLOUD) == "s3:https://h/x"
