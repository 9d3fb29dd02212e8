"""A lab's state, its inventory, and what its hosts may reach."""

import subprocess

import pytest

from deeprig.errors import UsageProblem
from deeprig.inventory.load import load_lab
from deeprig.lab import access, machine, writing
from deeprig.lab.gateway import request_head
from deeprig.lab.state import LabHost, LabState


@pytest.fixture
def state(tmp_path):
    made = LabState(
        tmp_path,
        (LabHost("rig1", "debian12", "10.213.0.11", 40001),),
        (("dist", "/srv/dist"),),
        ("mirror.example",),
        40000,
    )
    made.save()
    return made


def test_the_state_is_read_back_as_it_was_written(state):
    assert LabState.load(state.directory) == state


def test_no_state_is_no_lab(tmp_path):
    assert LabState.load(tmp_path / "none") is None


def test_a_state_of_another_version_is_refused(state):
    (state.directory / "state.json").write_text('{"schema": "deeprig.lab/0"}')
    with pytest.raises(UsageProblem, match="another version"):
        LabState.load(state.directory)


def test_two_labs_of_one_name_have_different_ids(tmp_path):
    assert LabState(tmp_path / "a/x").id != LabState(tmp_path / "b/x").id


def test_an_unknown_host_names_those_there_are(state):
    with pytest.raises(UsageProblem, match="rig1"):
        state.host("rig9")


def test_the_written_inventory_is_valid_and_strict_about_host_keys(state):
    writing.write_key(state)
    machine.prepare(state, state.hosts[0])
    writing.write_known_hosts(state)
    writing.write_inventory(state, None)
    host = load_lab(state.inventory).host("rig1")
    assert host.address == "127.0.0.1:40001"
    assert host.settings.ssh_strict_host_key_checking == "yes"
    assert host.settings.gpu_count == 0
    key = (state.machine("rig1") / "upper/etc/ssh/ssh_host_ed25519_key.pub").read_text().strip()
    assert state.known_hosts.read_text() == f"[127.0.0.1]:40001 {key}\n"


def test_settings_of_the_hosts_can_be_given_and_a_missing_file_is_told(state, tmp_path):
    writing.write_key(state)
    data = tmp_path / "data.py"
    data.write_text('base = {"packages": ["htop"]}\n')
    writing.write_inventory(state, data)
    base = load_lab(state.inventory).host("rig1").role_settings["base"]
    assert base.packages == ("htop",)
    assert base.apt.proxy is not None  # merged with what the lab knows
    with pytest.raises(UsageProblem, match="cannot be read"):
        writing.write_inventory(state, tmp_path / "none.py")


def test_source_hosts_of_an_image(tmp_path):
    sources = tmp_path / "etc/apt/sources.list.d"
    sources.mkdir(parents=True)
    (tmp_path / "etc/apt/sources.list").write_text("deb http://one.example/debian x main\n")
    (sources / "two.sources").write_text("URIs: https://two.example:8080/debian\n")
    assert access.source_hosts(tmp_path) == ("one.example", "two.example")


def test_extra_certificates_are_those_the_distribution_does_not_ship(tmp_path):
    pem = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----"
    (tmp_path / "known").mkdir()
    (tmp_path / "known/a.crt").write_text(pem.format("AAAA"))
    bundle = tmp_path / "bundle.crt"
    bundle.write_text("\n".join(pem.format(body) for body in ("AAAA", "BBBB")))
    assert access.extra_certificates(bundle, tmp_path / "known") == (pem.format("BBBB"),)
    assert access.extra_certificates(tmp_path / "none", tmp_path) == ()


@pytest.mark.parametrize(("capabilities", "is_free"), [("000001ffffffffff", True), ("0", False)])
def test_limits_are_stated_only_where_hosts_cannot_exceed_them(tmp_path, capabilities, is_free):
    status = tmp_path / "status"
    status.write_text(f"Name:\tx\nCapEff:\t{capabilities}\n")
    assert (access.highest_limits(status) == {}) is is_free


def test_the_controllers_own_package_sources_are_allowed():
    subprocess.run(["apt-get", "--version"], check=True, capture_output=True)
    assert access.allowed_hosts()


def test_a_proxied_request_reaches_its_origin_in_origin_form():
    head = b"GET http://m.example/a?b HTTP/1.1\r\nHost: m.example\r\nProxy-Connection: x\r\n\r\n"
    assert request_head("GET", "/a", "b", head) == (
        b"GET /a?b HTTP/1.1\r\nHost: m.example\r\nConnection: close\r\n\r\n"
    )
