"""A re-run evaluates only hosts on which something changed; what changes is seen, and mended."""

import os

import pytest

from deeprig.transport.choice import DEFAULT, VARIABLE

pytestmark = pytest.mark.skipif(
    os.environ.get(VARIABLE, DEFAULT) != DEFAULT,
    reason="what another transport than the line was told is never rechecked: docs/recheck.md",
)
TASKS = """
    server.group(name="A group", group="crew")
    server.user(name="A user", user="eve", shell="/bin/bash", home="/home/eve", ensure_home=True)
    files.directory(name="A directory", path="/etc/rig", mode="755")
    files.template(
        name="A template", src=str(TEMPLATE), dest="/etc/rig/a.conf", mode="640", word="told"
    )
    files.put(name="A file", src=StringIO("text"), dest="/etc/rig/b.conf", mode="644")
    files.link(name="A link", path="/etc/rig/link", target="/etc/rig/b.conf")
    files.line(name="A line", path="/etc/rig/lines", line="second")
    systemd.service(name="A service", service="cron.service", running=True, enabled=True)
    server.sysctl(name="A value", key="net.ipv4.tcp_fin_timeout", value=31, persist=True,
        persist_file="/etc/sysctl.d/90-rig.conf")
    server.crontab(name="A job", command="/bin/true rig", minute="7")
"""
EXTRA = """
from pathlib import Path
from pyinfra.operations import systemd
TEMPLATE = Path(__file__).resolve().parents[2] / "templates" / "rig.conf.j2"
"""
#: What somebody does to a host, and the operation that puts it right.
DRIFT = {
    "groupdel crew": "A group",
    "usermod -s /bin/sh eve": "A user",
    "chmod 700 /etc/rig": "A directory",
    # As long as it was, with the time it had.
    "t=$(stat -c %Y /etc/rig/a.conf); echo TOLD >/etc/rig/a.conf; touch -d @$t /etc/rig/a.conf": (
        "A template"
    ),
    "chmod 600 /etc/rig/b.conf": "A file",
    "ln -sfn /etc/rig/a.conf /etc/rig/link": "A link",
    "echo first >/etc/rig/lines": "A line",
    "systemctl stop cron.service": "A service",
    "systemctl disable cron.service": "A service",
    "sysctl -qw net.ipv4.tcp_fin_timeout=30": "A value",
    "crontab -r": "A job",
}
CLEAN = """
rm -rf /etc/rig /etc/sysctl.d/90-rig.conf; userdel -r eve; groupdel crew; crontab -r
systemctl enable --now cron.service; sysctl -qw net.ipv4.tcp_fin_timeout=60; rm -f /root/held
"""


@pytest.fixture
def rig(lab, tmp_path, monkeypatch):
    """A lab with a role of its own on two hosts, to which it was applied twice."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lab.write("templates/rig.conf.j2", "{{ word }}\n")
    lab.role("rig", TASKS, extra=EXTRA)
    lab.hosts(rig1={}, rig2={})
    lab.json("apply")
    assert evaluated(lab.json("apply")) == {"rig1", "rig2"}
    yield lab
    for name in ("rig1", "rig2"):
        lab.ssh(name, CLEAN)


def evaluated(document):
    """Return the hosts that were evaluated in a run."""
    return {host["host"] for host in document["hosts"] if host["evaluated"] is None}


def changed(document):
    """Return what was changed, by host."""
    return {
        (host["host"], operation["name"])
        for host in document["hosts"]
        for operation in host["operations"]
        if operation["status"] != "unchanged"
    }


def test_a_host_that_is_as_it_was_is_asked_once_and_told_as_ever(rig):
    full = rig.json("apply", "--no-recheck")
    again = rig.json("apply")
    assert evaluated(full) == {"rig1", "rig2"}
    assert evaluated(again) == set()
    for before, after in zip(full["hosts"], again["hosts"], strict=True):
        assert after["round_trips"] == 1
        assert after["evaluated"] <= again["started"]
        own = {"seconds", "round_trips", "evaluated", "operations"}
        assert {k: v for k, v in before.items() if k not in own} == {
            k: v for k, v in after.items() if k not in own
        }
        told = [{k: v for k, v in one.items() if k != "seconds"} for one in before["operations"]]
        assert told == [
            {k: v for k, v in one.items() if k != "seconds"} for one in after["operations"]
        ]
    shown = rig.run("apply").stdout
    assert "2 hosts as evaluated at" in shown
    assert "2 ok; 0 changed" in shown


def test_what_somebody_changes_on_a_host_is_seen_and_put_right(rig):
    for drift in DRIFT:
        done = rig.ssh("rig1", drift)
        assert done.returncode == 0, done.stderr
    found = rig.json("apply")
    assert evaluated(found) == {"rig1"}
    assert changed(found) == {("rig1", operation) for operation in DRIFT.values()}
    # What was put right was not found so: the next run finds it, and the one after rechecks.
    assert evaluated(rig.json("apply")) == {"rig1"}
    assert evaluated(rig.json("apply")) == set()


@pytest.mark.full
def test_each_thing_that_somebody_changes_is_seen_by_itself(rig):
    for drift, operation in DRIFT.items():
        done = rig.ssh("rig1", drift)
        assert done.returncode == 0, done.stderr
        found = rig.json("apply")
        assert evaluated(found) == {"rig1"}, drift
        assert changed(found) == {("rig1", operation)}
        # What was put right was not found so: the next run finds it, and the one after rechecks.
        assert evaluated(rig.json("apply")) == {"rig1"}
    assert evaluated(rig.json("apply")) == set()


def test_whatever_changes_at_the_controller_is_evaluated(rig, monkeypatch):
    def settled():
        assert evaluated(rig.json("apply")) == set()

    settled()
    rig.write("templates/rig.conf.j2", "{{ word }}!\n")
    found = rig.json("apply")
    assert changed(found) == {("rig1", "A template"), ("rig2", "A template")}
    assert changed(rig.json("apply")) == set()
    settled()
    rig.write("inventory/group_data/workstations.py", "unused = 1\n")
    assert rig.run("apply", code=2).stderr  # a key that nobody knows
    (rig.path / "inventory/group_data/workstations.py").unlink()
    assert evaluated(rig.json("apply")) == {"rig1", "rig2"}
    settled()
    monkeypatch.setenv("LAB_WORD", "new")
    assert evaluated(rig.json("apply")) == {"rig1", "rig2"}
    settled()
    # Another selection is another command, with a record of its own.
    assert evaluated(rig.json("apply", "--limit", "rig2")) == {"rig2"}
    assert evaluated(rig.json("apply", "--limit", "rig2")) == set()
    settled()


def test_who_cannot_be_asked_is_run_as_ever(rig, monkeypatch):
    # Its key is another one than it was: nobody is asked, and the run says what is wrong.
    known = rig.path / "known_hosts"
    other = rig.state.host("rig2").ssh_port
    lines = rig.state.known_hosts.read_text().splitlines()
    known.write_text("\n".join(line for line in lines if f":{other} " in line) + "\n")
    rig.data(ssh_known_hosts_file=str(known))
    found = rig.json("apply", code=3)
    assert {host["host"]: host["status"] for host in found["hosts"]} == {
        "rig1": "unreachable",
        "rig2": "ok",
    }
    again = rig.json("apply", code=3)
    assert evaluated(again) == {"rig1"}
    assert again["hosts"][0]["reason"] == found["hosts"][0]["reason"]


def test_a_role_that_depends_on_more_says_so(rig):
    text = (rig.path / "roles/rig/__init__.py").read_text()
    said = (
        "\n    from deeprig.recheck.inputs import evaluate_always\n    evaluate_always('the hour')"
    )
    head, mark, rest = text.partition("    host = ctx_host.get()")
    assert mark
    rig.write("roles/rig/__init__.py", f"{head}{mark}{said}{rest}")
    for _ in range(3):
        assert evaluated(rig.json("apply")) == {"rig1", "rig2"}


def test_a_record_holds_no_answer_and_nobody_else_reads_it(rig, tmp_path):
    (record,) = (tmp_path / "cache" / "deeprig" / "recheck").iterdir()
    assert record.stat().st_mode & 0o777 == 0o600
    shadow = rig.ssh("rig1", "getent shadow root").stdout.split(":")[1]
    text = record.read_text()
    assert '"A file"' in text
    assert "/home/eve:/bin/bash" not in text
    assert len(shadow) < 4 or shadow not in text
    record.chmod(0o666)  # what is not to be believed
    assert evaluated(rig.json("apply")) == {"rig1", "rig2"}
