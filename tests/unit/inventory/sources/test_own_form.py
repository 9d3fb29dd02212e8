"""``deeprig init --from``: what is written says what was read, without secrets, each time alike."""

import json

import pytest
from click.testing import CliRunner

from deeprig.cli import cli
from deeprig.inventory.merge import merge_levels

YAML = """\
    all:
      vars:
        ansible_user: ada
        deeprig: {gpu_count: 1, base: {packages: [git]}}
      children:
        lab:
          children:
            gpu-rigs:
              hosts:
                rig[1:3]:
              vars:
                deeprig: {gpu_count: 4, base: {timezone: Europe/Berlin}}
        class:
          hosts: {rig3: , pc1: {ansible_port: 2222}}
    """


def run(*arguments):
    return CliRunner().invoke(cli, ["init", *arguments])


def merged(lab):
    return {host.name: merge_levels(host.levels).data for host in lab.read}


def test_what_is_written_says_what_was_read(desk):
    desk.write("hosts.yml", YAML)
    result = run("--from", "hosts.yml")
    assert result.exit_code == 0, result.output
    read, written = desk.load("hosts.yml"), desk.load("inventory/lab.py")
    assert merged(written) == merged(read)
    assert set(written.host("rig3").groups) >= {"group_lab", "gpu_rigs", "group_class", "machines"}


def test_a_setting_is_written_once_where_all_it_is_of_agree(desk):
    desk.write("hosts.yml", YAML)
    run("--from", "hosts.yml")
    data = desk.path / "inventory/group_data"
    assert 'ssh_user = "ada"' in (data / "all.py").read_text()
    assert "gpu_count" not in (data / "all.py").read_text()
    assert "gpu_count = 4" in (data / "gpu_rigs.py").read_text()
    assert '("pc1", {' in (desk.path / "inventory/lab.py").read_text()


def test_the_same_source_gives_the_same_files(desk):
    desk.write("hosts.yml", YAML)
    for name in ("one", "two"):
        assert run("--from", "hosts.yml", name).exit_code == 0
    texts = [
        {p.name: p.read_text() for p in (desk.path / name).rglob("*") if p.is_file()}
        for name in ("one", "two")
    ]
    assert texts[0] == texts[1]
    assert run("--from", "hosts.yml", "one").exit_code == 0  # nothing would be overwritten


def test_nothing_is_overwritten_where_nobody_can_be_asked(desk):
    desk.write("hosts.yml", YAML)
    desk.write("inventory/lab.py", "mine = ['x']\n")
    result = run("--from", "hosts.yml")
    assert result.exit_code == 2
    assert "inventory/lab.py: there already; nothing was written" in result.output
    assert (desk.path / "inventory/lab.py").read_text() == "mine = ['x']\n"
    assert not (desk.path / "inventory/group_data").exists()
    assert run("--from", "hosts.yml", "--overwrite").exit_code == 0
    assert "rig1" in (desk.path / "inventory/lab.py").read_text()


@pytest.mark.parametrize(("answer", "is_kept"), [("n\n", True), ("y\n", False)])
def test_a_person_is_asked(desk, monkeypatch, answer, is_kept):
    desk.write("hosts.yml", YAML)
    desk.write("inventory/lab.py", "mine = ['x']\n")
    monkeypatch.setattr("deeprig.cli.init._is_person", lambda: True)
    result = CliRunner().invoke(cli, ["init", "--from", "hosts.yml"], input=answer)
    assert "Overwrite inventory/lab.py?" in result.output
    assert ((desk.path / "inventory/lab.py").read_text() == "mine = ['x']\n") is is_kept


def test_data_that_would_be_merged_in_is_emptied_or_refused(desk):
    desk.write("hosts.yml", YAML)
    desk.write("inventory/group_data/gpu_rigs.py", "gpu_count = 9\n")
    desk.write("inventory/gpu.py", "gpu_rigs = ['x']\n")
    assert run("--from", "hosts.yml").exit_code == 2
    assert run("--from", "hosts.yml", "--overwrite").exit_code == 0
    assert desk.load("inventory/lab.py").host("rig1").settings.gpu_count == 4
    desk.write("group_data/all.py", "gpu_count = 9\n")
    assert "would be merged" in run("--from", "hosts.yml", "--overwrite").output


def test_secrets_are_not_copied_and_references_are(desk, monkeypatch):
    monkeypatch.setenv("LAB_LOGIN", "from-the-environment")
    desk.write(
        "hosts.yml",
        """\
        all:
          vars:
            deeprig:
              network_access: {http_proxy: "http://ada:hush-proxy@proxy.example:3128"}
          hosts:
            rig1: {ansible_password: hush-one}
            rig2: {ansible_password: hush-two}
            rig3: {deeprig: {ssh_password: {env: LAB_LOGIN}}}
        """,
    )
    result = run("--from", "hosts.yml", "--json")
    assert result.exit_code == 0, result.output
    written = "".join(p.read_text() for p in (desk.path / "inventory").rglob("*.py"))
    assert "hush" not in written
    assert "from-the-environment" not in written
    assert '{"env": "LAB_LOGIN"}' in written
    told = json.loads(result.output.splitlines()[-1])
    assert told["environment"] == ["DEEPRIG_RIG1_SSH_PASSWORD", "DEEPRIG_RIG2_SSH_PASSWORD"]
    assert "rig1: network_access.http_proxy: a password in it was masked" in result.output
    for name in told["environment"]:
        monkeypatch.setenv(name, "given-again")
    assert "given-again" in desk.load("inventory/lab.py").inventory.host_data["rig1"].values()


def test_a_secret_that_hosts_share_is_one_variable(desk):
    desk.write("hosts.csv", "name,password\nrig1,hush-all\nrig2,hush-all\n")
    assert "DEEPRIG_SSH_PASSWORD" in run("--from", "hosts.csv").output
    assert (
        'ssh_password = {"env": "DEEPRIG_SSH_PASSWORD"}'
        in (desk.path / "inventory/group_data/all.py").read_text()
    )


def test_long_values_are_laid_out_and_read_again(desk):
    packages = [f"package-{n}" for n in range(40)]
    desk.write("hosts.csv", "name\nrig1\nrig2\n")
    desk.write("group_data/all.py", f"base = {{'packages': {packages!r}}}\n")
    assert run("--from", "hosts.csv", "out").exit_code == 0
    text = (desk.path / "out/inventory/group_data/all.py").read_text()
    assert max(map(len, text.splitlines())) <= 100
    assert merged(desk.load("out/inventory/lab.py")) == merged(desk.load("hosts.csv"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--from", "hosts.csv", "--host", "x"), "exclude each other"),
        (("--overwrite",), "--overwrite is of --from"),
        (("--from", "gone.csv"), "no such file"),
        (("--from", "netbx:x"), "did you mean 'netbox'?"),
    ],
)
def test_bad_usage(desk, arguments, expected):
    desk.write("hosts.csv", "name\nrig1\n")
    result = run(*arguments)
    assert result.exit_code == 2
    assert expected in result.output
