"""The command line itself: quick help, exit codes, no traceback."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from deeprig.cli import COMMANDS, cli

HEAVY = ("pyinfra", "gevent", "pydantic", "rich", "jinja2", "requests", "paramiko", "pytest")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["apply", "--help"], ["inspect", "--help"], ["lab", "up", "--help"]]
)
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys; from deeprig.cli import cli\n"
        "try:\n    cli(sys.argv[1:], prog_name='deeprig')\n"
        "except SystemExit:\n    pass\n"
        f"heavy = [m for m in {HEAVY} if m in sys.modules]\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout


def test_every_command_is_there_and_documented():
    result = CliRunner().invoke(cli, ["--help"])
    for name, told in COMMANDS.items():
        assert name in result.output
        shown = CliRunner().invoke(cli, [name, "--help"])
        assert shown.exit_code == 0
        assert told


@pytest.mark.parametrize(
    "arguments",
    [
        ["aply"],
        ["apply", "--no-such-option"],
        ["apply", "--parallel", "0"],
        ["plan", "-i", "/no/such/inventory.py"],
        ["verify", "-i", "/no/such/inventory.py"],
        ["inspect", "-i", "/no/such/inventory.py"],
        ["lock", "torch", "-i", "/no/such/inventory.py"],
        ["report", "-i", "/no/such/inventory.py"],
        ["report", "/no/such/report.json"],
    ],
)
def test_bad_usage_exits_2_with_one_clear_message(arguments):
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_the_version_is_the_packages():
    from deeprig import __version__

    assert __version__ in CliRunner().invoke(cli, ["--version"]).output
