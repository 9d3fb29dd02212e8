"""One host's trouble is that host's: it is told, the others go on, the exit code says what."""

import signal
import socket
import subprocess
import time

import pytest


@pytest.fixture
def touching(lab):
    """A lab whose only role writes one file."""
    lab.role("touch", '    files.put(name="Write", src=StringIO("x"), dest="/root/touched")')
    lab.hosts(rig1={}, rig3={})
    yield lab
    for name in ("rig1", "rig3"):
        lab.ssh(name, "rm -f /root/touched /root/slow*")


def statuses(document):
    return {host["host"]: host["status"] for host in document["hosts"]}


def test_a_host_that_is_down_is_unreachable_and_the_others_go_on(touching):
    touching.hosts(rig1={}, gone={"ssh_hostname": "127.0.0.1", "ssh_port": free_port()})
    document = touching.json("apply", code=3)
    assert statuses(document) == {"rig1": "ok", "gone": "unreachable"}
    gone = document["hosts"][1]
    assert "no connection" in gone["reason"]
    assert "ssh_port" in gone["remedy"]
    assert touching.ssh("rig1", "cat /root/touched").stdout == "x"


def test_a_refused_key_is_told(touching):
    other = touching.path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    touching.hosts(rig1={"ssh_key": str(other)}, rig3={})
    document = touching.json("apply", code=3)
    assert statuses(document) == {"rig1": "unreachable", "rig3": "ok"}
    assert "refused the login" in document["hosts"][0]["reason"]


@pytest.mark.parametrize("checking", ["yes", "accept-new"])
def test_a_changed_host_key_is_never_accepted(touching, checking):
    port = touching.state.host("rig1").ssh_port
    other = f"[127.0.0.1]:{touching.state.host('rig2').ssh_port} "
    lines = touching.state.known_hosts.read_text().splitlines()
    other_key = next(line for line in lines if line.startswith(other)).removeprefix(other)
    known = touching.write("known_hosts", f"[127.0.0.1]:{port} {other_key}\n")
    data = {"ssh_known_hosts_file": str(known), "ssh_strict_host_key_checking": checking}
    touching.hosts(rig1=data, rig3={})
    for command in ("plan", "apply", "verify"):
        document = touching.json(command, code=None)
        assert document["exit_code"] in (1, 3)
        assert statuses(document)["rig1"] == "unreachable"
        assert "host key has changed" in document["hosts"][0]["reason"]
    assert known.read_text() == f"[127.0.0.1]:{port} {other_key}\n"
    assert touching.ssh("rig1", "test -e /root/touched").returncode == 1


def test_an_unknown_host_key_is_refused_when_asked_for(touching):
    known = touching.write("known_hosts", "")
    touching.hosts(rig1={"ssh_known_hosts_file": str(known)})
    document = touching.json("apply", code=3)
    assert statuses(document) == {"rig1": "unreachable"}


def test_a_failing_operation_fails_its_host_only_and_shows_the_output(touching):
    touching.role(
        "touch",
        '    server.shell(name="Try",'
        ' commands="echo told-by-the-host >&2; test $(hostname) = rig3")\n'
        '    files.put(name="Write", src=StringIO("x"), dest="/root/touched")',
    )
    document = touching.json("apply", code=1)
    assert statuses(document) == {"rig1": "failed", "rig3": "ok"}
    first, second = document["hosts"][0]["operations"]
    assert (first["status"], second["status"]) == ("failed", "not run")
    assert "told-by-the-host" in first["output"]
    assert touching.ssh("rig1", "test -e /root/touched").returncode == 1
    shown = touching.run("apply", code=1)
    assert "told-by-the-host" in shown.stdout


def test_a_surprised_fact_parser_fails_its_host_only(touching):
    """pyinfra lets any exception of one host's parser abort the run of every host."""
    touching.role(
        "touch",
        "    host.get_fact(Surprise)\n"
        '    files.put(name="Write", src=StringIO("x"), dest="/root/touched")',
        extra=(
            "class Surprise(FactBase):\n"
            "    def command(self):\n        return 'hostname'\n"
            "    def process(self, output):\n        return {'rig3': 1}[output[0]]\n"
        ),
    )
    document = touching.json("apply", code=1)
    assert statuses(document) == {"rig1": "failed", "rig3": "ok"}
    assert "KeyError" in document["hosts"][0]["reason"]
    assert touching.ssh("rig3", "cat /root/touched").stdout == "x"


def test_a_fact_that_cannot_be_read_stops_the_operation_that_asked(touching):
    """pyinfra goes on with the fact's default value until the operation ends."""
    touching.role(
        "touch",
        '    server.shell(name="Act on it", commands="touch /root/touched",'
        " _if=lambda: host.get_fact(Unreadable) is None)",
        extra=("class Unreadable(FactBase):\n    def command(self):\n        return 'exit 7'\n"),
    )
    touching.hosts(rig1={})
    document = touching.json("apply", code=1)
    assert statuses(document) == {"rig1": "failed"}
    assert touching.ssh("rig1", "test -e /root/touched").returncode == 1


def test_an_unsupported_distribution_is_refused(touching):
    touching.ssh("rig1", "cp -a /usr/lib/os-release /usr/lib/os-release.kept")
    try:
        touching.ssh("rig1", "sed -i 's/^ID=.*/ID=other/' /usr/lib/os-release")
        document = touching.json("apply", code=1)
    finally:
        touching.ssh("rig1", "mv /usr/lib/os-release.kept /usr/lib/os-release")
    assert statuses(document) == {"rig1": "failed", "rig3": "ok"}
    assert "supported: debian 12, 13" in document["hosts"][0]["reason"]


def slow(lab, seconds):
    lab.role(
        "slow",
        f'    server.shell(name="Take long", commands="touch /root/slow-started; sleep {seconds};'
        ' touch /root/slow-done", _if=lambda: True)\n'
        '    files.put(name="Write", src=StringIO("x"), dest="/root/touched")',
    )
    lab.hosts(rig1={})


def interrupted(lab, *, times):
    """Apply, send Ctrl-C once the slow operation runs, and return the finished process."""
    process = subprocess.Popen(
        lab.command("apply"),
        cwd=lab.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while lab.ssh("rig1", "test -e /root/slow-started").returncode != 0:
        assert time.monotonic() < deadline, "the slow operation never started"
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        if times > 1:
            line = process.stderr.readline()
            while "Stopping" not in line:
                line = process.stderr.readline()
                assert line, "no word about stopping"
            times = 1
    out, errors = process.communicate(timeout=60)
    return process.returncode, out, errors


def test_ctrl_c_lets_the_operation_finish_says_where_and_a_re_run_completes(touching):
    slow(touching, 4)
    code, out, errors = interrupted(touching, times=1)
    assert code == 130
    assert "Stopping" in errors
    assert "rig1: slow: Take long" in errors
    assert "1 operation not run" in out
    assert touching.ssh("rig1", "test -e /root/slow-done").returncode == 0
    assert touching.ssh("rig1", "test -e /root/touched").returncode == 1
    touching.run("apply")
    assert touching.ssh("rig1", "cat /root/touched").stdout == "x"


def test_a_second_ctrl_c_abandons_the_operation_and_says_which(touching):
    slow(touching, 40)
    code, out, _ = interrupted(touching, times=2)
    assert code == 130
    assert "interrupted while in slow: Take long" in out


def test_a_reboot_is_proven_by_its_boot_id(touching):
    """The throwaway hosts' uptime is the outer machine's: pyinfra's own proof fails there."""
    touching.role(
        "touch",
        '    files.put(name="Write", src=StringIO("x"), dest="/root/touched")',
        extra=(
            "class Wanted(FactBase):\n"
            "    def command(self):\n"
            "        return 'test $(cat /root/booted 2>/dev/null || echo none) ="
            " $(cat /proc/sys/kernel/random/boot_id) && echo no || echo yes'\n"
            "def reason(context):\n"
            "    return 'a test wants it' if ctx_host.get().get_fact(Wanted) == 'yes' else None\n"
        ),
    )
    touching.hosts(rig1={})
    before = touching.ssh("rig1", "cat /proc/sys/kernel/random/boot_id").stdout
    refused = touching.json("apply", code=1)
    assert "a reboot is needed and not allowed" in refused["hosts"][0]["reason"]
    touching.hosts(rig1={"reboot": "when-needed"})
    document = touching.json("apply")
    after = touching.ssh("rig1", "cat /proc/sys/kernel/random/boot_id").stdout
    assert before != after
    last = document["hosts"][0]["operations"][-1]
    assert last["role"] == "reboot"
    assert before.strip() in last["output"]
    assert after.strip() in last["output"]


def test_plan_changes_nothing_and_says_so_by_its_exit_code(touching):
    planned = touching.json("plan", "--detailed-exitcode", code=4)
    assert planned["hosts"][0]["operations"][0]["status"] == "would change"
    assert touching.ssh("rig1", "test -e /root/touched").returncode == 1
    assert touching.run("plan").returncode == 0
    touching.run("apply")
    assert touching.json("plan", "--detailed-exitcode", code=0)


def test_a_plan_masks_secrets(touching):
    touching.role(
        "touch",
        "    word = context.settings.word.get_secret_value()\n"
        '    files.put(name="Write", src=StringIO(word + "\\n"), dest="/root/touched", mode="600")',
        settings='word: __import__("pydantic").SecretStr = "correct-horse-battery"',
    )
    touching.hosts(rig1={"touch": {"word": "first-secret-value"}})
    shown = touching.run("plan").stdout
    assert "first-secret-value" not in shown
    assert "********" in shown
    touching.run("apply")
    assert touching.ssh("rig1", "cat /root/touched").stdout == "first-secret-value\n"
    touching.hosts(rig1={"touch": {"word": "second-secret-value"}})
    changed = touching.run("plan")
    stored = "".join(p.read_text() for p in (touching.path / "reports").iterdir())
    for text in (changed.stdout, changed.stderr, stored):
        assert "first-secret-value" not in text
        assert "second-secret-value" not in text


def test_no_terminal_means_plain_text(touching):
    done = touching.run("apply")
    assert "\x1b" not in done.stdout + done.stderr


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def test_limit_without_a_match_contacts_nobody(touching):
    done = touching.run("apply", "--limit", "nobody", code=2)
    assert "matches no host" in done.stderr
    assert "its hosts: rig1, rig3" in done.stderr
    assert touching.ssh("rig1", "test -e /root/touched").returncode == 1


_CLOSED = """
from io import StringIO
from pyinfra.api.operation import operation
from pyinfra.operations import files
from deeprig.tasks.closed_files import closed


@operation()
def write_closed():
    put = files.put._inner(src=StringIO("hidden"), dest="/root/closed", mode="600")
    yield from closed(put, mode="600")
"""


def test_a_sudo_password_is_asked_once_at_the_start_and_never_in_the_middle(touching):
    """pyinfra itself would prompt per host in the middle of the run."""
    touching.ssh(
        "rig1",
        "useradd -m -s /bin/bash pw && echo pw:s3cret-word | chpasswd"
        " && echo 'pw ALL=(ALL:ALL) ALL' > /etc/sudoers.d/pw"
        " && cp -r /root/.ssh /home/pw/ && chown -R pw /home/pw/.ssh",
    )
    try:
        touching.hosts(rig1={"ssh_user": "pw"})
        refused = touching.json("apply", code=1)
        assert "run with -K" in refused["hosts"][0]["reason"]
        done = touching.run("apply", "-K", stdin="s3cret-word\n")
        assert touching.ssh("rig1", "cat /root/touched").stdout == "x"
        stored = "".join(p.read_text() for p in (touching.path / "reports").iterdir())
        assert "s3cret-word" not in stored + done.stdout
        unproven = touching.json("verify", code=3)
        assert "sudo asks for a password" in unproven["hosts"][0]["reason"]
        # What goes over the command's standard input does not meet sudo's question there.
        touching.role("closed", '    write_closed(name="Write a secret")', extra=_CLOSED)
        touching.run("apply", "-K", stdin="s3cret-word\n")
        assert touching.ssh("rig1", "cat /root/closed").stdout == "hidden"
        assert touching.ssh("rig1", "stat -c %a:%U /root/closed").stdout == "600:root\n"
    finally:
        touching.ssh("rig1", "userdel -r pw; rm -f /etc/sudoers.d/pw")


def test_a_step_that_refuses_says_why_whatever_was_printed_before_and_without_a_traceback(touching):
    touching.role(
        "touch",
        '    refuse(name="Refuse")',
        extra="""
from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.api.operation import operation
from deeprig.engine.operations import Step

@operation()
def refuse():
    def look():
        raise OperationError("the reason that matters")
    yield StringCommand("echo", "printed", "before")
    yield Step(look)
""",
    )
    document = touching.json("apply", code=1)
    for host in document["hosts"]:
        assert host["operations"][0]["output"] == "the reason that matters"
