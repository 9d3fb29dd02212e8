"""Every damage of an environment is seen, and nothing else is taken for one."""

import json
import os

import pytest
from deeprig_host.environment.contents import damages, made_at, write_contents


@pytest.fixture
def environment(tmp_path):
    made = tmp_path / "made"
    (made / "lib/__pycache__").mkdir(parents=True)
    (made / "lib/a.py").write_text("a")
    (made / "lib/__pycache__/a.pyc").write_text("compiled")
    (made / "python").symlink_to("/usr/bin/python3")
    write_contents(made)
    return made


def test_what_is_as_it_was_made_has_no_damage(environment):
    assert damages(environment) == ()
    assert made_at(environment) > 0


def test_bytecode_that_a_python_left_is_no_damage(environment):
    (environment / "lib/__pycache__/a.opt-1.pyc").touch()
    assert damages(environment) == ()


@pytest.mark.parametrize(
    ("path", "told"),
    [("lib/a.py", "lib/a.py was altered"), ("lib/__pycache__/a.pyc", "a.pyc was altered")],
)
def test_altered_files_are_told_even_of_the_same_size(environment, path, told):
    text = (environment / path).read_text()
    (environment / path).write_text("x" * len(text))
    assert told in damages(environment)[0]


def test_what_is_missing_added_or_leads_elsewhere_is_told(environment):
    (environment / "lib/a.py").unlink()
    (environment / "lib/b.py").touch()
    (environment / "python").unlink()
    (environment / "python").symlink_to("/elsewhere")
    told = ("lib/a.py is missing", "lib/b.py is not of it", "python was altered")
    assert damages(environment) == told


def test_what_others_may_write_or_own_is_told(environment):
    (environment / "lib/a.py").chmod(0o664)
    assert damages(environment) == ("lib/a.py can be written by others",)
    os.chown(environment / "lib/a.py", 65534, 65534)
    assert damages(environment) == ("lib/a.py belongs to user 65534",)


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"schema": "x/1"}), "{}"])
def test_an_unreadable_list_is_a_damage(environment, text):
    (environment / "contents.json").write_text(text)
    assert len(damages(environment)) == 1


def test_a_list_of_another_version_is_a_damage(environment):
    document = json.loads((environment / "contents.json").read_text())
    (environment / "contents.json").write_text(json.dumps(document | {"schema": "other"}))
    assert damages(environment) == ("contents.json is of another version",)


def test_one_that_was_never_completed_is_told(tmp_path):
    assert damages(tmp_path / "none") == ("it was never completed",)
    assert made_at(tmp_path / "none") == 0.0
