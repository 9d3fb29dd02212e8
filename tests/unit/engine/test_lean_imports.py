"""What a run does not need is not loaded, and nobody notices but by the time it takes."""

import gc
import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest

from deeprig.engine.lean_imports import entry_points_read_once, everything_stays, load_when_used

ROOT = Path(__file__).resolve().parents[3]
#: What no plan and no apply may bring into memory, and who would.
HEAVY = {
    "pytest": "deeprig.verify",
    "testinfra": "deeprig.verify",
    "requests": "deeprig.fetch, netbox:",
    "yaml": "ansible:, netbox: and invoke",
    "invoke.config": "paramiko, for Match exec",
    "deeprig.audit.rules": "deeprig.audit.inspection, through the report's union",
    "deeprig.certificate": "deeprig verify",
    "deeprig.lab": "deeprig lab",
}
_TELL = """
import json, sys
try:
    exec(sys.argv[1])
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
_RUN = """
from deeprig.cli import cli
cli(sys.argv[2:], standalone_mode=False)
"""


def modules_after(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", _TELL, _RUN, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1])), done.stdout


def test_saying_the_version_loads_neither_pyinfra_nor_pydantic():
    loaded, said = modules_after("--version")
    assert "deeprig" in said
    assert not loaded & {"pyinfra", "pydantic", "rich", "gevent", "jinja2", *HEAVY}


def test_a_plan_loads_nothing_that_only_other_commands_and_inventories_need(tmp_path):
    (tmp_path / "inventory").mkdir()
    inventory = tmp_path / "inventory" / "lab.py"
    # Nobody listens there: all is loaded, and all roles' settings are judged, before that shows.
    host = ("rig1", {"ssh_hostname": "127.0.0.1", "ssh_port": 1, "ssh_user": "nobody"})
    inventory.write_text(f"workstations = [{host!r}]\n", encoding="utf-8")
    loaded, said = modules_after("plan", "--json", "-i", inventory)
    assert json.loads(said)["hosts"][0]["status"] == "unreachable"
    assert {"pyinfra", "roles.backup", "roles.base.tasks"} <= loaded
    assert {name: HEAVY[name] for name in loaded & HEAVY.keys()} == {}


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return the name of a module that nobody has imported, and that tells when it is executed."""
    name = "executed_when_used"
    (tmp_path / f"{name}.py").write_text("import this_is_told\nvalue = 7\n", encoding="utf-8")
    (tmp_path / "this_is_told.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    for loaded in (name, "this_is_told"):
        sys.modules.pop(loaded, None)


def test_a_module_is_executed_when_something_is_taken_out_of_it(module):
    load_when_used(module)
    imported = __import__(module)
    assert hasattr(imported, "__file__")
    assert not hasattr(imported, "__wrapped__"), "who looks what it is does not execute it"
    assert "this_is_told" not in sys.modules
    assert imported.value == 7
    assert "this_is_told" in sys.modules
    assert not hasattr(imported, "nothing"), "and then it is as any other"


def test_a_module_that_fails_tells_so_where_it_is_used(module, tmp_path):
    (tmp_path / f"{module}.py").write_text("raise ValueError('broken')\n", encoding="utf-8")
    load_when_used(module)
    imported = __import__(module)
    with pytest.raises(ValueError, match="broken"):
        _ = imported.value


def test_what_is_loaded_or_not_there_stays_as_it_is():
    load_when_used("json")
    assert sys.modules["json"] is json
    load_when_used("no_such_module_anywhere")
    with pytest.raises(ImportError):
        __import__("no_such_module_anywhere")


def test_what_paramiko_runs_programs_with_is_there_when_it_is_used():
    program = """
from deeprig.engine.embedding import patch_standard_library
patch_standard_library()
from paramiko import config
assert "invoke.config" not in sys.modules
print(config.invoke.run.__module__)
"""
    command = [sys.executable, "-c", _TELL, program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "invoke\n"
    assert "invoke.config" in json.loads(done.stderr.splitlines()[-1])


def test_entry_points_are_read_once_and_the_answers_are_the_same(monkeypatch):
    truth = importlib.metadata.entry_points
    asked = []

    def counting(**wanted):
        asked.append(wanted)
        return truth(**wanted)

    monkeypatch.setattr(importlib.metadata, "entry_points", counting)
    with entry_points_read_once():
        found = importlib.metadata.entry_points(group="pyinfra.connectors")
        assert len(importlib.metadata.entry_points(group="no.such.group")) == 0
    assert set(found) == set(truth(group="pyinfra.connectors"))
    assert asked == [{}]
    assert importlib.metadata.entry_points is counting


def test_garbage_is_collected_again_after_loading_also_where_that_fails():
    def load():
        with everything_stays():
            assert not gc.isenabled()
            raise KeyError

    with pytest.raises(KeyError):
        load()
    assert gc.isenabled()
    gc.unfreeze()


def test_where_nothing_is_collected_at_all_that_stays_so():
    gc.disable()
    try:
        with everything_stays():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
