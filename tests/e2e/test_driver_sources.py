"""Where a driver comes from, for which machine, and how it is kept: on simulated GPU machines.

Hosts, SSH, apt, dpkg, DKMS and the kernel's headers are real; cards, NVIDIA's user space, Secure
Boot and the loading of a module into a container are simulated (tests/sim).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.gpu_lab import HOST, GpuLab, changed, moves, operations, told
from tests.sim.hosts import api, pci
from tests.sim.repository.prebuilt import SIGNER

#: The Ubuntu archive's: of branch 580 the older one is in -security, the newer in -updates.
ARCHIVE_OLD, ARCHIVE_NEW = "580.173.02", "580.178.04"
UBUNTU = {"source": "ubuntu"}
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


@pytest.mark.parametrize("source", ["nvidia", "ubuntu"])
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
