"""Packages, from a small database; tests/contract/test_backup_state.py asks this machine's."""

from pathlib import Path

from deeprig_host.backup.state_packages import packages_part


def texts(machine):
    return {Path(file.path).stem: file.content.decode() for file in packages_part(machine).make()}


def test_selected_installed_chosen_and_held_packages(rig):
    assert texts(rig.machine) == {
        "selections": "gone\tdeinstall\nhelper\tinstall\ntool\thold\nzlib1g:amd64\tinstall\n",
        "installed": "helper\t3.0\ntool\t2.0\nzlib1g:amd64\t1:1.2.13\n",
        "manual": "tool\n",
        "held": "tool\n",
    }


def test_without_apts_list_all_was_chosen(rig):
    rig.machine.path("/var/lib/apt/extended_states").unlink()
    assert texts(rig.machine)["manual"] == "helper\ntool\nzlib1g:amd64\n"


def test_an_empty_database_is_no_list_of_packages(rig):
    rig.write("/var/lib/dpkg/status", "")
    assert "knows no package" in rig.capture().reasons[0]
