"""A host's own files lie in its overlay with the modes and owners a real machine has."""

import stat

import pytest

from deeprig.lab import disk, writing


@pytest.fixture
def upper(state):
    writing.write_key(state)
    disk.prepare(state, state.hosts[0])
    return state.machine("rig1") / "upper"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_lab_key_logs_in_to_both_accounts(state, upper, image):
    key = state.key.with_suffix(".pub").read_text()
    for home in ("root", "home/deeprig"):
        file = upper / home / ".ssh/authorized_keys"
        assert file.read_text() == key
        assert (mode(file), mode(file.parent)) == (0o600, 0o700)
        assert mode(upper / home) == mode(image / home)
        owner = (image / home).stat().st_uid
        assert {file.stat().st_uid, file.parent.stat().st_uid} == {owner}


def test_name_and_address_are_the_hosts(upper):
    assert (upper / "etc/hostname").read_text() == "rig1\n"
    assert "127.0.1.1 rig1\n" in (upper / "etc/hosts").read_text()
    network = (upper / "etc/systemd/network/10-lab.network").read_text()
    assert "Address=10.213.0.11/24" in network


def test_private_host_keys_are_private(upper):
    keys = sorted((upper / "etc/ssh").glob("ssh_host_*_key"))
    assert len(keys) >= 3
    assert {mode(key) for key in keys} == {0o600}


def test_a_host_that_has_booted_is_left_as_it_is(state, upper):
    (upper / "etc/hosts").write_text("10.0.0.1 changed by a role\n")
    key = (upper / "etc/ssh/ssh_host_ed25519_key").read_text()
    disk.prepare(state, state.hosts[0])
    assert (upper / "etc/hosts").read_text() == "10.0.0.1 changed by a role\n"
    assert (upper / "etc/ssh/ssh_host_ed25519_key").read_text() == key


def test_what_a_killed_up_had_half_written_is_completed(state, upper):
    (upper / "etc/ssh/ssh_host_ed25519_key.pub").unlink()
    (upper / "etc/ssh/ssh_host_ed25519_key").unlink()
    (upper / "etc/hostname").unlink()
    disk.prepare(state, state.hosts[0])
    assert (upper / "etc/hostname").read_text() == "rig1\n"
    assert (upper / "etc/ssh/ssh_host_ed25519_key.pub").exists()
