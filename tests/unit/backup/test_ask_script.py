"""The script that runs on the host: root by itself, by sudo, by a password, or not at all."""

import subprocess
from pathlib import Path

import pytest

import deeprig.backup

_TEXT = (Path(deeprig.backup.__file__).parent / "ask.sh").read_text()
_PYTHON = "/opt/deeprig/environment/bin/python"
#: Knows one password, or needs none where "free" is there (simulated).
_SUDO = """#!/bin/sh
here=${0%/*}
echo "sudo $*" >>"$here/log"
if [ "$1" = -n ]; then
    [ -e "$here/free" ] || exit 1
    shift
    [ "$1" = true ] || exec "$@"
    exit 0
fi
IFS= read -r given
[ "$given" = right ] || exit 1
while [ "$1" != true ] && [ "${1#/}" = "$1" ]; do shift; done
[ "$1" = true ] || exec "$@"
"""


class Host:
    def __init__(self, place):
        self.place = place
        self.python = place / "python"
        self.program("id", "#!/bin/sh\necho 1000\n")
        self.program("sudo", _SUDO)
        self.program("python", '#!/bin/sh\necho "ran $*"\nexit 7\n')

    def program(self, name, text):
        (self.place / name).write_text(text)
        (self.place / name).chmod(0o755)

    def ask(self, sudo="sudo", asks="none", stdin=""):
        """Return the exit code, the output, and the mark."""
        text = _TEXT.replace(_PYTHON, str(self.python))
        done = subprocess.run(
            ["/bin/sh", "-c", text, "deeprig-backup", sudo, asks, "status", "--json"],
            input=stdin,
            capture_output=True,
            text=True,
            env={"PATH": str(self.place)},
            check=False,
        )
        return done.returncode, done.stdout, done.stderr.strip().removeprefix("@@deeprig:")

    def log(self):
        path = self.place / "log"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


RAN = "ran -I -m deeprig_host.backup status --json\n"


def test_root_needs_no_sudo(host):
    host.program("id", "#!/bin/sh\necho 0\n")
    assert host.ask(sudo="plain") == (7, RAN, "runs")
    assert host.log() == ""


def test_sudo_without_a_password_is_enough(host):
    (host.place / "free").touch()
    assert host.ask() == (7, RAN, "runs")


def test_sudo_that_asks_is_told_where_no_password_is_given(host):
    assert host.ask() == (1, "", "asks")


def test_a_password_is_tried_once_and_never_an_argument(host):
    assert host.ask(asks="password", stdin="right\n") == (7, RAN, "runs")
    assert "right" not in host.log()
    assert host.ask(asks="password", stdin="wrong\n") == (1, "", "wrong-password")


def test_a_login_that_is_not_root_and_may_not_become_it_is_told(host):
    assert host.ask(sudo="plain") == (1, "", "not-root")


def test_a_host_without_sudo_or_without_the_program_is_told(host):
    host.python = host.place / "nothing"
    (host.place / "free").touch()
    assert host.ask() == (1, "", "no-program")
    (host.place / "sudo").unlink()
    assert host.ask() == (1, "", "no-sudo")
