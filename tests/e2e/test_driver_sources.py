"""Where a driver comes from, for which machine, and how it is kept: on simulated GPU machines.

Hosts, SSH, apt, dpkg, DKMS and the kernel's headers are real; cards, NVIDIA's user space, Secure
Boot and the loading of a module into a container are simulated (tests/sim).
"""

from __future__ import annotations

from typing import Any

import pytest

from roles.nvidia_driver.naming import TOOLS, is_driver_package
from tests.e2e.gpu_lab import HOST, NEW, GpuLab, changed, moves, operations, told
from tests.sim.hosts import api, pci
from tests.sim.repository.prebuilt import SIGNER

#: The Ubuntu archive's: of branch 580 the older one is in -security, the newer in -updates.
ARCHIVE_OLD, ARCHIVE_NEW = "580.173.02", "580.178.04"
UBUNTU = {"source": "ubuntu"}
#: The key that the role tells people to make for DKMS on Debian's packaging, and its name.
DKMS_KEY, DKMS_SIGNER = "/var/lib/dkms/mok.pub", "DKMS module signing key"
BLACKLIST = "/etc/apt/apt.conf.d/52deeprig-nvidia-unattended"
PREFERENCES = "/etc/apt/preferences.d/00-deeprig-nvidia-driver"


def packages(gpu: GpuLab, pattern: str = "*nvidia*") -> dict[str, str]:
    """Return the installed packages of a name pattern, and their versions."""
    query = "dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Version}\\n'"
    rows = gpu.ssh(HOST, f"{query} '{pattern}'").stdout.splitlines()
    return {r.split("|")[1]: r.split("|")[2] for r in rows if r[1:2] == "i"}


def module(gpu: GpuLab) -> dict[str, Any]:
    """Return the module of the running kernel, as the host program sees it."""
    kernels = gpu.observe()["kernels"]
    found: dict[str, Any] = next(k for k in kernels if k["is_running"])["module"]
    return found


def assert_settled(gpu: GpuLab) -> None:
    """Check that a second apply changes nothing and that verify proves the machine."""
    assert changed(gpu.json("apply")) == []
    verified = gpu.json("verify")
    assert verified["hosts"][0]["status"] == "passed", failed_checks(verified)
    assert gpu.is_dpkg_consistent()


def failed_checks(document: dict[str, Any]) -> list[str]:
    """Return name and evidence of the checks that did not pass."""
    found = document["hosts"][0]["checks"]
    bad = [c for c in found if c["outcome"] not in ("pass", "passed", "not-applicable")]
    return [f"{c['name']}: {c['outcome']}: {c.get('evidence')}" for c in bad]


# The Ubuntu archive, and Secure Boot.


def test_ubuntus_prebuilt_signed_modules_are_taken_and_load_with_secure_boot_on(gpu):
    gpu.start_from("fresh")
    gpu.become(api.Machine((pci.RTX_4090,), secure_boot=True, enrolled=(SIGNER,)))
    assert "restricted" not in gpu.root("cat /etc/apt/sources.list.d/simulated-ubuntu.list")
    gpu.declare(UBUNTU)
    document = gpu.json("apply")
    assert moves(document) == [("NVIDIA driver", "", ARCHIVE_NEW)]
    assert operations(document)["Add the components that the driver is in"] == "changed"
    assert operations(document)["Prove the new driver"] == "changed"
    assert (gpu.loaded(), gpu.installed()) == (ARCHIVE_NEW, ARCHIVE_NEW)
    assert packages(gpu, "nvidia-dkms*") == {}
    found = module(gpu)
    assert (found["origin"], found["signer"]) == ("prebuilt", SIGNER)
    assert found["is_open"]
    assert_settled(gpu)


# Power limits and persistence.


def limits(gpu: GpuLab) -> list[tuple[str, float, str]]:
    """Return PCI address, power limit in watts and persistence of every GPU, by nvidia-smi."""
    fields = "pci.bus_id,power.limit,persistence_mode"
    text = gpu.root(f"nvidia-smi --query-gpu={fields} --format=csv,noheader,nounits")
    rows = [line.split(", ") for line in text.splitlines()]
    return [(address[-7:].lower(), float(watts), mode) for address, watts, mode in rows]


def test_power_limit_and_persistence_outlast_a_reboot_and_are_put_back(gpu):
    gpu.have_driver()
    gpu.declare(gpu.from_nvidia(branch="570", power_limit_watts=300))
    assert changed(gpu.json("apply")) != []
    assert limits(gpu) == [("01:00.0", 300.0, "Enabled")]
    assert changed(gpu.json("apply")) == []

    host = gpu.state.host(HOST)
    api.power_off(gpu.state, host)
    api.power_on(gpu.state, host)
    api.wait_for("systemctl is-active deeprig-nvidia-power.service", gpu.state, host)
    assert limits(gpu) == [("01:00.0", 300.0, "Enabled")]

    gpu.root("nvidia-smi -i 0 -pl 250")
    gpu.root("nvidia-smi -pm 0")
    verified = gpu.json("verify", code=1)
    assert [c.partition(":")[0] for c in failed_checks(verified)] == [
        "power limit of 00000000",
        "persistence of 00000000",
    ]
    assert changed(gpu.json("apply")) == ["Start the driver's services"]
    assert limits(gpu) == [("01:00.0", 300.0, "Enabled")]
    assert_settled(gpu)


def test_power_limits_by_address_leave_the_other_gpus_alone(gpu):
    gpu.have_driver()
    gpu.become(api.Machine((pci.RTX_4090, pci.RTX_4090)))
    before = limits(gpu)
    gpu.declare(gpu.from_nvidia(branch="570", power_limit_watts={"0000:02:00.0": 275}))
    gpu.json("apply")
    assert [watts for _, watts, _ in limits(gpu)] == [before[0][1], 275.0]
    assert changed(gpu.json("apply")) == []


# Holds.


def take_all(gpu: GpuLab) -> None:
    """Have unattended-upgrades take whatever the simulated repositories offer."""
    origins = 'Unattended-Upgrade::Origins-Pattern { "label=NVIDIA CUDA"; "origin=Ubuntu"; };'
    gpu.root(f"cat > /etc/apt/apt.conf.d/60unattended-test << 'E'\n{origins}\nE")


@pytest.mark.parametrize("source", ["ubuntu", pytest.param("nvidia", marks=pytest.mark.full)])
def test_neither_dist_upgrade_nor_unattended_upgrade_moves_the_driver(gpu, source):
    gpu.start_from("fresh")
    version = {"nvidia": "580.95.05", "ubuntu": ARCHIVE_OLD}[source]
    settings = {"nvidia": gpu.from_nvidia(), "ubuntu": UBUNTU}[source]
    gpu.declare(settings | {"version": version})
    gpu.json("apply")
    take_all(gpu)
    before = packages(gpu)
    assert version in before[next(n for n in before if n.startswith("nvidia-utils"))]

    gpu.root("apt-get update -q")
    gpu.root("DEBIAN_FRONTEND=noninteractive apt-get -y -q dist-upgrade")
    assert packages(gpu) == before
    told_by_program = gpu.root("unattended-upgrade -v 2>&1")
    assert packages(gpu) == before, told_by_program
    assert gpu.loaded() == version

    # The same program would take it without what deeprig placed: the test can fail.
    gpu.root(f"cp -a {BLACKLIST} {PREFERENCES} /root/ && rm {BLACKLIST} {PREFERENCES}")
    held = gpu.root("apt-mark showhold").split()
    gpu.root("apt-mark unhold $(apt-mark showhold)")
    would = gpu.root("unattended-upgrade -v --dry-run 2>&1")
    assert "nvidia-utils-580" in would, would
    gpu.root(f"cp -a /root/{BLACKLIST.rpartition('/')[2]} {BLACKLIST}")
    gpu.root(f"cp -a /root/{PREFERENCES.rpartition('/')[2]} {PREFERENCES}")
    gpu.root(f"apt-mark hold {' '.join(held)}")
    assert_settled(gpu)


def test_a_hold_or_a_blacklist_that_somebody_took_away_is_found_and_repaired(gpu):
    gpu.have_driver()
    gpu.declare(gpu.from_nvidia(branch="570"))
    before = set(gpu.root("apt-mark showhold").split())
    gpu.root("apt-mark unhold libnvidia-compute-570")
    assert any("libnvidia-compute-570" in c for c in failed_checks(gpu.json("verify", code=1)))
    repaired = gpu.json("apply")
    assert changed(repaired) != []
    assert moves(repaired) == []
    assert set(gpu.root("apt-mark showhold").split()) == before

    gpu.root(f"rm {BLACKLIST}")
    bad = failed_checks(gpu.json("verify", code=1))
    assert any("unattended upgrades" in check for check in bad), bad
    assert changed(gpu.json("apply")) == ["Change the driver"]
    assert_settled(gpu)


# From one source to another, from one kind of modules to the other.


def have_archive_driver(gpu: GpuLab) -> None:
    """Start from a machine with the Ubuntu archive's driver, open and prebuilt."""

    def install() -> None:
        gpu.start_from("fresh")
        gpu.declare(UBUNTU)
        gpu.run("apply")

    gpu.start_from("ubuntu-archive", install)


def transactions(gpu: GpuLab) -> int:
    """Return how many changes the host's journal has seen to their end."""
    return len(gpu.root("ls /var/lib/deeprig/driver/history").splitlines())


def foreigners(gpu: GpuLab, label: str) -> list[str]:
    """Return the driver's packages on the disk that another source than the labelled one has."""
    packages_seen = gpu.observe()["packages"]
    found = [p for p in packages_seen if p["status"][1] != "c" and is_driver_package(p["name"])]
    rows = [(p["name"], p["version"], p["status"], p["origin"]) for p in found]
    return [" ".join(row) for row in rows if row[0] not in TOOLS and row[3] != label]


def test_the_driver_moves_between_sources_and_kinds_of_modules_and_leaves_nothing_behind(gpu):
    have_archive_driver(gpu)
    nvidia = gpu.from_nvidia(branch="580")
    steps = (
        (nvidia, NEW, True, "dkms", "NVIDIA CUDA"),
        (nvidia | {"variant": "proprietary"}, NEW, False, "dkms", "NVIDIA CUDA"),
        (UBUNTU | {"variant": "proprietary"}, ARCHIVE_NEW, False, "prebuilt", "Ubuntu"),
        (UBUNTU, ARCHIVE_NEW, True, "prebuilt", "Ubuntu"),
    )
    for settings, version, is_open, module_origin, label in steps:
        before = transactions(gpu)
        gpu.declare(settings)
        document = gpu.json("apply")
        assert operations(document)["Prove the new driver"] == "changed"
        assert transactions(gpu) == before + 1
        assert (gpu.loaded(), gpu.installed()) == (version, version)
        found = module(gpu)
        seen = (found["is_open"], found["origin"], found["version"])
        assert seen == (is_open, module_origin, version)
        assert foreigners(gpu, label) == []
        assert gpu.is_dpkg_consistent()
        modules = gpu.root("find /lib/modules -name 'nvidia.ko*'").split()
        assert modules == [found["path"]], "one module, of this source"
    assert packages(gpu, "nvidia-dkms*") == {}
    assert_settled(gpu)


# Machines of every kind.


def become_release(gpu: GpuLab, what: api.Machine) -> None:
    """Make the fresh machine one of another release; Debian 12 is what it is inside."""
    host = gpu.state.host(HOST)
    gpu.start_from("fresh")
    api.power_off(gpu.state, host)
    if what.ubuntu is None:
        upper = gpu.state.machine(HOST) / "upper"
        (upper / "usr/lib/os-release").unlink()
        (upper / "etc/apt/sources.list.d/simulated-ubuntu.list").unlink()
    else:
        api.add_ubuntu_archive(gpu.state, host, what.ubuntu, gpu.repositories.public_key)
    gpu.become(what)


def test_on_debian_with_secure_boot_dkms_signs_with_an_enrolled_key_and_the_module_loads(gpu):
    become_release(
        gpu,
        api.Machine(
            (pci.RTX_4090,),
            ubuntu=None,
            secure_boot=True,
            enrolled=(DKMS_SIGNER,),
            enrolled_files=(DKMS_KEY,),
        ),
    )
    make = "openssl req -new -x509 -newkey rsa:2048 -nodes -days 36500 -outform DER"
    files = f"-keyout /var/lib/dkms/mok.key -out {DKMS_KEY}"
    gpu.root(f'{make} -subj "/CN={DKMS_SIGNER}/" {files} 2>&1')
    gpu.declare(gpu.from_nvidia("debian12", branch="580"))
    assert operations(gpu.json("apply"))["Prove the new driver"] == "changed"
    assert gpu.observe()["distribution"] == "debian"
    assert "debian12" in gpu.root("cat /etc/apt/sources.list.d/deeprig-nvidia-cuda.sources")
    found = module(gpu)
    assert (found["origin"], found["signer"]) == ("dkms", DKMS_SIGNER)
    assert gpu.loaded() == NEW
    assert_settled(gpu)


@pytest.mark.parametrize("source", ["nvidia", pytest.param("ubuntu", marks=pytest.mark.full)])
def test_nvswitches_get_the_fabric_manager_of_exactly_the_drivers_version(gpu, source):
    gpu.start_from("fresh")
    gpu.become(api.Machine(pci.HGX_H100))
    settings = {"nvidia": gpu.from_nvidia(branch="580"), "ubuntu": UBUNTU | {"flavour": "server"}}
    gpu.declare(settings[source])
    gpu.data(gpu_count=8, nvidia_driver=settings[source])
    document = gpu.json("apply")
    assert operations(document)["Prove the new driver"] == "changed"
    version = {"nvidia": NEW, "ubuntu": ARCHIVE_NEW}[source]
    assert gpu.loaded() == version
    found = packages(gpu, "nvidia-fabricmanager*") | packages(gpu, "libnvidia-nscq*")
    assert len(found) == 2
    assert {full.split("-")[0] for full in found.values()} == {version}
    assert gpu.root("systemctl is-enabled nvidia-fabricmanager") == "enabled"
    assert gpu.root("systemctl is-active nvidia-fabricmanager") == "active"
    assert gpu.root("cat /run/nvidia-fabricmanager/version") == version
    assert set(found) <= set(gpu.root("apt-mark showhold").split())
    assert_settled(gpu)


@pytest.mark.parametrize(
    ("ubuntu", "source"),
    [pytest.param("22.04", "ubuntu", marks=pytest.mark.full), ("26.04", "nvidia")],
)
def test_other_releases_get_a_driver_of_their_own_repositories(gpu, ubuntu, source):
    become_release(gpu, api.Machine((pci.RTX_4090,), ubuntu=ubuntu))
    settings = {"ubuntu": UBUNTU, "nvidia": gpu.from_nvidia("ubuntu2604", branch="580")}
    gpu.declare(settings[source])
    assert operations(gpu.json("apply"))["Prove the new driver"] == "changed"
    assert gpu.loaded() == {"ubuntu": ARCHIVE_NEW, "nvidia": NEW}[source]
    assert gpu.observe()["release"] == ubuntu
    if source == "ubuntu":
        assert "ubuntu0.22.04" in packages(gpu)["nvidia-utils-580"]
    else:
        assert "ubuntu2604" in gpu.root("cat /etc/apt/sources.list.d/deeprig-nvidia-cuda.sources")
    assert changed(gpu.json("apply")) == []
    assert gpu.is_dpkg_consistent()


@pytest.mark.parametrize(
    ("devices", "is_open"),
    [
        ((pci.GTX_970,), False),
        ((pci.RTX_5090,), True),
        pytest.param((pci.GTX_1080_TI, pci.RTX_4090), False, marks=pytest.mark.full),
    ],
    ids=["GTX 970", "RTX 5090", "GTX 1080 Ti and RTX 4090"],
)
def test_by_default_every_card_gets_modules_that_drive_it(gpu, devices, is_open):
    gpu.start_from("fresh")
    gpu.become(api.Machine(devices))
    gpu.declare({})
    gpu.data(gpu_count=len(devices), nvidia_driver={})
    assert operations(gpu.json("apply"))["Prove the new driver"] == "changed"
    assert gpu.loaded() == ARCHIVE_NEW
    assert module(gpu)["is_open"] is is_open
    assert len(limits(gpu)) == len(devices)


@pytest.mark.full
def test_debians_own_driver_is_built_for_real_and_taken_out_when_its_proof_fails(gpu):
    # Nothing of NVIDIA's is simulated here but the cards: the packages and their source are real,
    # and without a card the real library finds no driver, whatever the simulated modprobe says.
    become_release(gpu, api.Machine((pci.RTX_4090,), ubuntu=None))
    gpu.declare({"source": "debian"})
    document = gpu.json("apply", code=1)
    found = operations(document)
    assert found["Add the components that the driver is in"] == "changed"
    assert found["Change the driver"] == "changed", told(document)
    assert moves(document)[0][:2] == ("NVIDIA driver", "")
    assert "nvidia-current.ko" in gpu.root("cat /var/lib/deeprig/driver/log/*.log")
    assert found["Put the old driver back"] == "failed"
    assert "does not work" in told(document)
    assert "the state without a driver was put back" in told(document)
    assert packages(gpu) == {}
    assert gpu.root("find /lib/modules -name 'nvidia*.ko*'") == ""
    assert gpu.is_dpkg_consistent()
