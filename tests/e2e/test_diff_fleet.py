"""``deeprig diff-fleet`` on real hosts: drift that is planted is told, and what is equal is not."""

from __future__ import annotations

import pytest

#: Drift of one host, and how it is undone. The secret is another one on each host.
PLANT = """set -e
mkdir -p /etc/modprobe.d /etc/deeprig
echo 'blacklist nouveau' > /etc/modprobe.d/planted.conf
useradd --no-create-home --uid 4711 planted
apt-mark -q hold less >/dev/null
systemctl stop cron
(umask 077; echo "secret of $(hostname)" > /etc/deeprig/planted.secret)
"""
MEND = """set -e
rm -f /etc/modprobe.d/planted.conf /etc/deeprig/planted.secret
userdel planted
apt-mark -q unhold less >/dev/null
systemctl start cron
"""
#: What it is told as: what most have, and what the host has instead.
DRIFT = {
    ("kernel", "blacklist nouveau"),
    ("packages", "less"),
    ("units", "cron.service"),
    ("files", "/etc/modprobe.d/planted.conf"),
    ("files", "/etc/deeprig/planted.secret"),
    ("accounts", "user planted"),
    ("accounts", "keys of planted"),
    ("accounts", "group planted"),
}


@pytest.fixture
def alike(lab):
    """Two hosts of one release."""
    lab.hosts(rig1={}, rig3={})
    return lab


def differences(lab, *arguments, code):
    told = lab.json("diff-fleet", *arguments, code=code)
    assert told["exit_code"] == code
    return {(one["section"], one["key"]): one for one in told["differences"]}, told


def test_planted_drift_is_told_and_is_gone_when_it_is_mended(alike):
    before = set(differences(alike, code=4)[0])  # their addresses, at least
    try:
        done = alike.ssh("rig3", PLANT)
        assert done.returncode == 0, done.stderr
        found, told = differences(alike, "--against", "rig1", code=4)
        assert set(found) - before == DRIFT
        hold = found["packages", "less"]
        assert hold["common"]["hosts"] == ["rig1"]
        assert hold["others"][0]["value"].endswith("(held)")
        assert "secret of" not in str(told)
        text = alike.run("diff-fleet", "--only", "units", code=4).stdout
        assert "cron.service" in text
        assert "enabled, stopped" in text
        assert "units 1" in text
    finally:
        done = alike.ssh("rig3", MEND)
        assert done.returncode == 0, done.stderr
    assert set(differences(alike, code=4)[0]) == before
    ignored = [f"--ignore={section}:{key}" for section, key in before]
    assert differences(alike, *ignored, code=0)[0] == {}


def test_of_closed_files_no_content_is_compared(alike):
    closed = "/etc/deeprig/planted.secret"
    try:
        for host in ("rig1", "rig3"):
            alike.ssh(host, f"mkdir -p /etc/deeprig; umask 077; hostname > {closed}")
        found, _ = differences(alike, "--only", "files", code=4)
        assert ("files", closed) not in found
    finally:
        for host in ("rig1", "rig3"):
            alike.ssh(host, f"rm -f {closed}")


def test_what_cannot_be_read_is_no_equality(alike):
    broken = "/usr/local/cuda-99.9"
    try:
        alike.ssh("rig3", f"mkdir {broken}; echo '{{' > {broken}/version.json")
        found, told = differences(alike, "--only", "cuda", code=1)
        assert found == {}
        assert [(entry["host"], entry["section"]) for entry in told["unread"]] == [("rig3", "cuda")]
    finally:
        alike.ssh("rig3", f"rm -r {broken}")
    assert differences(alike, "--only", "cuda", code=0)[1]["unread"] == []


def test_a_host_that_does_not_answer_is_told_and_the_others_are_compared(alike):
    alike.hosts(rig1={}, rig3={}, gone={"ssh_hostname": "127.0.0.1", "ssh_port": 1})
    _, told = differences(alike, "--only", "os", code=3)
    assert [host["status"] for host in told["hosts"]] == ["read", "read", "unreachable"]
    assert told["compared"] > 3


def test_releases_differ(lab):
    lab.hosts(rig1={}, rig2={})
    found, _ = differences(lab, "--only", "os", code=4)
    values = {one["value"] for one in found["os", "version id"]["others"]}
    assert values == {"12", "13"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--against", "nobody"), "none of the hosts"),
        (("--ignore", "nonsense:x"), "names no section"),
        (("--ignore", "*"), "nothing is left to compare"),
        (("--limit", "rig1"), "only rig1 to compare"),
    ],
)
def test_bad_usage_is_told_before_anybody_is_asked(alike, arguments, said):
    assert said in alike.run("diff-fleet", *arguments, code=2).stderr
