"""A lab's state and its inventory."""

import pytest

from deeprig.errors import UsageProblem
from deeprig.inventory.load import load_lab
from deeprig.lab import disk, writing
from deeprig.lab.state import LabState


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
    disk.prepare(state, state.hosts[0])
    writing.write_known_hosts(state)
    writing.write_inventory(state, None)
    host = load_lab(state.inventory).host("rig1")
    assert host.address == "127.0.0.1:40001"
    assert host.settings.ssh_strict_host_key_checking == "yes"
    assert host.settings.gpu_count == 0
    assert host.settings.gpu_count == 0


def test_known_hosts_are_the_keys_on_the_hosts_disks(state):
    writing.write_key(state)
    disk.prepare(state, state.hosts[0])
    writing.write_known_hosts(state)
    ssh = state.machine("rig1") / "upper/etc/ssh"
    keys = {" ".join(file.read_text().split()[:2]) for file in ssh.glob("*.pub")}
    assert len(keys) >= 3
    assert set(state.known_hosts.read_text().splitlines()) == {
        f"[127.0.0.1]:40001 {key}" for key in keys
    }
    # What the host itself has later is what is known: nothing is remembered.
    (ssh / "ssh_host_ed25519_key.pub").write_text("ssh-ed25519 AAAA somebody\n")
    writing.write_known_hosts(state)
    assert "[127.0.0.1]:40001 ssh-ed25519 AAAA\n" in state.known_hosts.read_text()


def test_a_half_made_login_key_is_made_again(state):
    state.key.parent.mkdir(parents=True)
    state.key.write_text("")
    writing.write_key(state)
    assert state.key.with_suffix(".pub").read_text().startswith("ssh-ed25519 ")
    made = state.key.read_text()
    writing.write_key(state)
    assert state.key.read_text() == made


def test_the_state_says_where_served_directories_are(state):
    assert state.served_urls == {"dist": "http://10.213.0.1:8000/dist/"}
    assert state.controller_url("dist") == "http://127.0.0.1:40000/dist/"
    assert state.bridge_address == "10.213.0.1"


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
