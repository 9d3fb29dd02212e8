"""What a host is told lies under /run, and only what downloads is led to the bundle as a whole."""

import subprocess

import pytest
from paramiko import SSHException
from pyinfra.api.command import StringCommand

from deeprig.bundle import through
from deeprig.bundle.far_side import FarSide
from deeprig.engine.steady_command import SteadyCommand
from deeprig.errors import DeeprigError


@pytest.fixture
def far(tmp_path, monkeypatch):
    monkeypatch.setattr("deeprig.bundle.far_side.RUN_DIRECTORY", str(tmp_path / "run"))
    return FarSide("test", 4321)


def shell(command):
    done = subprocess.run(  # noqa: S602 - as on a host
        command.get_raw_value(), shell=True, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_its_files_are_written_and_removed(far, tmp_path):
    token = shell(far.place("PEM 'quoted'\n")).rstrip("\n")
    assert len(token) == 32
    place = tmp_path / "run/bundle-test"
    assert (place / "ca.pem").read_text() == "PEM 'quoted'\n"
    proxy = "http: http://${DEEPRIG_BUNDLE_LOGIN}@127.0.0.1:4321"
    assert proxy in (place / "condarc").read_text()
    assert (place / "first.conf").read_text() == f'Dir::Etc::main "{place}/last.conf";\n'
    apt = (place / "last.conf").read_text()
    assert f'Acquire::http::Proxy "http://deeprig:{token}@127.0.0.1:4321";' in apt
    assert f'Acquire::https::Proxy "http://deeprig:{token}@127.0.0.1:4321";' in apt
    assert 'Acquire::IndexTargets::deb::Translations::DefaultEnabled "false";' in apt
    assert "deb::Packages::DefaultEnabled" not in apt
    shell(far.remove())
    assert not place.exists()


def test_nobody_else_reads_what_logs_in(far, tmp_path):
    token = shell(far.place("PEM")).rstrip("\n")
    files = [path for path in (tmp_path / "run/bundle-test").iterdir() if token in path.read_text()]
    assert {path.name for path in files} == {"login", "last.conf"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert shell(far.place("PEM")) != f"{token}\n"


def test_a_command_has_the_login_in_its_environment_and_not_in_its_words(far):
    token = shell(far.place("PEM")).rstrip("\n")
    proxy = f"http://deeprig:{token}@127.0.0.1:4321"
    plain = far.logged_in(StringCommand("env"), downloads=False)
    assert token not in plain.get_raw_value()
    seen = dict(line.split("=", 1) for line in shell(plain).splitlines() if "=" in line)
    assert seen["PIP_PROXY"] == proxy
    assert seen["DEEPRIG_BUNDLE_LOGIN"] == f"deeprig:{token}"
    assert seen.get("http_proxy") != proxy
    downloading = shell(far.logged_in(StringCommand("env"), downloads=True)).splitlines()
    assert {f"http_proxy={proxy}", f"https_proxy={proxy}"} <= set(downloading)


def test_a_command_that_may_not_read_the_login_runs_without(far):
    assert shell(far.logged_in(StringCommand("echo", "ran"), downloads=True)) == "ran\n"


def test_a_command_that_goes_on_is_known_by_its_unit(far):
    steady = SteadyCommand(StringCommand("apt-get"), "x", is_apt=True)
    led = far.logged_in(steady, downloads=True)
    assert led.unit == steady.unit
    assert steady.get_raw_value() in led.get_raw_value()


def test_a_command_keeps_its_own_variables(far):
    own = {"DEBIAN_FRONTEND": "noninteractive", "no_proxy": "near.test"}
    plain = far.variables(own, downloads=False)
    assert plain["no_proxy"] == "near.test"
    downloading = far.variables(own, downloads=True)
    assert downloading["no_proxy"] == ""
    assert downloading["DEBIAN_FRONTEND"] == "noninteractive"
    assert own["no_proxy"] == "near.test"


class FakeTransport:
    def request_port_forward(self, address, port, handler):
        raise SSHException("TCP forwarding request denied")


class SimpleHost:
    name = "rig1"
    data = {"ssh_user": "root"}  # noqa: RUF012 - pyinfra's has more


Through = type("Through", (through._ThroughBundle,), {})


def test_an_sshd_that_forwards_nothing_is_told_with_the_remedy(monkeypatch):
    connector = object.__new__(Through)
    connector.host = SimpleHost()
    monkeypatch.setattr(through, "_replays", {connector.host: None})
    with pytest.raises(DeeprigError, match="does not lead a port back") as caught:
        connector._open(FakeTransport())
    assert "AllowTcpForwarding" in caught.value.problems[0].remedy


def test_facts_ask_without_variables_and_steady_work_with_all(far, monkeypatch):
    ran = []

    def run(self, command, *arguments, **options):
        ran.append((options.get("_env"), command.get_raw_value()))
        return True, None

    monkeypatch.setattr("pyinfra.connectors.ssh.SSHConnector.run_shell_command", run)
    connector = object.__new__(Through)
    connector.far_side = far
    connector.run_shell_command(StringCommand("true"), _env={"A": "1"})
    connector.run_shell_command(SteadyCommand(StringCommand("apt-get"), "x", is_apt=True))
    monkeypatch.setattr(through, "is_reading", lambda: True)
    connector.run_shell_command(StringCommand("dpkg -l"))
    assert "http_proxy" not in ran[0][1]
    assert ran[0][0]["A"] == "1"
    assert "http_proxy" in ran[1][1]
    assert ran[1][0]["no_proxy"] == ""
    assert ran[2] == (None, "dpkg -l")


class Output:
    def __init__(self, stdout):
        self.stdout = self.stderr = stdout


class Forwards:
    """A transport that leads a port back, and hands over what connects to it."""

    def request_port_forward(self, address, port, handler):
        self.handler = handler
        return 4321


class Channel:
    closed = False

    def close(self):
        self.closed = True


class Admits:
    port = 1

    def __init__(self):
        self.authority = type("Authority", (), {"pem": "PEM"})
        self.tokens = []
        self.admit = self.tokens.append


@pytest.fixture
def opened(monkeypatch):
    """Return a function that opens the way on a host that prints something."""

    def call(printed):
        def run(self, command, **options):
            return True, Output(printed)

        monkeypatch.setattr("pyinfra.connectors.ssh.SSHConnector.run_shell_command", run)
        connector, replay, transport = object.__new__(Through), Admits(), Forwards()
        connector.host = SimpleHost()
        monkeypatch.setattr(through, "_replays", {connector.host: replay})
        connector._open(transport)
        return replay, transport

    return call


def test_the_token_of_a_host_is_admitted_and_nothing_else(opened):
    assert opened("ab" * 16)[0].tokens == ["ab" * 16]
    with pytest.raises(DeeprigError, match="no token"):
        opened("")


def test_one_host_has_only_so_many_connections(opened, monkeypatch):
    ended = []
    monkeypatch.setattr(through, "join", lambda channel, port, done: ended.append(done))
    _, transport = opened("ab" * 16)
    channels = [Channel() for _ in range(through.MOST_CHANNELS + 1)]
    for channel in channels:
        transport.handler(channel, None, None)
    assert [channel.closed for channel in channels] == [False] * through.MOST_CHANNELS + [True]
    ended[0]()
    transport.handler(Channel(), None, None)
    assert len(ended) == through.MOST_CHANNELS + 1
