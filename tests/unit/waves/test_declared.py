"""What a rollout was begun with is known again, and kept, wherever the inventory comes from."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace

import pytest

from deeprig.engine.embedding import patch_standard_library
from deeprig.inventory.load import load_lab
from deeprig.inventory.merge import Level
from deeprig.inventory.sources.gathered import ReadHost
from deeprig.inventory.sources.source import Source, parse_where
from deeprig.waves.declared import digest
from deeprig.waves.put_back import run_session, session_words
from deeprig.waves.real import RealWorks
from deeprig.waves.store import RolloutStore
from tests.unit.waves.plan import rollout

_BERLIN = "deeprig: {base: {timezone: Europe/Berlin}}\n"
_TOKYO = "deeprig: {base: {timezone: Asia/Tokyo}}\n"


class Foreign:
    """A lab whose inventory is not pyinfra's: its text, and where its variables are."""

    def __init__(self, directory, inventory, variables):
        self.directory, self.inventory = directory, directory / inventory
        self.variables = directory / variables
        self.variables.parent.mkdir(parents=True)
        self.inventory.parent.mkdir(exist_ok=True)
        self.address("192.0.2.1")
        self.variables.write_text(_BERLIN)

    def address(self, address):
        self.inventory.write_text(f"[gpu]\nrig1 ansible_host={address} ansible_user=root\n")

    def load(self):
        return load_lab(self.inventory)

    def digest(self):
        lab = self.load()
        return digest(lab.directory, lab.read)


@pytest.fixture(params=["hosts", "hosts.ini"])
def foreign(request, tmp_path):
    return Foreign(tmp_path / "lab", request.param, "group_vars/gpu.yml")


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """Return a lab that is a directory of its own elsewhere than its inventory, as with -i DIR."""
    made = Foreign(tmp_path / "elsewhere", "production/hosts", "production/group_vars/gpu.yml")
    (tmp_path / "lab").mkdir()
    monkeypatch.chdir(tmp_path / "lab")
    made.load = lambda: load_lab(made.inventory.parent)
    return made


def test_another_value_or_address_of_a_foreign_inventory_is_another_declaration(foreign):
    before = foreign.digest()
    assert foreign.digest() == before
    foreign.variables.write_text(_TOKYO)
    with_other_value = foreign.digest()
    foreign.variables.write_text(_BERLIN)
    foreign.address("192.0.2.99")
    assert len({before, with_other_value, foreign.digest()}) == 3
    foreign.address("192.0.2.1")
    assert foreign.digest() == before


def test_an_inventory_outside_the_lab_directory_declares_too(outside):
    before = outside.digest()
    outside.variables.write_text(_TOKYO)
    assert outside.digest() != before


def said(*levels, name="rig1", groups=("gpu",)):
    return (ReadHost(name, groups, tuple(Level("somewhere", data) for data in levels)),)


def test_what_a_service_says_is_judged_by_what_it_means(tmp_path):
    whole = digest(tmp_path, said({"base": {"timezone": "UTC", "locale": "C"}}))
    same = digest(tmp_path, said({"base": {"locale": "C"}}, {"base": {"timezone": "UTC"}}))
    assert whole == same, "not by where it says it"
    others = (
        said({"base": {"timezone": "UTC", "locale": "C"}}, name="rig2"),
        said({"base": {"timezone": "UTC", "locale": "C"}}, groups=()),
        said({"base": {"timezone": "UTC", "locale": ["C"]}}),
        said({"base": {"timezone": "UTC"}}),
        (),
    )
    assert len({whole, *(digest(tmp_path, other) for other in others)}) == len(others) + 1


def test_a_python_inventory_has_the_same_digest_in_every_process(lab):
    lab.hosts(
        "workstations = [('rig1', {'ssh_hostname': '192.0.2.1',"
        " 'ssh_paramiko_connect_kwargs': {'sock': object(), 'some': {'x', 'y', 'z'}}})]"
    )
    code = (
        "import sys; from pathlib import Path; from deeprig.inventory.load import load_lab;"
        "from deeprig.waves.declared import digest; lab = load_lab(Path(sys.argv[1]));"
        "print(digest(lab.directory, lab.read))"
    )
    found = set()
    for seed in ("1", "2"):
        words = [sys.executable, "-c", code, str(lab.inventory)]
        env = os.environ | {"PYTHONHASHSEED": seed}
        found.add(subprocess.run(words, env=env, capture_output=True, check=True).stdout)
    assert len(found) == 1


def test_a_foreign_inventory_is_kept_as_it_was_with_its_variables(foreign):
    made = begun(foreign.load())
    foreign.variables.write_text(_TOKYO)
    foreign.address("192.0.2.99")
    now = foreign.load()
    kept = works(now)._kept_inventory(made)
    assert isinstance(kept, Source)
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    old = load_lab(parse_where(str(kept)))
    assert old.directory == RolloutStore(now.directory).copy_of(made).resolve()
    assert old.host("rig1").role_settings["base"].timezone == "Europe/Berlin"
    assert old.host("rig1").settings.ssh_hostname == "192.0.2.1"
    told = put_back_to(kept, made, ("no-host-of-it",))
    assert told == {"run": None, "gate": None, "was_interrupted": False}, "it was read, and is left"


def put_back_to(kept, made, hosts):
    """Return the answer of the process that puts hosts back."""
    patch_standard_library()
    return run_session(session_words(kept, made, hosts, 1), None, is_quiet=True)


def begun(lab):
    """Return a rollout of this lab, as the command makes it."""
    plan = replace(rollout(1), declared=digest(lab.directory, lab.read))
    return RolloutStore(lab.directory).create(plan, lab.read)


def works(lab):
    return RealWorks(lab, RolloutStore(lab.directory), 1, None, True, False)


def test_a_source_is_not_put_back_to_a_rollout_that_kept_no_snapshot(foreign):
    lab = foreign.load()
    made = RolloutStore(lab.directory).create(rollout(1))
    assert works(lab)._kept_inventory(made) is None


def test_an_own_inventory_is_put_back_from_its_copy(lab):
    loaded = lab.load()
    made = RolloutStore(loaded.directory).create(rollout(1))
    kept = works(loaded)._kept_inventory(made)
    lab.hosts("workstations = ['another']")
    assert [host.name for host in load_lab(kept).hosts] == ["rig1"]
