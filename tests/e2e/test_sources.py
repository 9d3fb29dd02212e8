"""One host applied from an Ansible inventory; each other form then finds nothing left to do."""

import json

import pytest

from deeprig.lab.state import LOGIN_USER
from tests.unit.inventory.sources.netbox_server import machine, serving

BODY = """
    from io import StringIO
    files.put(
        name="Place the marker",
        src=StringIO(context.settings.text + "\\n"),
        dest="/etc/deeprig-source",
        mode="644",
    )
"""
CHECK = """
def test_the_marker_is_there(host, settings):
    assert host.file("/etc/deeprig-source").content_string == settings.text + "\\n"
"""
TEXT = "from where it lives"
OWN = {"marker": {"text": TEXT}}


@pytest.fixture
def placed(lab):
    """A lab with a role of its own; what reaches its host stands in group_data/all.py."""
    lab.role("marker", BODY, settings="text: str = 'unset'")
    lab.write("roles/marker/verify.py", CHECK)
    yield lab
    lab.ssh("rig1", "rm -f /etc/deeprig-source")


def ansible_ini(lab, port):
    own = json.dumps(OWN)
    text = f"[gpu]\nrig1 ansible_host=127.0.0.1\n[gpu:vars]\nansible_port={port}\ndeeprig={own}\n"
    return lab.write("hosts.ini", text)


def ansible_yaml(lab, port):
    host = {"ansible_host": "127.0.0.1", "ansible_port": port, "deeprig": OWN}
    return lab.write("hosts.yml", json.dumps({"gpu": {"hosts": {"rig1": host}}}, indent=2))


def ansible_program(lab, port):
    variables = {"ansible_host": "127.0.0.1", "ansible_port": port, "deeprig": OWN}
    listing = {"gpu": {"hosts": ["rig1"]}, "_meta": {"hostvars": {"rig1": variables}}}
    path = lab.write("inventory.sh", f"#!/bin/sh\ncat <<'END'\n{json.dumps(listing)}\nEND\n")
    path.chmod(0o755)
    return path


def ssh_config(lab, port):
    lab.write("group_data/all.py", f"marker = {OWN['marker']!r}\n")
    text = f"Host rig1\n  HostName 127.0.0.1\n  Port {port}\n  User {LOGIN_USER}\n"
    return lab.write("ssh_config", text)


def csv(lab, port):
    return lab.write("hosts.csv", f"name;address;port;marker.text\nrig1;127.0.0.1;{port};{TEXT}\n")


def terraform(lab, port):
    host = {"name": "rig1", "public_ip": "127.0.0.1", "port": port, "deeprig": OWN}
    output = {"deeprig_hosts": {"sensitive": False, "type": "list", "value": [host]}}
    return lab.write("outputs.json", json.dumps(output))


FORMS = (ansible_yaml, ansible_program, csv, terraform, ssh_config)


def changed(document):
    return [
        o["name"] for h in document["hosts"] for o in h["operations"] if o["status"] != "unchanged"
    ]


def test_every_source_says_the_same_of_one_real_host(placed):
    port = placed.state.host("rig1").ssh_port
    first = str(ansible_ini(placed, port))
    assert changed(placed.json("apply", "-i", first)) == ["Place the marker"]
    assert placed.ssh("rig1", "cat /etc/deeprig-source").stdout == f"{TEXT}\n"
    assert changed(placed.json("apply", "-i", first)) == []
    for form in FORMS:
        where = str(form(placed, port))
        told = placed.json("plan", "-i", where, "--detailed-exitcode", code=0)
        assert changed(told) == [], where
        assert told["inventory"].endswith(where)
    assert placed.json("verify", "-i", where)["hosts"][0]["status"] == "passed"
    _proves_a_netbox(placed, port)


def _proves_a_netbox(lab, port):
    (lab.path / "group_data/all.py").unlink()
    with serving() as netbox:
        own = OWN | {"ssh_port": port}
        netbox.devices = [machine("rig1", "127.0.0.1/8", config_context={"deeprig": own})]
        where = f"netbox:{netbox.url}"
        lab.json("plan", "-i", where, "--detailed-exitcode", code=0)
        asked = len(netbox.asked)
        assert lab.json("verify", "-i", where)["hosts"][0]["status"] == "passed"
        # The processes that check the hosts are handed what was read once.
        assert len(netbox.asked) == asked * 2
