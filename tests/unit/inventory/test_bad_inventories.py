"""Every mistake in an inventory: exit 2, place and hint, all at once, before any connection."""

import subprocess

import pytest

from deeprig.errors import ExitCode, InventoryProblem


def problems_of(lab):
    with pytest.raises(InventoryProblem) as caught:
        lab.load()
    assert caught.value.exit_code == ExitCode.BAD_USAGE
    return [str(problem) for problem in caught.value.problems]


def only_problem_of(lab):
    problems = problems_of(lab)
    assert len(problems) == 1, problems
    return problems[0]


def test_a_good_inventory_loads(lab):
    lab.data('base = {"packages": ["git"]}')
    loaded = lab.load()
    assert [host.name for host in loaded.hosts] == ["rig1"]
    assert loaded.host("rig1").role_settings["base"].packages == ("git",)


def test_missing_inventory_names_init_as_the_remedy(lab):
    lab.inventory.unlink()
    text = only_problem_of(lab)
    assert "no such file" in text
    assert "deeprig init" in text


def test_directory_given_as_inventory(lab):
    lab.inventory = lab.inventory.parent
    assert "is a directory" in only_problem_of(lab)


def test_inventory_that_is_no_python_names_the_line(lab):
    lab.hosts("workstations = [\n  rig1,,\n]\n")
    text = only_problem_of(lab)
    assert "lab.py:2" in text
    assert "not Python" in text


def test_group_data_that_is_no_python_names_its_own_file(lab):
    lab.data("base = {")
    assert "all.py:1" in only_problem_of(lab)


def test_binary_inventory(lab):
    lab.inventory.write_bytes(b"\xff\xfe\x00workstations")
    assert "cannot be read" in only_problem_of(lab) or "not Python" in only_problem_of(lab)


def test_inventory_that_raises_names_the_raising_line(lab):
    lab.hosts("x = 1\nworkstations = [undefined_name]\n")
    text = only_problem_of(lab)
    assert "lab.py:2" in text
    assert "NameError" in text


def test_inventory_that_exits_does_not_end_deeprig(lab):
    lab.hosts("import sys\nsys.exit(0)\n")
    assert "SystemExit" in only_problem_of(lab)


def test_empty_inventory(lab):
    lab.hosts("workstations = []\n")
    assert "names no host" in only_problem_of(lab)


def test_duplicate_host_in_a_group(lab):
    lab.hosts('workstations = ["rig1", ("rig1", {"ssh_port": 23})]')
    text = only_problem_of(lab)
    assert "'rig1' is listed 2 times" in text


def test_two_names_for_one_machine(lab):
    lab.hosts(
        'workstations = [("a", {"ssh_hostname": "192.0.2.1"}),'
        ' ("b", {"ssh_hostname": "192.0.2.1"})]'
    )
    text = only_problem_of(lab)
    assert "a, b" in text
    assert "one machine" in text


def test_group_of_things_that_are_no_hosts(lab):
    lab.hosts("workstations = ['rig1', 7]")
    text = only_problem_of(lab)
    assert "workstations[1]" in text
    assert "7 is no host" in text


def test_group_data_of_no_group_hints_at_the_name(lab):
    lab.data("gpu_count = 1", group="workstation")
    text = only_problem_of(lab)
    assert "no group 'workstation'" in text
    assert "did you mean 'workstations'" in text


def test_unknown_role_hints_at_the_name(lab):
    lab.data('roles = ["base", "konda"]')
    text = only_problem_of(lab)
    assert "roles[1]" in text
    assert "did you mean 'conda'" in text


def test_unknown_setting_at_the_top_names_file_and_hint(lab):
    lab.data('bse = {"packages": []}')
    text = only_problem_of(lab)
    assert "group_data/all.py" in text
    assert "did you mean 'base'" in text


def test_unknown_setting_in_a_role_hints_at_the_name(lab):
    lab.data('conda = {"environments": [{"name": "x", "python": "3.11", "pakages": []}]}')
    text = only_problem_of(lab)
    assert "conda.environments.0.pakages" in text
    assert "did you mean 'packages'" in text


def test_wrong_type_shows_what_was_given(lab):
    lab.data('base = {"packages": "git"}')
    text = only_problem_of(lab)
    assert "base.packages" in text
    assert "got 'git'" in text


def test_role_settings_that_are_no_dictionary(lab):
    lab.data("base = ['git']")
    assert "dictionary" in only_problem_of(lab)


def test_all_problems_of_all_hosts_come_at_once_and_shared_ones_once(lab):
    lab.hosts(
        'workstations = [("a", {"ssh_hostname": "192.0.2.1", "ssh_port": 0}),'
        ' ("b", {"ssh_hostname": "192.0.2.2"})]'
    )
    lab.data('base = {"timezone": "Mars/Base", "users": [{"name": "Root!"}]}\ngpu_cout = 1')
    problems = problems_of(lab)
    assert len(problems) == 4, problems
    assert sum("Mars/Base" in p for p in problems) == 1
    assert any(p.startswith("a, b: base.timezone") for p in problems)
    assert any("a: ssh_port" in p for p in problems)


def test_unreadable_key_file(lab):
    lab.data('ssh_key = "keys/none"')
    text = only_problem_of(lab)
    assert "no key file" in text
    assert str(lab.directory / "keys/none") in text


def test_key_file_that_is_no_key(lab):
    lab.write("key", "hello")
    lab.data('ssh_key = "key"')
    assert "no private key" in only_problem_of(lab)


def test_encrypted_key_without_passphrase(lab):
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", lab.directory / "key"]
    subprocess.run(command, check=True)
    lab.data('ssh_key = "key"')
    assert "encrypted" in only_problem_of(lab)
    lab.data('ssh_key = "key"\nssh_key_password = "secret"')
    assert lab.load().host("rig1").settings.ssh_key is not None


def test_host_key_checking_cannot_be_switched_off(lab):
    lab.data('ssh_strict_host_key_checking = "no"')
    assert "ssh_strict_host_key_checking" in only_problem_of(lab)


def test_secret_values_are_not_shown_in_problems(lab):
    lab.data("ssh_password = 12345678")
    assert "12345678" not in only_problem_of(lab)


@pytest.mark.parametrize(
    "data",
    [
        'base = {"apt": [{"password": "hunter22"}]}',
        'base = {"apt": {"mirror": "ftp://ada:hunter22@mirror.lab"}}',
        'network_access = [("token", {"api_token": ["hunter22"]})]',
    ],
)
def test_a_secret_inside_a_wrong_value_is_not_shown_either(lab, data):
    lab.data(data)
    text = only_problem_of(lab)
    assert "hunter22" not in text
    assert "got " in text


def test_missing_template_variable_is_found_before_connecting(lab):
    lab.write("templates/base/etc/motd.d/deeprig", "hello\n{{ settings.no_such_thing }}\n")
    text = only_problem_of(lab)
    assert "etc/motd.d/deeprig:2" in text
    assert "no_such_thing" in text


def test_template_that_is_no_template(lab):
    lab.write("templates/base/etc/motd.d/deeprig", "{% if %}")
    assert "template syntax" in only_problem_of(lab)


def test_users_own_role_that_cannot_be_imported(lab):
    lab.write("roles/brokenrole/__init__.py", "import no_such_module_anywhere")
    assert "brokenrole" in only_problem_of(lab)


def test_anacondas_own_channels_are_refused(lab):
    lab.data('conda = {"channels": ["conda-forge", "defaults"]}')
    assert "licence" in only_problem_of(lab)


def test_mirror_whose_security_archive_is_unknown_is_refused(lab):
    lab.data('base = {"apt": {"mirror": "http://mirror.example/linux"}}')
    assert "security_mirror" in only_problem_of(lab)


def test_certificate_file_that_is_none(lab):
    lab.write("ca.pem", "hello")
    lab.data('base = {"ca_certificates": ["ca.pem"]}')
    assert "no PEM certificate" in only_problem_of(lab)


def test_group_data_of_an_inventory_beside_this_one_is_no_mistake(lab):
    lab.write("inventory/other.py", "elsewhere = ['x']\n")
    lab.data("gpu_count = 1", group="elsewhere")
    assert lab.load().host("rig1").settings.gpu_count is None


def test_one_address_declared_on_two_hosts(lab):
    lab.hosts('workstations = ["rig1", "rig2"]\n')
    lab.data('network = {"ethernets": {"enp3s0": {"addresses": ["192.0.2.11/24"]}}}')
    text = only_problem_of(lab)
    assert text.startswith("rig2: network.ethernets.enp3s0.addresses.0: rig1 has 192.0.2.11 too")
    assert "data of a group is for all its hosts" in text


def test_a_role_finds_what_two_roles_do_not_agree_on(lab):
    """A role of the lab sees the hosts with all their roles, not only its own settings."""
    lab.write(
        "roles/guest/__init__.py",
        """
        from pyinfra.api.deploy import deploy
        from deeprig.errors import Problem
        from deeprig.role import Role, RoleSettings

        class Settings(RoleSettings):
            package: str = ""

        @deploy("guest")
        def run(context):
            pass

        def between(hosts):
            packages = [p for h in hosts for p in h.role_settings["base"].packages]
            return tuple(
                Problem(f"{h.name}: guest.package", "no host has it", "add it to base.packages")
                for h in hosts
                if h.role_settings["guest"].package not in packages
            )

        ROLE = Role("guest", Settings, run, across_roles=between)
        """,
    )
    lab.data('base = {"packages": ["git"]}\nguest = {"package": "tmux"}\n')
    text = only_problem_of(lab)
    assert text.startswith("rig1: guest.package: no host has it")
    assert "add it to base.packages" in text
    lab.data('base = {"packages": ["git"]}\nguest = {"package": "git"}\n')
    assert lab.load().host("rig1").role_settings["guest"].package == "git"
