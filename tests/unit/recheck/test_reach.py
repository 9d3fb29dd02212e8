"""OpenSSH is told how pyinfra reaches a host, or the host is not rechecked."""

import pytest

from deeprig.recheck.reach import ssh_words


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_all_that_pyinfra_is_told(home):
    words = ssh_words(
        "rig1",
        {
            "ssh_hostname": "10.0.0.7",
            "ssh_port": 2222,
            "ssh_user": "ada",
            "ssh_key": "/keys/one",
            "ssh_known_hosts_file": "/lab/known_hosts",
            "ssh_strict_host_key_checking": "accept-new",
            "gpu_count": 2,
        },
    )
    assert words[:9] == ("ssh", "-F", "none", "-p", "2222", "-l", "ada", "-i", "/keys/one")
    assert words[-2:] == ("--", "10.0.0.7")
    assert "UserKnownHostsFile=/lab/known_hosts" in words
    # Never accepted here, whatever the inventory says: the run that follows does that.
    assert "StrictHostKeyChecking=yes" in words


def test_the_users_configuration_counts_where_there_is_one(home):
    assert ssh_words("rig1", {})[1:3] == ("-F", "none")
    (home / ".ssh").mkdir()
    (home / ".ssh" / "config").write_text("")
    assert ssh_words("rig1", {})[1:3] == ("-F", str(home / ".ssh" / "config"))
    other = {"ssh_config_file": str(home / ".ssh" / "config")}
    assert ssh_words("rig1", other)[2] == str(home / ".ssh" / "config")


@pytest.mark.parametrize(
    "data",
    [
        {"ssh_password": "x"},
        {"ssh_key_password": "x"},
        {"ssh_paramiko_connect_kwargs": {"banner_timeout": 5}},
        {"ssh_look_for_keys": False},
        {"ssh_allow_agent": False},
        {"ssh_forward_agent": True},
        {"ssh_hostname": "-oProxyCommand=true"},
        {"ssh_known_hosts_file": "/a b"},
        {"ssh_known_hosts_file": "/%h"},
    ],
)
def test_what_openssh_cannot_be_told(data):
    assert ssh_words("rig1", data) is None


def test_what_is_as_by_default_is_no_hindrance():
    data = {"ssh_allow_agent": True, "ssh_forward_agent": False, "ssh_password": None}
    assert ssh_words("rig1", data) is not None
