"""OpenSSH client configurations as inventories."""

import pytest

CONFIG = """\
    Include more/*.conf
    Host rig1 rig1.lab
      HostName 192.0.2.1
      User root
    Host *.lab !x
      User ada
    Host=rig2
      ProxyJump rig1
    Host "rig1"
      Port 2222
"""


@pytest.fixture
def config(desk):
    desk.write("home/.ssh/config", CONFIG)
    desk.write("home/.ssh/more/one.conf", "Host rig9\n  User root\n")
    return desk.path / "home/.ssh/config"


def test_aliases_are_hosts_and_patterns_are_none(desk, config):
    lab = desk.load(config)
    assert [host.name for host in lab.hosts] == ["rig9", "rig1", "rig2"]
    assert [host.needs_sudo for host in lab.hosts] == [False, False, True]
    assert lab.inventory.host_data["rig2"]["ssh_config_file"] == str(config)


def test_a_pattern_chooses_from_the_persons_own_configuration(desk, config):
    assert [host.name for host in desk.load("ssh:rig[12]").hosts] == ["rig1", "rig2"]


def test_further_names_of_one_machine_are_told(desk, config):
    assert "rig1.lab: further names of 'rig1'" in str(desk.load(config).notes[0])


def test_group_data_is_found_where_deeprig_was_started(desk, config):
    desk.write("inventory/group_data/all.py", "gpu_count = 3\n")
    assert desk.load("ssh:rig1").host("rig1").settings.gpu_count == 3


def test_checks_leave_the_address_to_the_configuration(desk, config):
    from deeprig.verify.ssh_config import ssh_config_text

    lab = desk.load(config)
    text = ssh_config_text(lab.host("rig1"), lab.directory, desk.path)
    assert "HostName" not in text
    assert "Port" not in text
    assert f'Include "{config}"' in text


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("ssh:nothing*", "no Host line names one that matches nothing*"),
        ("ssh-config:gone", "gone: there is no such file"),
        ("ssh-config:quotes", "quotes:1: this line cannot be understood"),
        ("ssh-config:relative", "relative:1: Include other starts at ~/.ssh for ssh"),
        ("ssh-config:port", "pyinfra cannot read it"),
    ],
)
def test_a_mistake_is_told_at_its_line(desk, config, where, expected):
    desk.write("quotes", 'Host "rig1\n')
    desk.write("relative", "Include other\nHost rig1\n")
    desk.write("port", "Host rig1\n  NoValue\n")
    assert expected in desk.only_problem(where)


def test_an_include_of_itself_ends(desk):
    file = desk.write("cfg", f"Include {desk.path}/cfg\nHost rig1\n")
    assert "it includes itself" in desk.only_problem(file)
