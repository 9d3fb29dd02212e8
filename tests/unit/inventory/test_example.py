"""The example lab and the starter lab are valid inventories."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from deeprig.cli import cli
from deeprig.inventory.load import load_lab

ROOT = Path(__file__).parents[3]


def test_the_example_inventory_is_valid():
    names = [host.name for host in load_lab(ROOT / "inventory/lab.py").hosts]
    assert names == ["ada", "grace", "lovelace"]


def test_the_starter_without_hosts_is_valid(tmp_path):
    result = CliRunner().invoke(cli, ["init", str(tmp_path / "new")])
    assert result.exit_code == 0, result.output
    assert load_lab(tmp_path / "new/inventory/lab.py").hosts[0].name == "rig1"


def test_the_starter_takes_hosts(tmp_path):
    hosts = ["--host", "root@192.0.2.7:2222", "--host", "gpu.example.org"]
    assert CliRunner().invoke(cli, ["init", str(tmp_path), *hosts]).exit_code == 0
    loaded = load_lab(tmp_path / "inventory/lab.py")
    assert loaded.host("192.0.2.7").settings.ssh_user == "root"
    assert loaded.host("192.0.2.7").settings.ssh_port == 2222
    assert loaded.host("gpu").settings.ssh_hostname == "gpu.example.org"


def test_init_overwrites_nothing(tmp_path):
    first = CliRunner().invoke(cli, ["init", str(tmp_path)])
    (tmp_path / "inventory/lab.py").write_text("mine = ['x']\n")
    second = CliRunner().invoke(cli, ["init", str(tmp_path)])
    assert first.exit_code == 0
    assert second.exit_code == 2
    assert "nothing was written" in second.output
    assert (tmp_path / "inventory/lab.py").read_text() == "mine = ['x']\n"


@pytest.mark.parametrize("host", ["", "a b", "user@", "host:0", "host:99999", "--"])
def test_init_refuses_what_is_no_host(tmp_path, host):
    result = CliRunner().invoke(cli, ["init", str(tmp_path), f"--host={host}"])
    assert result.exit_code == 2
    assert not (tmp_path / "inventory").exists()
