"""``deeprig inspect``: recorded facts, this machine over pyinfra's local connector, bad usage."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from deeprig.cli import cli
from deeprig.report import store
from tests.unit.audit import described_hosts as hosts
from tests.unit.audit import inspections

ROOT = Path(__file__).parents[3]


def inspect(*arguments):
    return CliRunner().invoke(cli, ["inspect", *map(str, arguments)])


def recorded(path, document):
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def four_cards(tmp_path):
    return recorded(tmp_path / "four.json", hosts.four_cards())


def test_recorded_facts_are_graded_without_a_host(four_cards):
    done = inspect("--facts", four_cards)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "four"
    assert "4 x NVIDIA GeForce RTX 3090" in done.stdout
    assert "Models that fit on each of 4 NVIDIA GeForce RTX 3090" in done.stdout
    assert "\x1b" not in done.stdout


def test_what_fails_makes_the_exit_code_1(tmp_path, four_cards):
    assert inspect("--facts", recorded(tmp_path / "no.json", hosts.workstation())).exit_code == 1
    weak = inspect("--facts", four_cards, "--declare", "psu_watts=1000", "--declare", "cpu_watts=1")
    assert weak.exit_code == 1
    assert "power.supply" in weak.stdout


def test_json_is_the_report_and_nothing_else(four_cards):
    done = inspect("--facts", four_cards, "--json", "--declare", "use=research")
    document = json.loads(done.stdout)
    report = store.from_json(document)
    assert (document["schema"], document["inventory"]) == ("deeprig.inspect/1", None)
    assert report.hosts[0].declared == {"use": "research"}
    assert report.hosts[0].audit.use == "research"
    assert done.stderr == ""


def test_a_report_is_graded_again_with_what_was_declared_then(tmp_path):
    whole = inspections.report(inspections.four_cards(), inspections.laptop(), inspections.GONE)
    path = recorded(tmp_path / "report.json", whole.to_json())
    again = json.loads(inspect("--facts", path, "--json").stdout)
    assert [host["host"] for host in again["hosts"]] == ["four-cards", "laptop"]
    assert again["hosts"][0]["audit"] == whole.to_json()["hosts"][0]["audit"]
    changed = json.loads(inspect("--facts", path, "--json", "--declare", "psu_watts=1000").stdout)
    assert changed["hosts"][0]["declared"] == again["hosts"][0]["declared"] | {"psu_watts": 1000.0}


def test_several_files_are_compared(tmp_path, four_cards):
    done = inspect("--facts", four_cards, "--facts", recorded(tmp_path / "b.json", hosts.laptop()))
    assert done.stdout.splitlines()[0].split() == ["rule", "four", "b"]


def test_the_gpus_capability_is_known_before_a_driver(tmp_path):
    cards = [hosts.before_driver(hosts.rtx_4090(1))]
    path = recorded(tmp_path / "new.json", hosts.put_in(hosts.workstation(), *cards))
    done = inspect("--facts", path)
    assert "GPU 10de:2684 (compute 8.9, no driver answers)" in done.stdout


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "it cannot be read: No such file"),
        ("{", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("\udcff", "it is not JSON"),
        ("[]", "its schema is None"),
        ('{"schema": "deeprig.verify/1"}', "its schema is 'deeprig.verify/1'"),
        ('{"schema": "deeprig.hardware/1"}', "collected: missing"),
        ('{"schema": "deeprig.inspect/1"}', "it is not a report of this deeprig"),
        (json.dumps(inspections.report(inspections.GONE).to_json()), "none of its hosts"),
    ],
)
def test_a_file_that_holds_no_facts_is_bad_usage(tmp_path, content, told):
    path = tmp_path / "facts.json"
    if content is not None:
        path.write_bytes(content.encode(errors="surrogateescape"))
    done = inspect("--facts", path)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert f"{path}: " in done.stderr
    assert told in done.stderr
    assert "    -> " in done.stderr


def test_a_report_with_a_wrong_declaration_is_bad_usage(tmp_path):
    document = inspections.report(inspections.laptop()).to_json()
    document["hosts"][0]["declared"] = {"psu_watts": "strong"}
    done = inspect("--facts", recorded(tmp_path / "r.json", document))
    assert done.exit_code == 2
    assert "psu_watts" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--declare", "psu_wats=1600"], "did you mean 'psu_watts'?"),
        (["--declare", "psu_watts"], "write psu_watts=VALUE"),
        (["--declare", "psu_watts=strong"], "psu_watts=strong"),
        (["--declare", "use=gaming"], "use=gaming"),
        (["--declare", "cooler_type=fan"], "must be one of 'blower'"),
        (["--limit", "rig1"], "--facts and --limit exclude each other"),
        (["-i", "lab.py"], "--facts and --inventory exclude each other"),
        (["-K"], "--facts and --ask-sudo-password exclude each other"),
    ],
    ids=str,
)
def test_bad_usage_is_told_before_anything_is_graded(four_cards, arguments, told):
    done = inspect("--facts", four_cards, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_hardware_in_the_inventory_is_validated_before_any_connection(tmp_path):
    inventory = tmp_path / "inventory" / "lab.py"
    inventory.parent.mkdir()
    hardware = {"psu_wats": 1600, "cooler_type": "fan", "use": "gaming"}
    inventory.write_text(
        f"rigs = [('rig1', {{'ssh_hostname': '192.0.2.1', 'hardware': {hardware}}})]"
    )
    done = inspect("-i", inventory)
    assert done.exit_code == 2
    assert "3 problems; nothing was contacted" in done.stderr
    assert "rig1: hardware.psu_wats (host entry): there is no such setting" in done.stderr
    assert "did you mean 'psu_watts'?" in done.stderr
    assert "rig1: hardware.cooler_type (host entry): must be one of" in done.stderr
    assert "rig1: hardware.use (host entry): input should be 'experiment'" in done.stderr


@pytest.fixture
def here(tmp_path):
    """Inspect this machine, which pyinfra calls @local, from a lab directory of its own."""
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/lab.py").write_text(
        "rigs = [('@local', {'ssh_user': 'root', 'hardware': {'use': 'research'}}),"
        " ('gone', {'ssh_hostname': '127.0.0.1', 'ssh_port': 1})]"
    )

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "deeprig", "inspect", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=False,
            timeout=120,
        )

    return run


def test_this_machine_is_inspected_and_the_report_is_stored(here, tmp_path):
    done = here("--limit", "@local", "--json")
    document = json.loads(done.stdout)
    host = document["hosts"][0]
    assert host["status"] == "graded", done.stderr
    assert host["facts"]["memory"]["total_bytes"] > 0
    assert host["declared"] == {"use": "research"}
    assert done.returncode == document["exit_code"]
    assert store.load(store.newest(tmp_path, "inspect")).to_json() == document


def test_a_driver_role_of_the_labs_own_needs_a_table_of_gpus(here, tmp_path):
    role = tmp_path / "roles" / "nvidia_driver" / "__init__.py"
    role.parent.mkdir(parents=True)
    role.write_text(
        "from pyinfra.api.deploy import deploy\n"
        "from deeprig.role import Role, RoleSettings\n\n"
        "@deploy('nvidia_driver')\ndef tasks(context):\n    pass\n\n"
        "ROLE = Role(name='nvidia_driver', settings=RoleSettings, deploy=tasks)\n"
    )
    # The built-in roles beside it would refuse it, too: this host has none of them.
    (tmp_path / "inventory/lab.py").write_text("rigs = [('@local', {'roles': []})]")
    done = here()
    assert (done.returncode, done.stdout) == (2, "")
    assert "role nvidia_driver: it has no table of GPUs" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_host_that_is_gone_leaves_the_others_theirs(here):
    done = here("--json")
    statuses = {host["host"]: host["status"] for host in json.loads(done.stdout)["hosts"]}
    assert statuses == {"@local": "graded", "gone": "unreachable"}
    alone = here("--limit", "gone")
    assert alone.returncode == 3
    assert "no connection" in alone.stdout
