"""What the stand-in does to files beside rattler: modes, clearing up, removal."""

import json

import pytest

from tests.channel.standin.tree import all_or_nothing, remove_environment, set_modes


def environment(prefix):
    """Make an environment of one package with one file, and one file of the user's."""
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta/history").touch()
    record = {"files": ["bin/tool", "lib/already-gone"]}
    (prefix / "conda-meta/tool-1-0.json").write_text(json.dumps(record))
    (prefix / "bin").mkdir()
    (prefix / "bin/tool").touch()
    (prefix / "mine").touch()
    return prefix


def link_half(prefix):
    (prefix / "conda-meta").mkdir(parents=True, exist_ok=True)
    (prefix / "conda-meta/history").touch()
    (prefix / "link").symlink_to("conda-meta")
    raise RuntimeError("the link failed")


def fail_in(prefix):
    with pytest.raises(RuntimeError, match="the link failed"), all_or_nothing(prefix):
        link_half(prefix)


def test_a_failed_link_leaves_no_new_prefix(tmp_path):
    fail_in(tmp_path / "env")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_link_leaves_what_lay_in_a_directory_before(tmp_path):
    (tmp_path / "mine").touch()
    fail_in(tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "mine"]


def test_a_failed_link_into_an_environment_removes_nothing(tmp_path):
    prefix = environment(tmp_path / "env")
    fail_in(prefix)
    assert (prefix / "conda-meta/tool-1-0.json").exists()
    assert (prefix / "bin/tool").exists()


def test_a_link_that_succeeds_is_kept(tmp_path):
    with all_or_nothing(tmp_path / "env"):
        environment(tmp_path / "env")
    assert (tmp_path / "env/bin/tool").exists()


def test_records_are_readable_by_all_and_scripts_writable_by_their_owner_only(tmp_path):
    prefix = environment(tmp_path)
    (prefix / "conda-meta/tool-1-0.json").chmod(0o600)
    (prefix / "bin/tool").chmod(0o775)
    set_modes(prefix)
    assert (prefix / "conda-meta/tool-1-0.json").stat().st_mode & 0o777 == 0o644
    assert (prefix / "bin/tool").stat().st_mode & 0o777 == 0o755


def test_an_environment_is_removed_whole(tmp_path):
    remove_environment(environment(tmp_path / "env"))
    assert list(tmp_path.iterdir()) == []


def test_of_a_linked_environment_the_packages_go_and_the_directory_stays(tmp_path):
    target = environment(tmp_path / "generation")
    (tmp_path / "env").symlink_to(target)
    remove_environment(tmp_path / "env")
    assert not (tmp_path / "env").is_symlink()
    assert not (target / "bin/tool").exists()
    assert not (target / "conda-meta/tool-1-0.json").exists()
    assert (target / "mine").exists()
