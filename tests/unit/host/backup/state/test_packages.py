"""Packages, from a small database; tests/contract/test_backup_state.py asks this machine's."""

from dataclasses import replace
from pathlib import Path

from deeprig_host.backup.state_packages import packages_part
from deeprig_host.machine.commands import Done


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


def test_what_is_too_much_for_a_list_is_told(rig):
    def endless(*words, **options):
        return Done(words, 0, out="x" * (4 << 20) + "x")

    captured = rig.capture(replace(rig.machine, run=endless))
    assert "dpkg-query printed more than 4096 KiB" in captured.reasons[0]


def test_what_is_no_list_of_packages_is_told(rig):
    def strange(*words, **options):
        return Done(words, 0, out="one\ttwo\n")

    captured = rig.capture(replace(rig.machine, run=strange))
    assert "no list of packages" in captured.reasons[0]


def test_an_empty_database_is_no_list_of_packages(rig):
    rig.write("/var/lib/dpkg/status", "")
    assert "knows no package" in rig.capture().reasons[0]
