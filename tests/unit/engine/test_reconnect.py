"""Coming back to a machine: only to it, at a known or a new address, leaving no trace behind."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from paramiko import ECDSAKey
from pyinfra.api.exceptions import ConnectError
from pyinfra.api.host import HostData

from deeprig.engine.reconnect import Endpoint, attempt, endpoint_of, pinned, remember


class Connector:
    """Simulated: copies the host's data when it is made, as pyinfra's does."""

    def __init__(self, state, host):
        self.state, self.host = state, host
        self.data = {name: host.data.get(name) for name in ("ssh_hostname", "ssh_port")}
        self.known = host.data.get("ssh_known_hosts_file")

    def connect(self):
        self.host.tried.append((self.data["ssh_hostname"], self.data["ssh_port"]))
        if self.host.refuses:
            raise ConnectError(self.host.refuses)


@pytest.fixture
def host(tmp_path):
    """Simulated: a host of the inventory, connected."""
    made = SimpleNamespace(name="rig1", connected=True, tried=[], refuses="", closed=0)
    known = tmp_path / "ssh" / "known_hosts"
    data = {"ssh_hostname": "192.0.2.11", "ssh_port": 2222, "ssh_known_hosts_file": str(known)}
    made.data = HostData(made, data)
    made.connector = Connector(None, made)

    def disconnect():
        made.closed += 1

    made.disconnect = disconnect
    return made


KEY = ECDSAKey.generate()


def test_an_endpoint_is_named_as_known_hosts_names_it(host):
    assert endpoint_of(host) == Endpoint("192.0.2.11", 2222)
    assert endpoint_of(host).known_as == "[192.0.2.11]:2222"
    assert Endpoint("192.0.2.11", 22).known_as == Endpoint("192.0.2.11").known_as == "192.0.2.11"


def test_an_attempt_is_a_new_connection_that_accepts_this_machines_key_alone(host):
    at = Endpoint("192.0.2.99", 22)
    with pinned(host, KEY) as known:
        assert attempt(host, at, KEY, known) is None
        assert (host.closed, host.tried, host.connected) == (1, [("192.0.2.99", 22)], True)
        assert known.read_text() == f"192.0.2.99 {KEY.get_name()} {KEY.get_base64()}\n"
        assert host.data.ssh_known_hosts_file == str(known)
        assert host.data.ssh_strict_host_key_checking == "yes"


def test_a_failed_attempt_says_why_and_leaves_no_connection(host):
    host.refuses = "Could not connect (timed out)"
    with pinned(host, KEY) as known:
        assert attempt(host, Endpoint("192.0.2.99"), KEY, known) == host.refuses
    assert not host.connected


def test_afterwards_the_inventorys_way_of_checking_keys_is_back(host):
    before = host.data.ssh_known_hosts_file
    with pytest.raises(RuntimeError), pinned(host, KEY):
        raise RuntimeError("whatever happens meanwhile")
    assert host.data.ssh_known_hosts_file == before
    # None would mean "ask", which nobody can be.
    assert "ssh_strict_host_key_checking" not in host.data.override_datas


def test_a_key_is_remembered_once_under_the_new_address(host):
    at = Endpoint("192.0.2.99", 22)
    path = remember(host, at, KEY)
    assert remember(host, at, KEY) == path == host.data.ssh_known_hosts_file
    assert Path(path).read_text() == f"192.0.2.99 {KEY.get_name()} {KEY.get_base64()}\n"
