"""How restic reaches a server: with declared keys, to declared hosts, and nothing else."""

import pytest
from deeprig_host.backup.config import parse_configuration
from deeprig_host.backup.credentials import place_of
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.reach import Target, reach_words, ssh_target
from deeprig_host.cooling.config import BadConfiguration
from deeprig_host.machine.refusal import Refused

SECTION = "[backup]\nsources = /home\n[repository r]\npassword_file = /p\nkeep_daily = 7\n"
KEYS = "ssh_key_file = /k\nknown_hosts_file = /h\n"


def repository(url, **more):
    return Repository("r", url, "/p", **more)


def over_ssh(machine, url):
    """A repository over SSH whose files are there."""
    for name, mode in (("/k", 0o600), ("/h", 0o644)):
        machine.path(name).write_text("x\n")
        machine.path(name).chmod(mode)
    return repository(url, ssh_key_file="/k", known_hosts_file="/h")


def problems(lines):
    with pytest.raises(BadConfiguration) as refused:
        parse_configuration(SECTION + lines, "f")
    return [one.reason for one in refused.value.problems]


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("rclone+ssh://backup@nas", Target("backup", "nas", 22)),
        ("rclone+ssh://backup@nas.example.org:2222/", Target("backup", "nas.example.org", 2222)),
        ("rclone+ssh://backup@[fd00::1]:2222", Target("backup", "fd00::1", 2222)),
        ("sftp://rig1@nas:2200//srv/rig1", Target("rig1", "nas", 2200)),
        ("sftp://nas/backups", Target("", "nas", 22)),
        ("sftp:rig1@nas:/srv/rig1", Target("rig1", "nas", 22)),
    ],
)
def test_a_url_over_ssh_names_its_server(url, target):
    assert ssh_target(url) == target
    assert parse_configuration(SECTION + f"url = {url}\n{KEYS}", "f").repositories[0].url == url


@pytest.mark.parametrize(
    "url",
    [
        "rclone+ssh://backup@nas/elsewhere",
        "rclone+ssh://-oProxyCommand=touch",
        "rclone+ssh://a@-oProxyCommand=x",
        "rclone+ssh://u:pw@nas",
        "sftp://u:pw@nas//x",
        "sftp://nas:0//x",
        "sftp:nas",
        "sftp:-oProxyCommand=x:/y",
        "sftp://a b@nas//x",
    ],
)
def test_a_url_that_names_no_server_is_refused(url):
    assert problems(f"url = {url}\n{KEYS}") == [f"url: {url!r} names no server and place"]


def test_over_ssh_key_and_server_must_be_declared_and_nowhere_else():
    assert problems("url = rclone+ssh://b@nas\n") == [
        "[repository r] has no ssh_key_file",
        "[repository r] has no known_hosts_file",
    ]
    assert problems(f"url = /disk\n{KEYS}") == [
        "ssh_key_file is of no use: /disk is not reached over SSH",
        "known_hosts_file is of no use: /disk is not reached over SSH",
    ]
    assert problems(f"url = sftp://b@nas//x\n{KEYS}ca_file = /ca\n") == [
        "ca_file is of no use: sftp://b@nas//x is not reached over TLS"
    ]
    (reason,) = problems("url = sftp://b@nas//x\nssh_key_file = /my key\nknown_hosts_file = /h\n")
    assert reason == "ssh_key_file: '/my key' cannot be part of a command"


def test_rclone_over_ssh_is_told_everything_on_its_command_line(machine):
    words = reach_words(machine, over_ssh(machine, "rclone+ssh://backup@nas:2222"))
    assert words[0] == "-o"
    program = words[1].removeprefix("rclone.program=").split()
    assert program[0] == "ssh"
    assert program[-1] == "backup@nas"
    told = [program[n + 1] for n, word in enumerate(program) if word == "-o"]
    assert {"StrictHostKeyChecking=yes", "IdentityAgent=none", "BatchMode=yes"} <= set(told)
    assert f"UserKnownHostsFile={machine.root}/h" in told
    assert " ".join(program[1:8]) == f"-F none -T -p 2222 -i {machine.root}/k"
    assert len(words) == 2
    assert place_of(machine, repository("rclone+ssh://backup@nas:2222")) == "rclone:"


def test_sftp_uses_the_same_ssh_and_asks_for_the_subsystem(machine):
    rclone = reach_words(machine, over_ssh(machine, "rclone+ssh://rig1@nas"))[1]
    sftp = reach_words(machine, over_ssh(machine, "sftp://rig1@nas//r"))[1]
    assert sftp == rclone.replace("rclone.program=", "sftp.command=") + " -s sftp"
    assert place_of(machine, repository("sftp://rig1@nas//r")) == "sftp://rig1@nas//r"


def test_a_key_that_others_read_or_a_server_without_key_is_refused(machine):
    ours = over_ssh(machine, "rclone+ssh://b@nas")
    machine.path("/k").chmod(0o640)
    with pytest.raises(Refused, match="/k is open to others"):
        reach_words(machine, ours)
    machine.path("/k").chmod(0o600)
    machine.path("/h").unlink()
    with pytest.raises(Refused, match="/h is not there"):
        reach_words(machine, ours)


def test_a_certificate_of_the_labs_own_is_given_to_restic(machine):
    cloud = repository("rest:https://nas:8000/rig1/", ca_file="/ca")
    with pytest.raises(Refused, match="/ca is not there"):
        reach_words(machine, cloud)
    machine.path("/ca").write_text("-----BEGIN CERTIFICATE-----\n")
    assert reach_words(machine, cloud) == ("--cacert", f"{machine.root}/ca")
    text = SECTION + "url = rest:https://nas:8000/rig1/\nca_file = /ca\n"
    assert parse_configuration(text, "f").repositories[0].ca_file == "/ca"


def test_what_is_on_this_machine_needs_nothing(machine):
    assert reach_words(machine, repository("/disk")) == ()
