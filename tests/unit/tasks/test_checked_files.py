"""What is checked before it is placed lies where nobody else can read it, and does not stay."""

import subprocess
from types import SimpleNamespace

import pytest
from pyinfra.api.exceptions import OperationError
from pyinfra.context import ctx_host

from deeprig.tasks import checked_files
from deeprig.tasks.checked_files import CheckedFile

WANTED = (
    CheckedFile("alertmanager.yml", "a secret\n", mode="640", group="prometheus"),
    CheckedFile("rules/deeprig.yml", "rules\n"),
)


class ThisHost:
    """Runs commands here; has no other way to bring a file over (pyinfra's is readable by all)."""

    data = {"_sudo": True}  # noqa: RUF012 - as pyinfra's

    def __init__(self):
        self.ran = []

    def run_shell_command(self, command, *, _sudo, _stdin=()):
        self.ran.append(command.get_raw_value())
        text = f"umask 000; {self.ran[-1]}"
        given = "".join(f"{line}\n" for line in _stdin)
        done = subprocess.run(("sh", "-c", text), input=given, capture_output=True, text=True)
        return done.returncode == 0, SimpleNamespace(stdout=done.stdout, stderr=done.stderr)


@pytest.fixture
def staged(tmp_path, monkeypatch):
    monkeypatch.setattr(checked_files, "STAGED", str(tmp_path / "staged"))
    return tmp_path / "staged"


def check(*words):
    host = ThisHost()
    with ctx_host.use(host):
        checked_files._check(WANTED, words)
    return host


def test_the_check_sees_all_files_and_others_none_of_them(staged, tmp_path):
    seen = tmp_path / "seen"
    check("sh", "-c", f"stat -c '%a %n' . * rules/* >{seen} && grep -q secret alertmanager.yml")
    assert seen.read_text().splitlines() == [
        "700 .",
        "640 alertmanager.yml",
        "700 rules",
        "644 rules/deeprig.yml",
    ]
    assert not staged.exists()


def test_what_is_refused_is_told_and_does_not_stay(staged):
    with pytest.raises(OperationError, match=r"refused and not placed:\nno good"):
        check("sh", "-c", "echo no good; exit 1")
    assert not staged.exists()


def test_no_command_line_holds_the_secret(staged):
    assert not [command for command in check("true").ran if "secret" in command]
