"""Ansible's forms: what they say to deeprig, and every mistake at its line."""

import os
import signal
import time
from pathlib import Path

import pytest

from deeprig.errors import InventoryProblem
from deeprig.inventory.sources.ansible.ranges import expand
from deeprig.inventory.sources.asking import answer_of

INI = """\
    # the lab
    bare ansible_host=192.0.2.9
    [gpu]
    rig[01:03].lab ansible_user=root
    [gpu:vars]
    ansible_port=2222
    deeprig={"gpu_count": 2, "base": {"packages": ["git"]}}
    http_port=80
    [lab:children]
    gpu
"""


def test_an_ini_inventory_becomes_hosts_groups_and_settings(desk):
    lab = desk.load(desk.write("hosts.ini", INI))
    assert [host.name for host in lab.hosts] == ["bare", "rig01.lab", "rig02.lab", "rig03.lab"]
    rig = lab.host("rig02.lab")
    assert rig.groups == ("lab", "gpu")
    assert (rig.settings.ssh_user, rig.settings.ssh_port, rig.settings.gpu_count) == (
        "root",
        2222,
        2,
    )
    assert rig.role_settings["base"].packages == ("git",)
    assert lab.host("bare").settings.ssh_hostname == "192.0.2.9"


def test_pyinfra_is_told_what_the_connection_needs_and_nothing_else(desk):
    lab = desk.load(desk.write("hosts.ini", INI))
    assert lab.inventory.host_data["rig01.lab"] == {"ssh_user": "root", "ssh_port": 2222}
    assert [group.name for group in lab.inventory.groups["gpu"]] == [
        "rig01.lab",
        "rig02.lab",
        "rig03.lab",
    ]


def test_other_variables_are_counted_as_a_detail(desk):
    notes = desk.load(desk.write("hosts.ini", INI)).notes
    assert [str(note) for note in notes] == [
        f"{desk.path}/hosts.ini: 1 variable is not deeprig's, and left alone: http_port"
    ]
    assert notes[0].is_detail


YAML = """\
    all:
      vars:
        ansible_user: root
        deeprig:
          gpu_count: 1
      children:
        gpu:
          hosts:
            rig[1:2]:
            rig3:
              ansible_host: 192.0.2.3
              deeprig: {gpu_count: 4}
        teaching:
          hosts: {rig1: {}}
          vars:
            deeprig: {base: {timezone: Europe/Berlin}}
"""


def test_a_yaml_inventory_merges_deeprig_level_by_level(desk):
    lab = desk.load(desk.write("hosts.yml", YAML))
    assert [lab.host(f"rig{n}").settings.gpu_count for n in (1, 2, 3)] == [1, 1, 4]
    assert lab.host("rig1").role_settings["base"].timezone == "Europe/Berlin"
    assert lab.host("rig1").groups == ("gpu", "teaching")


def test_group_vars_and_host_vars_beside_are_read_in_ansibles_order(desk):
    desk.write("prod/hosts", "[gpu]\nrig1 ansible_user=inline\nrig2\n")
    desk.write("prod/group_vars/all.yml", "ansible_user: all\nansible_port: 22\n")
    desk.write("prod/group_vars/gpu/a.yml", "ansible_port: 2201\n")
    desk.write("prod/group_vars/gpu/b.yml", "ansible_port: 2202\n")
    desk.write("prod/host_vars/rig2.yml", "ansible_user: file\n")
    lab = desk.load("prod/hosts")
    assert lab.host("rig1").settings.ssh_user == "inline"
    assert lab.host("rig2").settings.ssh_user == "file"
    assert lab.host("rig1").settings.ssh_port == 2202


def test_a_directory_of_inventories_is_one_inventory(desk):
    desk.write("inv/01-hosts.ini", "[gpu]\nrig1\n")
    desk.write("inv/02-more.yml", "gpu: {vars: {deeprig: {gpu_count: 3}}}\n")
    desk.write("inv/README.md", "not an inventory")
    assert desk.load("inv").host("rig1").settings.gpu_count == 3


def test_group_data_of_pyinfra_lies_below_the_source(desk):
    desk.write("inventory/hosts.ini", "[gpu]\nrig1\nrig2 deeprig=\"{'gpu_count': 7}\"\n")
    desk.write("inventory/group_data/all.py", "ssh_user = 'root'\ngpu_count = 1\n")
    desk.write("inventory/group_data/gpu.py", "gpu_count = 2\n")
    lab = desk.load("inventory/hosts.ini")
    assert lab.directory == desk.path
    assert [host.settings.gpu_count for host in lab.hosts] == [2, 7]
    assert {host.settings.ssh_user for host in lab.hosts} == {"root"}


def test_group_data_of_no_group_is_a_mistyped_name(desk):
    desk.write("inventory/hosts.ini", "[gpu]\nrig1\n")
    desk.write("inventory/group_data/gpus.py", "gpu_count = 2\n")
    text = desk.only_problem("inventory/hosts.ini")
    assert "no group 'gpus'" in text
    assert "did you mean 'gpu'" in text


def test_an_invalid_setting_names_the_line_it_stands_in(desk):
    desk.write("hosts.yml", YAML.replace("gpu_count: 4", "gpu_cuont: 4"))
    text = desk.only_problem("hosts.yml")
    assert "rig3: gpu_cuont (hosts.yml:12)" in text
    assert "did you mean 'gpu_count'?" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[gpu\nrig1\n", "hosts.ini:1: '[gpu' is no range"),
        ("[gpu lab]\nrig1\n", "hosts.ini:1: [gpu lab] is no section"),
        ("[gpu:host]\nrig1\n", "hosts.ini:1: a section [gpu:host] is of no kind"),
        ("rig1\n[a:children]\nb\n", "hosts.ini:3: there is no group 'b'"),
        ("rig1\n[a:vars]\nx=1\n", "hosts.ini:2: there is no group 'a'"),
        ("rig1\n[a]\n[a:vars]\nx\n", "hosts.ini:4: 'x' is no variable"),
        ("rig1 user\n", "hosts.ini:1: 'user' is no variable"),
        ("rig1 x='a\n", "hosts.ini:1: No closing quotation"),
        ("rig[1:x]\n", "hosts.ini:1: [1:x]: a range has two numbers"),
        ("rig[3:1]\n", "hosts.ini:1: [3:1] ends before it begins"),
        ("rig[01:100]\n", "hosts.ini:1: [01:100]: with leading zeros"),
        ("rig[1:99999999]\n", "hosts.ini:1: [1:99999999] names more than"),
        ("rig1:\n", "hosts.ini:1: 'rig1:' ends in a colon"),
        ("rig1\n[a:children]\nb\n[b:children]\na\n", "would contain each other"),
        ("", "it names no host"),
    ],
)
def test_a_mistake_in_an_ini_inventory_is_told_at_its_line(desk, text, expected):
    desk.write("hosts.ini", text)
    assert expected in desk.only_problem("hosts.ini")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all: {hosts: [rig1]}\n", "hosts.yml:1: hosts of group 'all' are a mapping, not a list"),
        ("all:\n  host: {rig1: }\n", "hosts.yml:2: group 'all' has no 'host'"),
        ("all:\n  hosts:\n    1: {}\n", "hosts.yml:3: the host name 1 is no text"),
        ("all:\n  hosts:\n    rig1: x\n", "hosts.yml:3: variables of host 'rig1' are a mapping"),
        ("a: {hosts: {rig1: }}\na: {}\n", "hosts.yml:2:1: this is not YAML that can be read: the"),
        ("all:\n  hosts: {rig1: !x 1}\n", "hosts.yml:2:17"),
        ("- rig1\n", "a YAML inventory is a mapping"),
        ("all: [\n", "hosts.yml:2:1"),
        ("plugin: aws_ec2\n", "hosts.yml:1: this configures Ansible's inventory plugin"),
        ("gpu: 3\n", "hosts.yml:1: group 'gpu' is a mapping"),
    ],
)
def test_a_mistake_in_a_yaml_inventory_is_told_at_its_line(desk, text, expected):
    desk.write("hosts.yml", text)
    assert expected in desk.only_problem("hosts.yml")


def test_every_mistake_of_a_file_is_told_at_once(desk):
    desk.write("hosts.ini", "rig1 x\nrig2 y\n[a:b]\n")
    assert len(desk.problems("hosts.ini")) == 3


def test_a_vaulted_value_is_refused_where_it_is_needed(desk):
    desk.write(
        "hosts.yml",
        """\
        all:
          hosts:
            rig1:
              ansible_password: !vault |
                $ANSIBLE_VAULT;1.1;AES256
                6231
              database_password: !vault |
                $ANSIBLE_VAULT;1.1;AES256
                6231
        """,
    )
    text = desk.only_problem("hosts.yml")
    assert "hosts.yml:4: ansible_password: it is encrypted by Ansible Vault" in text
    assert "{env: NAME}" in text


def test_a_file_that_is_encrypted_as_a_whole_is_told_and_left_out(desk):
    desk.write("hosts", "rig1 ansible_user=root\n")
    desk.write("group_vars/all/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n6231\n")
    (note,) = desk.load("hosts").notes
    assert "vault.yml: it is encrypted by Ansible Vault" in str(note)
    assert not note.is_detail


def test_templates_are_refused_where_they_are_read_and_ignored_elsewhere(desk):
    desk.write(
        "hosts.yml",
        """\
        all:
          hosts:
            rig1:
              ansible_host: "{{ inventory_hostname }}.lab.example"
              ansible_user: "{{ login }}"
              other: "{{ anything }}"
              deeprig:
                base:
                  timezone: !unsafe "{{ kept }}"
                  locale: "{{ x }}"
        """,
    )
    found = desk.problems("hosts.yml")
    assert len(found) == 2
    assert any("hosts.yml:5: ansible_user: it is a template" in text for text in found)
    assert any("hosts.yml:8: deeprig.base.locale: it is a template" in text for text in found)


def test_the_name_of_the_host_is_the_one_template_that_is_filled_in(desk):
    desk.write("hosts.ini", 'rig1 ansible_host="{{ inventory_hostname }}.lab.example"\n')
    assert desk.load("hosts.ini").host("rig1").settings.ssh_hostname == "rig1.lab.example"


def test_hosts_that_are_reached_otherwise_are_left_out_and_told(desk):
    desk.write("hosts.ini", "rig1\nsw1 ansible_connection=ansible.netcommon.network_cli\n")
    lab = desk.load("hosts.ini")
    assert [host.name for host in lab.hosts] == ["rig1"]
    assert "sw1: left out: ansible_connection is network_cli" in str(lab.notes[0])


def test_what_deeprig_cannot_become_is_refused(desk):
    desk.write("hosts.ini", "rig1 ansible_become_method=su ansible_become_user=admin\n")
    method, user = desk.problems("hosts.ini")
    assert "root by sudo only" in method
    assert "becomes root only" in user


def test_a_jump_host_in_ssh_arguments_is_refused_and_never_left_out(desk):
    desk.write("hosts.ini", "rig1 ansible_ssh_common_args='-o ProxyJump=bastion'\n")
    text = desk.only_problem("hosts.ini")
    assert "the option proxyjump is not taken over" in text
    assert "ssh_config_file" in text


def test_an_ssh_configuration_of_deeprigs_replaces_the_arguments(desk):
    desk.write("cfg", "Host rig1\n  ProxyJump bastion\n")
    desk.write(
        "hosts.ini",
        "rig1 ansible_ssh_common_args='-J bastion' deeprig=\"{'ssh_config_file': 'cfg'}\"\n",
    )
    lab = desk.load("hosts.ini")
    assert lab.inventory.host_data["rig1"]["ssh_config_file"] == str(desk.path / "cfg")


def test_ssh_arguments_that_are_settings_are_taken_over(desk):
    arguments = "-C -o ControlMaster=auto -o StrictHostKeyChecking=yes -oUserKnownHostsFile=known"
    desk.write("hosts.ini", f"rig1 ansible_ssh_common_args='{arguments}'\n")
    settings = desk.load("hosts.ini").host("rig1").settings
    assert settings.ssh_strict_host_key_checking == "yes"
    assert str(settings.ssh_known_hosts_file) == "known"


def test_unchecked_host_keys_become_learnt_ones(desk):
    desk.write(
        "hosts.ini",
        "rig1 ansible_ssh_common_args="
        "'-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null'\n",
    )
    settings = desk.load("hosts.ini").host("rig1").settings
    assert settings.ssh_strict_host_key_checking == "accept-new"
    assert settings.ssh_known_hosts_file is None


def test_quotes_that_a_host_line_needs_are_asked_for(desk):
    desk.write("hosts.ini", "rig1 deeprig={'gpu_count':7}\n")
    assert "put the mapping into quotes" in desk.only_problem("hosts.ini")


def test_a_login_password_may_be_a_reference(desk, monkeypatch):
    monkeypatch.setenv("LAB_LOGIN", "quite-secret")
    desk.write("pass.sh", "#!/bin/sh\necho from-a-command\n", 0o755)
    desk.write(
        "hosts.yml",
        """\
        all:
          hosts:
            rig1: {deeprig: {ssh_password: {env: LAB_LOGIN}}}
            rig2: {deeprig: {ssh_password: {command: [./pass.sh]}}}
        """,
    )
    lab = desk.load("hosts.yml")
    told = [lab.inventory.host_data[name]["ssh_password"] for name in ("rig1", "rig2")]
    assert told == ["quite-secret", "from-a-command"]
    assert "quite-secret" not in repr(lab.hosts)


PROGRAM = """\
#!/usr/bin/env python3
import json, sys
if sys.argv[1] == "--list":
    print(json.dumps({"gpu": {"hosts": ["rig1"], "vars": {"ansible_user": "root"}},
                      "lab": {"children": ["gpu"]}, META}))
else:
    print(json.dumps({"ansible_host": "192.0.2.77"}))
"""
META = '"_meta": {"hostvars": {"rig1": {"ansible_host": "192.0.2.5"}}}'


def test_a_program_is_asked_for_its_list(desk):
    desk.write("inv.sh", PROGRAM.replace("META", META), 0o755)
    host = desk.load("inv.sh").host("rig1")
    assert (host.settings.ssh_hostname, host.settings.ssh_user) == ("192.0.2.5", "root")
    assert host.groups == ("lab", "gpu")


def test_a_program_without_meta_is_asked_for_each_host(desk):
    desk.write("inv", PROGRAM.replace(", META", ""), 0o755)
    assert desk.load("inv").host("rig1").settings.ssh_hostname == "192.0.2.77"


def test_a_python_program_is_asked_when_its_prefix_says_so(desk):
    desk.write("inv.py", PROGRAM.replace("META", META), 0o755)
    assert desk.load("ansible:inv.py").host("rig1").settings.ssh_user == "root"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("echo lab is down >&2; exit 3", "it ended with exit status 3: lab is down"),
        ("exit 4", "exit status 4 and said nothing"),
        ("echo token=abcdefg >&2; exit 3", "token=********"),
        ("echo '{'", "inv --list:2:1: this is not JSON"),
        ("echo '[]'", "the answer to --list is a JSON object"),
        ('echo \'{"a": {"hosts": 3}}\'', "inv --list: a.hosts: hosts are a list of names"),
        ("echo '{\"_meta\": {}}'", "_meta holds 'hostvars'"),
        ("printf '\\377'", "no UTF-8"),
    ],
)
def test_a_program_that_fails_is_told_with_its_own_words(desk, body, expected):
    desk.write("inv", f"#!/bin/sh\n{body}\n", 0o755)
    assert expected in desk.only_problem("inv")


def test_a_program_without_its_interpreter(desk):
    desk.write("inv", "#!/no/such/interpreter\n", 0o755)
    assert "it cannot be run" in desk.only_problem("inv")


def test_a_program_that_hangs_is_killed_with_what_it_started(desk):
    program = desk.write("inv", "#!/bin/sh\nsleep 1000 & echo $! > child\nwait\n", 0o755)
    with pytest.raises(InventoryProblem, match=r"did not end within 1 s"):
        answer_of([str(program)], "inv", seconds=1)
    stat = Path("/proc", (desk.path / "child").read_text().strip(), "stat")
    end = time.monotonic() + 30
    while not _has_ended(stat):  # SIGKILL is on its way, on a busy machine for a while
        assert time.monotonic() < end, stat.read_text()
        time.sleep(0.02)


def _has_ended(stat):
    """Who was its parent may not have asked for its end yet."""
    try:
        return stat.read_text().split()[2] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_what_a_program_leaves_running_is_not_waited_for(desk):
    child = "setsid sh -c 'echo $$ > child; exec sleep 1000'"
    body = f"{child} &\nwhile ! test -s child; do :; done\necho x\n"
    program = desk.write("inv", f"#!/bin/sh\n{body}", 0o755)
    try:
        assert answer_of([str(program)], "inv", seconds=30) == "x\n"
    finally:
        os.kill(int((desk.path / "child").read_text()), signal.SIGKILL)


def test_a_program_that_writes_without_end_is_ended(desk, monkeypatch):
    monkeypatch.setattr("deeprig.inventory.sources.asking.LARGEST_BYTES", 1 << 20)
    program = desk.write("inv", "#!/bin/sh\nexec yes\n", 0o755)
    with pytest.raises(InventoryProblem, match="it wrote more than 1 MB"):
        answer_of([str(program)], "inv")


@pytest.mark.parametrize(
    ("pattern", "names", "port"),
    [
        ("rig1", ("rig1",), None),
        ("rig1:2222", ("rig1",), 2222),
        ("[2001:db8::1]:2222", ("2001:db8::1",), 2222),
        ("2001:db8::1", ("2001:db8::1",), None),
        ("n[8:10]x", ("n8x", "n9x", "n10x"), None),
        ("n[08:10]", ("n08", "n09", "n10"), None),
        ("n[1:5:2]", ("n1", "n3", "n5"), None),
        ("n[a:c]", ("na", "nb", "nc"), None),
        ("r[1:2]n[a:b]:22", ("r1na", "r1nb", "r2na", "r2nb"), 22),
    ],
)
def test_host_patterns(pattern, names, port):
    assert expand(pattern) == (names, port)
