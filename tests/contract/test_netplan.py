"""The role's YAML against netplan's own generator (Debian's, unpacked, not installed)."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from roles.network.host_network import Renderer
from roles.network.netplan import NETPLAN_PATH, render
from roles.network.settings import NetworkSettings
from tests.unit.roles.network.declared import DECLARATIONS, LAN_MAC, SECOND_MAC, host, network

_UNPACK = """
set -eu
cd "$1"
apt-get -qq -o APT::Sandbox::User=root download netplan.io libnetplan0
for package in *.deb; do dpkg-deb -x "$package" root; done
"""


@dataclass(frozen=True)
class Generator:
    """netplan's generator and where it works."""

    program: Path
    libraries: str
    root: Path

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        place = self.root / NETPLAN_PATH.lstrip("/")
        place.parent.mkdir(parents=True)
        place.write_text(text, encoding="utf-8")
        place.chmod(0o600)
        return subprocess.run(
            [self.program, "--root-dir", self.root],
            env={**os.environ, "LD_LIBRARY_PATH": self.libraries},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def made(self) -> dict[str, str]:
        """Return path -> text of everything it wrote for the renderers and udev."""
        files = sorted(path for path in (self.root / "run").rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.root)): path.read_text(encoding="utf-8") for path in files
        }


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("netplan")
    subprocess.run(["sh", "-c", _UNPACK, "sh", place], check=True, timeout=300)
    return place / "root"


@pytest.fixture
def generator(unpacked: Path, tmp_path: Path) -> Generator:
    library = next(unpacked.glob("usr/lib/*/libnetplan.so.*"))
    return Generator(
        unpacked / "usr/libexec/netplan/generate", str(library.parent), tmp_path / "host"
    )


def made_of(
    generator: Generator, settings: NetworkSettings, renderer: Renderer = "networkd"
) -> dict[str, str]:
    done = generator.run(render(settings, host(renderer)).text)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "netplan warns"
    return generator.made()


def named(made: dict[str, str], end: str) -> str:
    """Return the text of the one file whose path ends so."""
    found = [path for path in made if path.endswith(end)]
    assert len(found) == 1, f"{end} in {sorted(made)}"
    return made[found[0]]


def lines(text: str) -> set[str]:
    return {line for line in text.splitlines() if line}


@pytest.mark.parametrize("renderer", ["networkd", "NetworkManager"])
@pytest.mark.parametrize("case", DECLARATIONS)
def test_netplan_takes_every_declaration_for_the_renderer_of_the_host(case, renderer, generator):
    made = made_of(generator, network(**DECLARATIONS[case]), renderer)
    configured = [path for path in made if path.endswith((".network", ".nmconnection"))]
    assert configured
    ending = ".network" if renderer == "networkd" else ".nmconnection"
    assert all(path.endswith(ending) for path in configured)


def test_netplan_refuses_broken_yaml_so_this_contract_can_fail(generator):
    text = render(network(**DECLARATIONS["static"]), host()).text
    done = generator.run(text.replace('- "192.0.2.11/24"', '- "192.0.2.11"'))
    assert done.returncode == 1
    assert "192.0.2.11" in done.stderr
    assert generator.made() == {}


def test_a_static_interface_gets_its_addresses_routes_and_name_servers(generator):
    made = made_of(generator, network(**DECLARATIONS["static"]))
    configured = named(made, "enp3s0.network")
    assert lines(configured) >= {
        "Address=192.0.2.11/24",
        "Address=2001:db8:1::11/64",
        "DNS=192.0.2.53",
        "DNS=2001:db8:1::53",
        "Domains=lab.example.org",
        "Gateway=192.0.2.1",
        "Gateway=fe80::1",
        "Destination=10.20.0.0/16",
        "GatewayOnLink=true",
        "IPv6AcceptRA=no",
        "Metric=100",
        "Metric=50",
    }
    assert "DHCP=" not in configured


def test_a_link_file_matches_the_mac_address_and_keeps_the_name(generator):
    link = named(made_of(generator, network(**DECLARATIONS["static"])), "enp3s0.link")
    assert lines(link) >= {
        f"PermanentMACAddress={LAN_MAC}",
        "Name=enp3s0",
        "WakeOnLan=magic",
        "MTUBytes=9000",
    }


def test_dhcp_prefers_wired_to_wifi_by_its_metric(generator):
    configured = named(made_of(generator, network(**DECLARATIONS["dhcp"])), "enp3s0.network")
    assert lines(configured) >= {"DHCP=yes", "RouteMetric=100"}


def test_dhcp_of_a_second_network_brings_no_routes(generator):
    made = made_of(generator, network(**DECLARATIONS["dhcp-second-network"]))
    assert "UseRoutes=false" in named(made, "enp4s0.network")
    assert "RequiredForOnline=no" in named(made, "enp4s0.network")
    assert "UseRoutes" not in named(made, "enp3s0.network")


def test_a_bond_has_its_members_and_its_primary(generator):
    made = made_of(generator, network(**DECLARATIONS["bond"]))
    assert lines(named(made, "bond0.netdev")) >= {"Mode=active-backup", "MIIMonitorSec=100ms"}
    assert lines(named(made, "enp3s0.network")) >= {"Bond=bond0", "PrimarySlave=true"}
    assert "Bond=bond0" in named(made, "enp4s0.network")
    assert f"MACAddress={SECOND_MAC}" in named(made, "enp4s0.network")
    assert "Address=192.0.2.11/24" in named(made, "bond0.network")


def test_network_manager_gets_a_bonds_primary_by_the_name_of_the_interface(generator):
    made = made_of(generator, network(**DECLARATIONS["bond"]), "NetworkManager")
    assert lines(named(made, "bond0.nmconnection")) >= {
        "mode=active-backup",
        "miimon=100",
        "primary=enp3s0",
        "address1=192.0.2.11/24",
    }


def test_lacp_and_a_vlan_on_it(generator):
    made = made_of(generator, network(**DECLARATIONS["lacp-with-vlan"]))
    assert lines(named(made, "bond0.netdev")) >= {
        "Mode=802.3ad",
        "LACPTransmitRate=fast",
        "TransmitHashPolicy=layer3+4",
    }
    assert lines(named(made, "storage.netdev")) >= {"Kind=vlan", "Id=20"}
    assert "VLAN=storage" in named(made, "bond0.network")


def test_network_manager_takes_advertised_addresses(generator):
    made = made_of(generator, network(**DECLARATIONS["advertised"]), "NetworkManager")
    configured = named(made, "enp3s0.nmconnection")
    assert "method=auto" in configured.split("[ipv6]")[1]


def test_network_manager_gets_the_metric_that_prefers_wired(generator):
    made = made_of(generator, network(**DECLARATIONS["dhcp-by-mac"]), "NetworkManager")
    assert "route-metric=200" in named(made, "enp3s0.nmconnection")


@pytest.mark.parametrize("renderer", ["networkd", "NetworkManager"])
def test_wifi_of_another_file_keeps_its_own_renderer(renderer, generator):
    """Ubuntu's desktop says NetworkManager for all in one file; ours must not take that over."""
    netplan = generator.root / "etc/netplan"
    netplan.mkdir(parents=True)
    wifi = netplan / "01-network-manager-all.yaml"
    wifi.write_text(
        "network:\n  version: 2\n  renderer: NetworkManager\n  wifis:\n    wlp5s0:\n"
        "      dhcp4: true\n      access-points:\n        lab:\n          password: '12345678'\n"
    )
    wifi.chmod(0o600)
    (generator.root / NETPLAN_PATH.lstrip("/")).write_text(
        render(network(**DECLARATIONS["dhcp"]), host(renderer)).text
    )
    (generator.root / NETPLAN_PATH.lstrip("/")).chmod(0o600)
    done = subprocess.run(
        [generator.program, "--root-dir", generator.root],
        env={**os.environ, "LD_LIBRARY_PATH": generator.libraries},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    made = generator.made()
    assert any("NetworkManager" in path and "wlp5s0" in path for path in made)
    assert not any("networkd" in path and "wlp5s0" in path for path in made)
    wired = [path for path in made if path.endswith(("enp3s0.network", "enp3s0.nmconnection"))]
    assert [("networkd" if path.endswith(".network") else "NetworkManager") for path in wired] == [
        renderer
    ]
