"""The role `network` on a real host: what is changed is confirmed, or undone by the host itself."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.netplan_host import NetplanHost, netplan_lab
from tests.e2e.running import ROOT

NEW = "10.213.0.77"
#: Where no gateway is.
SILENT = "10.213.0.250"
#: In no network that the controller reaches.
NOWHERE = "10.99.99.9"


@pytest.fixture(scope="module")
def netplan_state():
    with netplan_lab(ROOT / ".lab" / f"netplan-{os.getpid()}") as state:
        yield state


@pytest.fixture
def host(netplan_state, tmp_path):
    """A host as its installer left it, and an empty lab directory over it."""
    made = NetplanHost(tmp_path / "lab", netplan_state, None)
    made.path.mkdir()
    found_at = made.address if made.answers() else NEW
    made.as_installed(found_at)
    yield made
    shutil.rmtree(made.path)


def changes(document):
    """Return the role's changes, but for the programs: somebody may be editing this checkout's."""
    found = document["hosts"][0]["operations"]
    names = [o["name"] for o in found if o["status"] in ("changed", "would change")]
    return [name for name in names if name != "Place deeprig's programs"]


def told(document):
    """Return the failed operation's words."""
    found = document["hosts"][0]["operations"]
    return next(o["output"] for o in found if o["status"] == "failed")


def notes(document):
    return [note for o in document["hosts"][0]["operations"] for note in o["notes"]]


def is_as_installed(host):
    assert list(host.files()) == ["50-cloud-init.yaml"]
    assert host.addresses() == {host.address}
    left = "find /etc/systemd/system -name 'deeprig-network-*'; ls /var/lib/deeprig/network/*.json"
    assert host.at(host.address, left).stdout == ""
    return True


def test_a_declared_network_is_planned_confirmed_and_then_no_change(host):
    host.declare(host.lan(nameservers=["10.213.0.1"], mtu=1400))
    planned = host.json("plan", "--detailed-exitcode", code=4)
    operation = planned["hosts"][0]["operations"][-1]
    assert operation["name"] == "Change the network"
    diffs = {diff["path"]: diff["text"] for diff in operation["diffs"]}
    assert f'+        - "{host.address}/24"' in diffs["/etc/netplan/90-deeprig.yaml"]
    # What goes may hold a key of Wi-Fi: that it goes is shown, and not what it says.
    assert set(diffs["/etc/netplan/50-cloud-init.yaml"].splitlines()[3:]) == {"-********"}
    assert is_as_installed(host)

    applied = host.json("apply")
    assert "Change the network" in changes(applied)
    assert f"{host.address} stays: it is declared" in notes(applied)
    assert list(host.files()) == ["90-deeprig.yaml"]
    status = host.status()
    assert (status["change"], status["is_armed"]) == (None, False)
    assert status["last_change"]["phase"] == "confirmed"
    assert host.at(host.address, "cat /sys/class/net/host0/mtu").stdout == "1400\n"
    again = host.json("apply")
    assert changes(again) == []
    # The change ended the connection that held the host; it was held again, and let go in order.
    assert "lock" not in {o["role"] for o in again["hosts"][0]["operations"]}


def test_what_would_lose_the_management_address_is_refused_by_plan_and_apply(host):
    host.declare(host.lan(addresses=[f"{NEW}/24"]))
    for command in ("plan", "apply"):
        refused = host.json(command, code=2)["hosts"][0]
        assert refused["status"] == "refused"
        assert f"reaches the host at {host.address} on host0" in refused["reason"]
        assert refused["reason"].startswith("network: the controller reaches the host")
        assert "network.management_address" in refused["remedy"]
    assert is_as_installed(host)


def test_a_stated_new_address_is_moved_to_and_found_there_afterwards(host):
    declared = host.lan(addresses=[f"{NEW}/24"]) | {"management_address": NEW}
    host.declare(declared)
    applied = host.json("apply")
    assert f"the host moves from {host.address} to {NEW}" in notes(applied)
    assert any(f"set ssh_hostname to {NEW}" in note for note in notes(applied))
    assert host.addresses(NEW) == {NEW}
    assert not host.answers()
    host.declare(declared, address=NEW)
    assert changes(host.json("apply")) == []
    assert host.status(NEW)["last_change"]["phase"] == "confirmed"


@pytest.mark.full
def test_an_address_that_nobody_reaches_is_given_back_by_the_host(host):
    lan = host.lan(
        addresses=[f"{NOWHERE}/24"],
        routes=[{"to": "default", "via": "10.213.0.1", "on_link": True}],
    )
    host.declare(lan | {"management_address": NOWHERE})
    failed = host.json("apply", code=1)
    assert "no new connection came about" in told(failed)
    assert "the host: not confirmed within 45 s" in told(failed)
    assert "it is back on its old network" in told(failed)
    assert is_as_installed(host)


def test_a_gateway_that_does_not_answer_is_not_confirmed(host):
    host.declare(host.lan(routes=[{"to": "default", "via": SILENT}]))
    failed = host.json("apply", code=1)
    assert f"the gateway {SILENT} does not answer on the link" in told(failed)
    assert is_as_installed(host)
    shown = host.at(host.address, "ip route show default").stdout
    assert "via 10.213.0.1 " in shown


@pytest.fixture
def orphaned(host):
    """The host with a change that is applied and not confirmed; its controller was killed."""
    # What keeps the controller from confirming is a gateway that does not answer.
    host.declare(host.lan(routes=[{"to": "default", "via": SILENT}]) | {"confirm_seconds": 90})
    running = host.start("apply")
    host.wait(lambda: (host.status()["change"] or {}).get("phase") == "applied")
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    # What the dead one last asked for may still wait for the gateway; it would confirm by itself.
    host.wait(lambda: host.at(host.address, "pgrep -f '[n]etwork confirm'").returncode == 1)
    yield host
    subprocess.run(["ip", "-n", host.state.id, "addr", "del", f"{SILENT}/24", "dev", "br0"])


@pytest.mark.full
def test_a_host_whose_controller_died_goes_back_by_itself(orphaned):
    assert orphaned.status()["seconds_left"] < 90
    orphaned.wait(lambda: orphaned.status()["change"] is None, 180)
    assert is_as_installed(orphaned)


def test_the_next_run_confirms_what_a_dead_one_applied(orphaned):
    namespace = orphaned.state.id
    done = subprocess.run(["ip", "-n", namespace, "addr", "add", f"{SILENT}/24", "dev", "br0"])
    assert done.returncode == 0
    applied = orphaned.json("apply")
    assert "Change the network" in changes(applied)
    assert any("did not come to confirm it" in note for note in notes(applied))
    assert orphaned.status()["last_change"]["phase"] == "confirmed"
    assert changes(orphaned.json("apply")) == []


@pytest.mark.full
def test_the_next_run_undoes_what_a_dead_one_applied_where_something_else_is_declared(orphaned):
    orphaned.declare(orphaned.lan(mtu=1300))
    applied = orphaned.json("apply")
    assert any("it is put back first" in note for note in notes(applied))
    shown = orphaned.at(orphaned.address, "ip route show default; cat /sys/class/net/host0/mtu")
    assert shown.stdout.split()[2] == "10.213.0.1"
    assert shown.stdout.splitlines()[-1] == "1300"
    assert changes(orphaned.json("apply")) == []


def test_netplans_own_refusal_is_told_and_nothing_is_applied(host):
    host.declare(host.lan())
    host.at(host.address, "printf 'network: {version: 2, ethernetz: {}}' > /etc/netplan/70-x.yaml")
    failed = host.json("apply", code=1)
    assert "netplan refuses the configuration" in told(failed)
    assert "/etc/netplan/70-x.yaml:1:" in told(failed)
    host.at(host.address, "rm /etc/netplan/70-x.yaml")
    assert is_as_installed(host)


def test_pyinfras_own_command_line_refuses_and_confirms_too(host):
    pyinfra = str(Path(sys.executable).with_name("pyinfra"))
    command = [*("ip", "netns", "exec", host.namespace), pyinfra]
    command += ["inventory/lab.py", "deploy/workstation.py", "-y"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": ""}

    def run():
        return subprocess.run(
            command, cwd=host.path, env=environment, capture_output=True, text=True, timeout=300
        )

    host.declare(host.lan(addresses=[f"{NEW}/24"]))
    refused = run()
    assert refused.returncode != 0
    assert "the declaration would take that address away" in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr
    assert is_as_installed(host)

    host.declare(host.lan())
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(host.files()) == ["90-deeprig.yaml"]
    assert host.status()["last_change"]["phase"] == "confirmed"


def test_a_password_for_sudo_lasts_over_the_new_connection(host):
    """Programs that a step runs need it as operations do; so does holding the host again."""
    user = (
        "id pw 2>/dev/null || useradd -m -s /bin/bash pw && echo pw:s3cret-word | chpasswd"
        " && echo 'pw ALL=(ALL:ALL) ALL' > /etc/sudoers.d/pw"
        " && cp -r /root/.ssh /home/pw/ && chown -R pw /home/pw/.ssh"
    )
    assert host.at(host.address, user).returncode == 0
    host.declare(host.lan(addresses=[f"{NEW}/24"]) | {"management_address": NEW})
    host.hosts(rig1={"ssh_hostname": host.address, "ssh_port": 22, "ssh_user": "pw"})
    done = host.run("apply", "-K", stdin="s3cret-word\n")
    assert host.addresses(NEW) == {NEW}
    assert "1 host: 1 ok" in done.stdout
