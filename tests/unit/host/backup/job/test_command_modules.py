"""A run imports what its command needs, and every command is known."""

import argparse
import importlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from deeprig_host.backup import __main__ as program
from deeprig_host.backup.command_modules import MODULES, add_commands
from deeprig_host.backup.recording import begin, finish

HOST = Path(program.__file__).parents[2]
#: What a module adds to every question of cron when it is imported, and none needs.
HEAVY = {"drill", "rebuild", "restore", "proofs", "state_conda", "compare"}
CONFIG = """[backup]
sources = /home
[repository disk]
url = /srv/disk
password_file = /password
check_period_hours = 0
drill_period_hours = 0
prune = elsewhere
"""
ASK = """
import sys
from deeprig_host.backup.__main__ import main
code = main(sys.argv[1:])
print(*(name.rpartition(".")[2] for name in sys.modules if name.startswith("deeprig_host.backup.")))
sys.exit(code)
"""


def commands_of(arguments):
    commands = argparse.ArgumentParser().add_subparsers()
    add_commands(commands, arguments)
    return tuple(commands.choices)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_the_commands_that_it_is_listed_with(module):
    commands = argparse.ArgumentParser().add_subparsers()
    importlib.import_module(f"deeprig_host.backup.{module}").add(commands)
    assert tuple(commands.choices) == MODULES[module]


def test_every_module_of_commands_is_listed():
    files = (HOST / "deeprig_host" / "backup").glob("*_command*.py")
    assert {file.stem for file in files} == set(MODULES)


@pytest.mark.parametrize("arguments", [(), ("--help",), ("--root", "/", "no-such-command")])
def test_without_a_command_all_are_there(arguments):
    every = tuple(name for names in MODULES.values() for name in names)
    assert commands_of(arguments) == every


def test_with_one_only_those_beside_it_are(capsys):
    assert commands_of(("--root", "/", "work", "--config", "x")) == ("work",)
    assert {"run", "list"} <= set(commands_of(("run", "--repository", "list")))


@pytest.mark.parametrize("arguments", [["--help"], ["no-such-command"]])
def test_help_and_a_refusal_name_every_command(arguments, capsys):
    with pytest.raises(SystemExit):
        program.main(arguments)
    out, err = capsys.readouterr()
    assert all(name in out + err for names in MODULES.values() for name in names)


def test_a_question_of_cron_imports_nothing_that_it_does_not_need(machine):
    configuration = machine.path("/etc/deeprig/backup.conf")
    configuration.parent.mkdir(parents=True)
    configuration.write_text(CONFIG)
    begin(machine, "disk", "backup", time.time())
    finish(machine, "disk", "backup", time.time())
    words = [sys.executable, "-c", ASK, "--root", str(machine.root), "work"]
    environment = os.environ | {"PYTHONPATH": str(HOST)}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    imported = set(done.stdout.split())
    assert "work_command" in imported
    assert not imported & (HEAVY | {"job", "state", "excludes"})
