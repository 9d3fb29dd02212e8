"""The shell program that runs the collector on a host, with sudo and python3 played by others."""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import deeprig.audit
from deeprig.audit import memory_boot
from deeprig.audit.collector import collector_archive

HERE = Path(deeprig.audit.__file__).parent
PROGRAMS = Path(__file__).parents[3] / "host"
#: Plays sudo(8): "secret" is the password, every attempt is noted, input goes through to -S.
SUDO = """#!/bin/sh
echo "$*" | cut -c -40 >> {log}
case $1 in
-n) [ -n "$NOPASSWD" ] || exit 1; shift ;;
-k) shift 2; IFS= read -r given; echo "given $given" >> {log}; [ "$given" = secret ] || exit 1 ;;
esac
AS_ROOT=yes exec "$@"
"""


@pytest.fixture
def run(tmp_path):
    """Run the program as a login user, with what it finds on the PATH made here."""
    log, python = tmp_path / "sudo.log", tmp_path / "python3"
    log.touch()
    tools = tmp_path / "bin"
    tools.mkdir()
    tool(tools / "id", "#!/bin/sh\necho ${USER_ID:-1000}\n")
    tool(tools / "sudo", SUDO.format(log=log))
    # Says how it was called and what it was given, in place of the collector.
    tool(python, '#!/bin/sh\necho "root=$AS_ROOT words=$1,$2,$3,$5 input=$(cat)"\n')
    for name in ("sh", "cat", "cut", "true", "timeout", "sleep"):
        (tools / name).symlink_to(shutil.which(name))

    def go(*words, given="archive\n", without=(), seconds="60", **environment):
        for name in without:
            (python if name == "python3" else tools / name).unlink()
        text = (HERE / "collect.sh").read_text().replace("/usr/bin/python3", str(python))
        return subprocess.run(
            ["/bin/sh", "-c", text, "deeprig-audit", *words, seconds, "boot", "audit"],
            input=given,
            capture_output=True,
            text=True,
            env={"PATH": str(tools)} | environment,
            check=False,
        )

    go.log, go.python = log, python
    return go


def tool(path, text):
    path.write_text(text)
    path.chmod(0o755)


def test_root_needs_no_sudo(run):
    done = run("sudo", "none", USER_ID="0")
    assert done.stdout == "root= words=-I,-B,-c,audit input=archive\n"
    assert done.stderr == "@@deeprig:how root\n"
    assert run.log.read_text() == ""


def test_sudo_without_a_password_is_used(run):
    done = run("sudo", "none", NOPASSWD="yes")
    assert done.stdout == "root=yes words=-I,-B,-c,audit input=archive\n"
    assert done.stderr == "@@deeprig:how sudo\n"


def test_where_sudo_asks_it_goes_on_without_root_and_says_so(run):
    done = run("sudo", "none")
    assert (done.returncode, done.stdout) == (0, "root= words=-I,-B,-c,audit input=archive\n")
    assert done.stderr == "@@deeprig:how asks\n"


def test_where_there_is_no_sudo_it_says_so(run):
    done = run("sudo", "none", without=["sudo"])
    assert done.stdout == "root= words=-I,-B,-c,audit input=archive\n"
    assert done.stderr == "@@deeprig:how no-sudo\n"


def test_a_password_goes_to_sudo_and_to_nothing_else(run):
    done = run("sudo", "password", given="secret\narchive\n")
    assert done.stdout == "root=yes words=-I,-B,-c,audit input=archive\n"
    assert done.stderr == "@@deeprig:how password\n"
    assert "secret" not in run.log.read_text().replace("given secret", "")


@pytest.mark.parametrize("environment", [{"NOPASSWD": "yes"}, {"USER_ID": "0"}], ids=str)
def test_a_password_that_nobody_asks_for_is_not_part_of_the_archive(run, environment):
    done = run("sudo", "password", given="secret\narchive\n", **environment)
    assert "input=archive\n" in done.stdout
    assert "given" not in run.log.read_text()


def test_a_wrong_password_is_tried_once_and_the_archive_is_not_tried_as_one(run):
    done = run("sudo", "password", given="wrong\narchive\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "@@deeprig:refused\n"
    assert run.log.read_text().count("given") == 1


def test_a_collector_that_hangs_is_ended_on_the_host_by_itself(run):
    tool(run.python, "#!/bin/sh\nexec sleep 600\n")
    done = run("sudo", "none", seconds="0.2", NOPASSWD="yes")
    assert (done.returncode, done.stdout) == (124, "")


def test_a_host_without_python_is_told(run):
    done = run("sudo", "none", without=["python3"], NOPASSWD="yes")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "@@deeprig:no-python\n"


def boot(*arguments, given, python=sys.executable, cwd=None):
    text = Path(memory_boot.__file__).read_text()
    return subprocess.run(
        [python, "-I", "-B", "-c", text, *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


def test_the_collector_runs_from_memory(tmp_path):
    done = boot("audit", "--root", str(tmp_path), given=collector_archive(PROGRAMS))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["schema"] == "deeprig.hardware/1"


def test_a_truncated_archive_fails_with_a_message(tmp_path):
    whole = base64.b64decode(collector_archive(PROGRAMS))
    done = boot("audit", given=base64.b64encode(whole[:1000]).decode())
    assert done.returncode != 0
    assert done.stdout == ""


def test_an_old_python_is_told_before_anything_is_read(monkeypatch):
    monkeypatch.setattr(memory_boot.sys, "version_info", (3, 9, 2, "final", 0))
    with pytest.raises(SystemExit) as ended:
        memory_boot.main()
    assert ended.value.code == "@@deeprig:old-python 3.9.2"


def test_what_goes_over_fits_into_one_argument():
    """ssh carries a command as one argument; Linux allows 128 KiB for it (MAX_ARG_STRLEN)."""
    text = (HERE / "collect.sh").read_text() + (HERE / "memory_boot.py").read_text()
    assert len(text.encode()) < 20_000
    assert os.sysconf("SC_ARG_MAX") > 20_000
