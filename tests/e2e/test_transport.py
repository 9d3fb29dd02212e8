"""What goes over the open line is what pyinfra's own connector would have found, and left."""

import json
import os
import shlex
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from pyinfra.api import Config, State
from pyinfra.api.command import StringCommand
from pyinfra.api.inventory import Inventory
from pyinfra.connectors.ssh import SSHConnector

from deeprig.engine.embedding import embed_pyinfra
from deeprig.lab.state import LOGIN_USER
from deeprig.transport.choice import VARIABLE
from deeprig.transport.connector import LineConnector
from deeprig.transport.reads import reading
from tests.e2e.running import ROOT

RIG = "rig1"
#: Of a run that changes nothing, however many roles and operations it has.
MOST_ROUND_TRIPS = 8

#: Everything in which one way of running a command could differ from another.
COMMANDS = {
    "a line": "echo told",
    "no newline at the end": "printf 'a\\nb'",
    "empty lines": "printf '\\n\\n\\na\\n\\n'",
    "nothing": "true",
    "carriage returns": "printf 'a\\r\\nb\\r'",
    "NUL bytes": "printf 'a\\0b\\n\\0'",
    "not ASCII": "printf 'Gr\\303\\274\\303\\237e \\360\\237\\220\\233\\n'",
    "large": "seq 1 300000",
    "large on both": "seq 1 60000; seq 1 60000 >&2",
    "a long line": "head -c 2000000 /dev/zero | tr '\\0' x",
    "errors": "echo wrong >&2",
    "an exit code": "echo before; exit 7",
    "the greatest exit code": "exit 255",
    "a command that is not there": "no-such-command-anywhere",
    "bad syntax": "if then (",
    "a signal": "kill -TERM $$",
    "one that cannot be caught": "kill -KILL $$",
    "its input": "cat; read x || echo end",
    "quotes": """printf '%s\\n' "it's" 'a "b"' '$HOME' "$(echo sub)" \\\\""",
    "who": "id; id -un; groups",
    "where": "pwd; umask; ulimit -a",
    "its terminal": "tty; test -t 1 || echo none",
    "its signals": "grep -E '^Sig(Ign|Blk|Cgt)' /proc/self/status",
    "open files": "ls /proc/self/fd",
    "its name": 'echo "$0 $# $-"',
    "many lines of script": "for i in 1 2 3; do\n  echo $i\ndone | sort -r\n# the end",
    "here": "cat <<'END'\n$not 'expanded'\nEND",
}
#: What sudo, and the connection, say of themselves: another command, another connection.
_OWN = "SUDO_COMMAND|SSH_CLIENT|SSH_CONNECTION|XDG_SESSION_ID|_"


def connected(lab, kind, user=LOGIN_USER, **config):
    """Return a host connected in one of the ways."""
    embed_pyinfra()
    target = lab.state.host(RIG)
    data = {
        "ssh_hostname": "127.0.0.1",
        "ssh_port": target.ssh_port,
        "ssh_user": user,
        "ssh_key": str(lab.state.key),
        "ssh_known_hosts_file": str(lab.state.known_hosts),
        "ssh_strict_host_key_checking": "yes",
    }
    inventory = Inventory(([(RIG, data)], {}))
    host = inventory.get_host(RIG)
    host.connector_cls = kind
    State(inventory, Config(**config))
    host.connect(raise_exceptions=True)
    return host


@pytest.fixture
def ways(lab):
    """The same host, connected in pyinfra's way and in ours."""
    made = [connected(lab, kind) for kind in (SSHConnector, LineConnector)]
    yield made
    for host in made:
        host.disconnect()
        host.connector.client.close()


def read(host, command, **options):
    """Run a command as a fact does; return whether it went well, its output and its errors."""
    with reading():
        succeeded, output = host.run_shell_command(StringCommand(command), **options)
    return succeeded, output.stdout_lines, output.stderr_lines


@pytest.mark.parametrize("sudo", [False, True], ids=["as the user", "as root"])
def test_every_answer_is_the_one_of_pyinfras_own_connector(ways, sudo):
    stock, line = ways
    for name, command in COMMANDS.items():
        expected = read(stock, command, _sudo=sudo)
        assert read(line, command, _sudo=sudo) == expected, name
    variables = f"env -0 | grep -zvE '^({_OWN})=' | sort -z | tr '\\0' '\\n'"
    for options in ({}, {"_env": {"A": "it's", "B": "$x\n2"}}, {"_chdir": "/var/lib"}):
        expected = read(stock, variables, _sudo=sudo, **options)
        assert expected[0]
        assert read(line, variables, _sudo=sudo, **options) == expected
    assert line.connector.trips.commands == 0  # none of it went the other way
    bash = {"_shell_executable": "bash", "_sudo": sudo}
    assert read(line, "echo ${BASH_VERSION%%.*}", **bash) == read(
        stock, "echo ${BASH_VERSION%%.*}", **bash
    )


def test_what_the_line_cannot_do_goes_pyinfras_own_way(ways):
    stock, line = ways
    odd = (
        {"_sudo": True, "_sudo_user": "nobody"},
        {"_su_user": "root", "_sudo": True},
        {"_get_pty": True},
        {"_timeout": 60},
        {"_stdin": "told\n"},
    )
    for options in odd:
        command = "cat" if "_stdin" in options else "id -un; tty"
        assert read(line, command, **options) == read(stock, command, **options), options
    assert line.connector.trips.frames == 0


def test_a_line_whose_program_is_killed_is_replaced(ways):
    stock, line = ways
    assert read(line, "echo one", _sudo=True) == (True, ["one"], [])
    killed = "pkill -KILL -f '^/usr/bin/python3 -I -S -c import sys;r=sys.stdin'"
    assert read(stock, killed, _sudo=True)[0]
    assert read(line, "echo two", _sudo=True) == (True, ["two"], [])
    assert line.connector.trips.commands == 1
    # That of the other privilege lives, and what was given up stays so.
    assert read(line, "echo three") == (True, ["three"], [])
    assert read(line, "echo four", _sudo=True) == (True, ["four"], [])
    assert (line.connector.trips.commands, line.connector.trips.frames) == (2, 2)


def test_hosts_without_python_and_shells_that_talk_are_asked_one_by_one(lab, ways):
    stock, _ = ways
    for break_it, mend in (
        ("mv /usr/bin/python3 /usr/bin/python3.kept", "mv /usr/bin/python3.kept /usr/bin/python3"),
        (
            f"sed -i '1i echo Welcome; echo aboard' /home/{LOGIN_USER}/.bashrc",
            f"sed -i 1d /home/{LOGIN_USER}/.bashrc",
        ),
    ):
        assert lab.ssh(RIG, f"test -e /home/{LOGIN_USER}/.bashrc").returncode == 0
        assert lab.ssh(RIG, break_it).returncode == 0
        try:
            host = connected(lab, LineConnector)
            for sudo in (False, True):
                expected = read(stock, "echo told", _sudo=sudo)
                assert read(host, "echo told", _sudo=sudo) == expected
            assert host.connector.trips.frames == 0
            assert host.connector.trips.without_line
            host.disconnect()
        finally:
            assert lab.ssh(RIG, mend).returncode == 0


def test_sudo_with_a_password_keeps_it_out_of_files_and_arguments(lab):
    secret = "it's a $ecret"  # noqa: S105 - a test's
    made = lab.ssh(
        RIG,
        f"useradd -m -s /bin/bash pw && echo {shlex.quote(f'pw:{secret}')} | chpasswd"
        " && echo 'pw ALL=(ALL:ALL) ALL' > /etc/sudoers.d/pw"
        " && cp -r /root/.ssh /home/pw/ && chown -R pw /home/pw/.ssh",
    )
    assert made.returncode == 0, made.stderr
    try:
        host = connected(lab, LineConnector, user="pw", SUDO_PASSWORD=secret)
        assert read(host, "id -u", _sudo=True) == (True, ["0"], [])
        assert read(host, "id -un", _sudo=False) == (True, ["pw"], [])
        assert (host.connector.trips.commands, host.connector.trips.frames) == (0, 2)
        processes = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'"
        seen = lab.ssh(RIG, processes).stdout
        assert "sys.stdin" in seen
        assert secret not in seen
        assert lab.ssh(RIG, "ls /tmp | grep askpass").stdout == ""
        host.disconnect()
    finally:
        lab.ssh(RIG, "userdel -r pw; rm -f /etc/sudoers.d/pw")


def test_files_are_written_as_pyinfras_own_connector_writes_them(lab, ways):
    things = f"""
        mkdir -p deep; echo a much longer text >file; chmod 4750 file; chown {LOGIN_USER}:adm file
        ln -s deep/target link; echo old >deep/target; chmod 600 deep/target; ln -s deep/no dangling
        echo x >fixed; chmod 400 fixed
    """
    names = ("new", "a b$(c)", "file", "link", "deep/target", "dangling", "deep", "fixed", "no/dir")
    state = "find . -printf '%p %M %u %g %s %l\\n' | sort; tail -n +1 new a* file fixed deep/target"
    for sudo, place in ((True, "/root/put"), (False, f"/home/{LOGIN_USER}/put")):
        found = []
        for host in ways:
            script = f"set -e; rm -rf {place}; mkdir {place}; cd {place}; {things}"
            owned = f"chown -h {LOGIN_USER} . * deep/target" if not sudo else "true"
            assert lab.ssh(RIG, f"{script}\n{owned}").returncode == 0
            results = {}
            for name in names:
                try:
                    results[name] = host.put_file(BytesIO(b"text\n"), f"{place}/{name}", _sudo=sudo)
                except OSError as error:
                    results[name] = type(error).__name__
            found.append((results, lab.ssh(RIG, f"cd {place}; {state}").stdout))
        stock, line = found
        assert line == stock
        assert (stock[0]["new"], stock[0]["no/dir"] in (False, "FileNotFoundError")) == (True, True)
    assert ways[1].connector.trips.frames >= 2 * len(names)
    lab.ssh(RIG, f"rm -rf /root/put /home/{LOGIN_USER}/put")


TASKS = """
    from deeprig.engine.operations import changed
    server.user(name="A user", user="eve", shell="/bin/bash", home="/home/eve", ensure_home=True)
    for i in range(12):
        path, text = f"/etc/rig/{i}.conf", StringIO(f"text {i}")
        files.put(name=f"File {i}", src=text, dest=path, mode="640")
    files.link(name="A link", path="/etc/rig/link", target="/etc/rig/1.conf")
    first = files.put(name="First", src=StringIO("first"), dest="/etc/rig/first")
    server.shell(name="After it", commands="echo x >>/root/told", _if=changed(first))
    files.line(name="A line", path="/etc/rig/lines", line="second")
    files.directory(name="A directory", path="/etc/rig/there", mode="711")
"""


def found(document):
    """Return what a report says of its operations, without times."""
    (host,) = document["hosts"]
    keys = ("role", "name", "status", "commands", "output", "diffs", "notes")
    return [{key: operation[key] for key in keys} for operation in host["operations"]]


def test_plans_and_applies_are_those_of_pyinfras_own_connector(lab, monkeypatch):
    def under(transport, command, code=0):
        monkeypatch.setenv(VARIABLE, transport)
        return lab.json(command, code=code)

    lab.role("many", TASKS)
    lab.hosts(**{RIG: {}})
    monkeypatch.setenv("NO_COLOR", "1")
    assert found(under("line", "plan")) == found(under("stock", "plan"))
    state = "find /etc/rig -printf '%p %M %u %g %s %l\\n' | sort; cat /etc/rig/*.conf"
    made = {}
    for transport in ("stock", "line"):
        applied = found(under(transport, "apply"))
        made[transport] = applied, lab.ssh(RIG, state).stdout
        if transport == "stock":
            lab.ssh(RIG, "rm -rf /etc/rig /root/told; userdel -r eve")
    assert made["line"] == made["stock"]
    assert lab.ssh(RIG, "cat /root/told /etc/rig/lines").stdout == "x\nsecond\n"
    for transport in ("stock", "line"):
        again = under(transport, "apply")
        assert {operation["status"] for operation in found(again)} == {"unchanged"}
    assert again["hosts"][0]["round_trips"] <= MOST_ROUND_TRIPS
    drift = "rm /etc/rig/3.conf; echo more >>/etc/rig/4.conf; chmod 600 /etc/rig/5.conf;"
    drift += "ln -sfn /etc/rig/2.conf /etc/rig/link; rmdir /etc/rig/there; userdel -r eve"
    lab.ssh(RIG, drift)
    planned = found(under("stock", "plan"))
    assert sum(o["status"] == "would change" for o in planned) == 6
    assert found(under("line", "plan")) == planned
    changed = [o["name"] for o in found(under("line", "apply")) if o["status"] == "changed"]
    assert changed == [o["name"] for o in planned if o["status"] == "would change"]
    lab.ssh(RIG, "rm -rf /etc/rig /root/told; userdel -r eve")


DEPLOY = """
from io import StringIO
from pyinfra.operations import files, server

files.put(name="Write", src=StringIO("x"), dest="/root/stock", mode="600", _sudo=True)
server.group(name="A group", group="crew", _sudo=True)
"""


def test_pyinfras_own_command_line_can_use_the_connector(lab):
    """The entry point is read as from an installed package."""
    named = '[project.entry-points."pyinfra.connectors"]\ndeeprig = "'
    place = (ROOT / "pyproject.toml").read_text().partition(named)[2].partition('"')[0]
    about = lab.path / "packages" / "connectors-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: connectors\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[pyinfra.connectors]\ndeeprig = {place}\n")
    script = lab.write("stock.py", DEPLOY)
    target = lab.state.host(RIG)
    data = {
        "ssh_port": target.ssh_port,
        "ssh_user": LOGIN_USER,
        "ssh_key": lab.state.key,
        "ssh_known_hosts_file": lab.state.known_hosts,
        "ssh_strict_host_key_checking": "yes",
    }
    given = [word for key, value in data.items() for word in ("--data", f"{key}={value}")]
    pyinfra = Path(sys.executable).parent / "pyinfra"
    command = [str(pyinfra), *given, "-y", "--json", "@deeprig/127.0.0.1", str(script)]
    try:
        for changed in (2, 0):
            done = subprocess.run(
                command,
                cwd=lab.path,
                env=os.environ | {"PYTHONPATH": f"{about.parent}:{ROOT}", "PYTHONSAFEPATH": ""},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            totals = json.loads(done.stdout)["results"]["totals"]
            assert (totals["success"], totals["no_change"]) == (changed, 2 - changed), done.stdout
        assert lab.ssh(RIG, "stat -c %a:%U /root/stock; getent group crew").stdout[:8] == "600:root"
    finally:
        lab.ssh(RIG, "rm -f /root/stock; groupdel crew")
