"""The driver's life on a simulated GPU machine: install, update by re-run, refuse, roll back.

Hosts, SSH, apt, dpkg, DKMS and the kernel's headers are real; cards, NVIDIA's user space and the
loading of a module into a container are simulated (tests/sim).
"""

import json

import pytest

from deeprig.tasks.nvidia_repository import SOURCE_FILE
from roles.nvidia_driver.services import POWER_UNIT
from tests.e2e.gpu_lab import NEW, OLD, changed, moves, operations, told
from tests.sim.hosts import api, pci


def test_a_fresh_machine_gets_a_driver_that_is_proven_and_a_second_run_changes_nothing(gpu):
    gpu.start_from("fresh")
    gpu.declare(gpu.from_nvidia(branch="570"))
    plan = gpu.json("plan")
    assert plan["hosts"][0]["status"] == "ok"
    assert gpu.installed() == "", "a plan changes nothing"

    first = gpu.json("apply")
    assert operations(first)["Change the driver"] == "changed"
    assert operations(first)["Prove the new driver"] == "changed"
    assert moves(first) == [("NVIDIA driver", "", OLD)]
    assert (gpu.loaded(), gpu.installed()) == (OLD, OLD)
    assert first["hosts"][0]["simulated"], "the report says what is simulated"

    second = gpu.json("apply")
    assert changed(second) == []
    verified = gpu.json("verify")
    assert verified["hosts"][0]["status"] == "passed", verified["hosts"][0]["checks"]


def test_a_re_run_with_nothing_to_do_takes_no_lock_reboots_nothing_and_builds_nothing(gpu):
    gpu.have_driver()
    boot = gpu.root("cat /proc/sys/kernel/random/boot_id")
    gpu.declare(gpu.from_nvidia(branch="570"))
    # Whoever would take a lock of apt or dpkg now fails.
    holding = "import fcntl,time\nfiles=[open(p,'w') for p in ('/var/lib/dpkg/lock-frontend',"
    holding += "'/var/lib/dpkg/lock','/var/lib/apt/lists/lock','/var/cache/apt/archives/lock')]\n"
    holding += "[fcntl.lockf(f,fcntl.LOCK_EX) for f in files]\nopen('/run/held','w')\n"
    holding += "time.sleep(60)"
    gpu.root(f'setsid python3 -c "{holding}" >/dev/null 2>&1 < /dev/null & echo $! > /run/holder')
    api.wait_for("test -e /run/held", gpu.state, gpu.state.host("rig1"))
    try:
        again = gpu.json("apply")
    finally:
        gpu.root("kill $(cat /run/holder); rm /run/held")
    assert changed(again) == []
    assert gpu.root("cat /proc/sys/kernel/random/boot_id") == boot


#: As a run leaves it that was cut right after it had placed NVIDIA's source and the power unit.
_CUT = f"""
lists=$(apt-get indextargets --format '$(REPO_URI) $(FILENAME)' 'Created-By: Packages' |
  grep "^$(sed -n 's/^URIs: //p' {SOURCE_FILE}) " | cut -d ' ' -f 2)
test -n "$lists" && rm $lists && touch /etc/systemd/system/{POWER_UNIT}
"""


def test_what_a_cut_run_left_undone_is_seen_on_the_host_and_done_by_the_next(gpu):
    gpu.have_driver()
    gpu.declare(gpu.from_nvidia(branch="570"))
    gpu.root(_CUT)
    assert changed(gpu.json("apply")) == ["Refresh the package lists", "Read the units again"]
    assert changed(gpu.json("apply")) == []


def test_a_re_run_moves_to_another_branch_and_update_to_the_newest_of_it(gpu):
    gpu.have_driver()
    gpu.declare(gpu.from_nvidia(version="580.95.05"))
    document = gpu.json("apply")
    assert moves(document) == [("NVIDIA driver", OLD, "580.95.05")]
    assert gpu.loaded() == "580.95.05"
    reboots = [o for o in document["hosts"][0]["operations"] if o["role"] == "reboot"]
    assert len(reboots) == 1, "once"

    # A branch is satisfied by any of its versions; update takes the newest.
    gpu.declare(gpu.from_nvidia(branch="580"))
    assert changed(gpu.json("apply")) == []
    planned = gpu.json("update", "--drivers", "--plan")
    assert moves(planned) == [("NVIDIA driver", "580.95.05", NEW)]
    assert gpu.loaded() == "580.95.05"
    updated = gpu.json("update", "--drivers")
    assert moves(updated) == [("NVIDIA driver", "580.95.05", NEW)]
    assert (gpu.loaded(), gpu.installed()) == (NEW, NEW)
    assert moves(gpu.json("update", "--drivers")) == []


def test_a_driver_that_does_not_work_after_the_reboot_is_put_back_and_both_are_reported(gpu):
    gpu.have_driver()
    gpu.root(f"echo 'nvml-fails {NEW}' > /etc/deeprig-sim/faults")
    gpu.declare(gpu.from_nvidia(branch="580"))
    document = gpu.json("apply", code=1)
    found = operations(document)
    assert found["Put the old driver back"] == "failed"
    assert found["Prove the old driver"] == "changed"
    assert (gpu.loaded(), gpu.installed()) == (OLD, OLD)
    assert f"driver {NEW} does not work" in told(document)
    assert f"driver {OLD} was put back" in told(document)


@pytest.mark.parametrize(
    ("devices", "branch", "words"),
    [
        ((pci.GTX_1080_TI,), "595", "580"),
        ((pci.RTX_5090,), "550", "570"),
        ((pci.RTX_5090, pci.GTX_1080_TI), "580", "no kernel module drives all"),
    ],
)
def test_what_the_cards_cannot_have_is_refused_before_anything_changes(gpu, devices, branch, words):
    gpu.start_from("fresh")
    gpu.become(api.Machine(devices))
    gpu.declare(gpu.from_nvidia(branch=branch))
    document = gpu.json("apply", code=1)
    assert words in told(document)
    assert gpu.installed() == ""
    assert gpu.is_dpkg_consistent()


def test_the_cooling_daemon_gives_way_to_another_driver_and_cools_on_under_it(gpu):
    gpu.have_driver()
    gpu.declare(gpu.from_nvidia(branch="570"), roles=("cooling",))
    gpu.run("apply")
    assert cooled(gpu) == ["curve"]
    first = gpu.root("systemctl show -p MainPID --value deeprig-cooling.service")

    gpu.declare(gpu.from_nvidia(branch="580"), roles=("cooling",))
    document = gpu.json("apply")
    assert moves(document) == [("NVIDIA driver", OLD, NEW)], "the daemon holds back no change"
    assert gpu.loaded() == NEW
    assert gpu.root("systemctl show -p MainPID --value deeprig-cooling.service") not in ("0", first)
    assert cooled(gpu) == ["curve"]
    assert changed(gpu.json("apply")) == []
    assert gpu.json("verify", "--role", "cooling", code=None)["hosts"][0]["status"] == "passed"


def cooled(gpu):
    """Return each card's mode, as the daemon that runs tells it."""
    gpu.root("systemctl is-active deeprig-cooling.service")
    status = json.loads(gpu.root("cat /run/deeprig/cooling/status.json"))
    return [card["mode"] for card in status["gpus"]]
