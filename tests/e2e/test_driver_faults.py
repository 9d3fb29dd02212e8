"""Faults during a driver change, one by one: what the host is afterwards, and what is told.

Every case starts from a machine with driver 570 that deeprig installed, and changes it to 580.
Afterwards the power is cut, and the machine must boot. The rows make docs/driver-faults.md.
"""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.e2e import fault_table
from tests.e2e.fault_table import Row
from tests.e2e.gpu_lab import HOST, NEW, OLD, GpuLab, changed, operations, told
from tests.sim.hosts import api, pci
from tests.sim.repository import faults
from tests.sim.repository.compiled import compile_programs

BROKEN = "580.999.01"
_ROWS: list[Row] = []


@pytest.fixture
def ready(gpu):
    """A machine with the old driver, declared to get the newest of branch 580."""
    gpu.have_driver()
    gpu.declare(gpu.from_nvidia(branch="580"))
    return gpu


@pytest.fixture(scope="module", autouse=True)
def _table():
    """Keep the rows of this run, for the page and the test that compares it."""
    _ROWS.clear()
    yield
    if _ROWS:
        fault_table.save(_ROWS)


def record(gpu: GpuLab, fault: str, document, words: str, before: str = OLD) -> Row:
    """Cut the power, boot, look, and add the row; ``words`` is what the user must be told."""
    text = told(document) if document["exit_code"] else "\n".join(notes(document))
    assert words in text, text
    line = next(line for line in text.splitlines() if words in line)
    if f"driver {OLD} was put back" in text:
        line = f"{line.strip()} ... driver {OLD} was put back"
    host = gpu.state.host(HOST)
    api.power_off(gpu.state, host)
    api.power_on(gpu.state, host)
    kernel = gpu.root("uname -r")
    has_boot_files = gpu.ssh(
        HOST, f"test -s /boot/vmlinuz-{kernel} -a -s /boot/initrd.img-{kernel}"
    )
    row = Row(
        fault,
        document["exit_code"],
        before or "none",
        gpu.loaded() or "none",
        has_boot_files.returncode == 0,
        gpu.is_dpkg_consistent(),
        _general(line),
    )
    _ROWS.append(row)
    assert row.after != OLD or document["exit_code"] == 1
    assert row.is_bootable
    assert row.is_dpkg_consistent
    assert gpu.installed() == gpu.loaded()
    return row


def notes(document) -> list[str]:
    """Return what the operations told of their decisions."""
    return [note for o in document["hosts"][0]["operations"] for note in o["notes"]]


def _general(line: str) -> str:
    """Return a line without what differs from run to run."""
    for pattern, general in (
        (r"pid \d+", "pid N"),
        (r"since( \d+ (h|min|s))+", "since N"),
        (r"[\d.]+ (GiB|MiB)", r"N \1"),
        (r"http://\S+", "URL"),
        (r"NO_PUBKEY [0-9A-F]+", "NO_PUBKEY K"),
    ):
        line = re.sub(pattern, general, line.strip())
    return line


def holds(gpu: GpuLab) -> set[str]:
    return set(gpu.root("apt-mark showhold").split())


# The host stays as it is: found before anything was touched.


def test_a_repository_that_is_not_signed(ready):
    faults.remove_signatures(ready.nvidia_directory())
    ready.root("rm -rf /var/lib/apt/lists/*")
    document = ready.json("update", "--drivers", code=1)
    assert record(ready, "unsigned repository", document, "not signed").after == OLD


def test_a_repository_signed_by_a_stranger(ready):
    faults.sign_as_stranger(ready.nvidia_directory())
    ready.root("rm -rf /var/lib/apt/lists/*")
    document = ready.json("update", "--drivers", code=1)
    assert record(ready, "wrongly signed repository", document, "signature").after == OLD


def test_a_repository_that_goes_away_in_the_middle_of_the_download(ready):
    faults.remove_debs(ready.nvidia_directory(), "libnvidia-compute-580_*")
    document = ready.json("apply", code=1)
    row = record(ready, "repository gone mid-download", document, "cannot be downloaded")
    assert row.after == OLD


def test_a_package_that_arrives_broken(ready):
    faults.damage_debs(ready.nvidia_directory(), "libnvidia-compute-580_*")
    document = ready.json("apply", code=1)
    assert record(ready, "broken .deb (wrong hash)", document, "cannot be downloaded").after == OLD


def test_a_full_disk(ready):
    ready.root(
        "mkdir -p /var/lib/deeprig && mount -t tmpfs -o size=2m small /var/cache/apt/archives"
    )
    document = ready.json("apply", code=1)
    assert record(ready, "full disk", document, "room").after == OLD


def test_a_package_that_somebody_else_holds(ready):
    ready.root("apt-mark unhold '*nvidia*' >/dev/null; apt-mark hold nvidia-modprobe >/dev/null")
    document = ready.json("apply", code=1)
    row = record(ready, "package held by somebody else", document, "somebody holds")
    assert row.after == OLD
    assert "apt-mark unhold" in told(document)
    assert holds(ready) == {"nvidia-modprobe"}


def test_a_dpkg_lock_that_is_held(ready):
    holding = "import fcntl,time; f=open('/var/lib/dpkg/lock-frontend','w');"
    holding += "fcntl.lockf(f,fcntl.LOCK_EX); open('/run/held','w'); time.sleep(300)"
    ready.root(f'setsid python3 -c "{holding}" >/dev/null 2>&1 </dev/null & echo $! > /run/holder')
    api.wait_for("test -e /run/held", ready.state, ready.state.host(HOST))
    lock = {"apt": {"lock_timeout_seconds": 1}}
    ready.declare(ready.from_nvidia(branch="580"), base=lock)
    document = ready.json("apply", code=1)
    assert record(ready, "dpkg lock held", document, "python3").after == OLD


def test_secure_boot_without_an_enrolled_key(ready):
    ready.start_from("fresh")
    ready.become(api.Machine((pci.RTX_4090,), secure_boot=True))
    document = ready.json("apply", code=1)
    row = record(ready, "Secure Boot on, no key enrolled", document, "Secure Boot", before="")
    assert row.after == "none"
    assert "mokutil --import" in told(document)


def test_gpus_that_are_in_use(ready):
    ready.root(
        "setsid sleep 1000 >/dev/null 2>&1 </dev/null 3</dev/nvidia0 & echo $! > /run/gpu-user"
    )
    document = ready.json("apply", code=1)
    assert ready.root("kill -0 $(cat /run/gpu-user) && echo alive") == "alive", "nothing is killed"
    assert "sleep 1000" in told(document)
    row = record(ready, "GPU busy", document, "in use")
    assert row.after == OLD


def test_a_card_that_the_branch_no_longer_supports(ready):
    ready.start_from("fresh")
    ready.become(api.Machine((pci.GTX_1080_TI,)))
    ready.declare(ready.from_nvidia(branch="595"))
    document = ready.json("apply", code=1)
    row = record(ready, "card the branch no longer supports", document, "580", before="")
    assert row.after == "none"


def test_a_kernel_whose_headers_are_missing_and_cannot_be_had(ready):
    # The kernel that boots next has no headers, and no package of them is offered.
    ready.root(
        "k=$(uname -r); cp /boot/vmlinuz-$k /boot/vmlinuz-6.1.0-99-custom;"
        " cp /boot/initrd.img-$k /boot/initrd.img-6.1.0-99-custom;"
        " mkdir -p /lib/modules/6.1.0-99-custom; depmod 6.1.0-99-custom"
    )
    document = ready.json("apply", code=1)
    assert "6.1.0-99-custom" in told(document)
    ready.root("rm -rf /boot/*6.1.0-99-custom /lib/modules/6.1.0-99-custom")
    assert record(ready, "kernel without headers", document, "headers").after == OLD


# The change was begun: the old driver is put back by itself.


def new_release(gpu: GpuLab, **how) -> None:
    """Have the repository offer a further version that has a fault."""
    programs = compile_programs(gpu.path / "programs")
    packages = faults.new_driver(BROKEN, programs, **how)
    faults.add_packages(gpu.nvidia_directory(), packages, gpu.repositories.key)
    gpu.declare(gpu.from_nvidia(version=BROKEN))


def test_a_module_that_dkms_cannot_build(ready):
    new_release(ready, has_broken_module=True)
    ready.root("apt-get update -qq")
    document = ready.json("apply", code=1)
    row = record(ready, "DKMS build failure", document, "apt failed")
    assert row.after == OLD
    assert f"driver {OLD} was put back" in row.told
    assert "error:" in told(document), "the end of make.log is shown"
    assert holds(ready), "the old set is held again"


def test_a_package_whose_script_fails(ready):
    new_release(ready, failing_postinst_of="nvidia-utils")
    ready.root("apt-get update -qq")
    document = ready.json("apply", code=1)
    row = record(ready, "package script fails", document, "apt failed")
    assert row.after == OLD


def test_a_module_that_loads_and_nvml_that_fails(ready):
    ready.root(f"echo 'nvml-fails {NEW}' > /etc/deeprig-sim/faults")
    document = ready.json("apply", code=1)
    row = record(ready, "module loads, NVML fails", document, "NVML: fail")
    assert row.after == OLD


def test_a_driver_on_which_no_cuda_kernel_runs_with_the_network_down(ready):
    # The packages come in, then the network goes: what is put back was kept on the host.
    ready.root(f"echo 'cuda-kernel-fails {NEW}' > /etc/deeprig-sim/faults")
    apply = start(ready)
    wait_for_phase(ready, "swapped")
    for name in ("nvidia", "ubuntu"):
        (ready.served / name).rename(ready.served / f"{name}-gone")
    try:
        document = finish(apply)
    finally:
        for name in ("nvidia", "ubuntu"):
            (ready.served / f"{name}-gone").rename(ready.served / name)
    fault = "CUDA kernel fails; repository gone before the rollback"
    row = record(ready, fault, document, "CUDA kernel: fail")
    assert row.after == OLD


# The power goes: the next run repairs, and goes on.

_CUTS = {
    "power cut while unpacking": f"grep -q 'status half-installed .*{NEW}' /var/log/dpkg.log",
    "power cut while configuring (DKMS at work)": f"test -d /var/lib/dkms/nvidia/{NEW}/build",
    "power cut before the reboot": 'grep -q \'"phase": "swapped"\' '
    "/var/lib/deeprig/driver/transaction.json",
}


@pytest.mark.parametrize("moment", _CUTS)
def test_a_power_cut_is_repaired_by_the_next_run(ready, moment):
    host = ready.state.host(HOST)
    apply = start(ready)
    api.wait_for(_CUTS[moment], ready.state, host)
    api.power_off(ready.state, host)
    cut = finish(apply)
    assert cut["exit_code"] in (1, 3)
    api.power_on(ready.state, host)
    document = ready.json("apply")
    words = "was cut off" if "reboot" not in moment else "is proven"
    row = record(ready, moment, document, words)
    assert row.after == NEW
    assert changed(ready.json("apply")) == []


@pytest.mark.full
@pytest.mark.parametrize("half", ["what it built", "its registration"])
def test_what_dkms_leaves_half_is_repaired_by_the_next_run(ready, half):
    """The moments are too short to be met: what the disk has then is made after a cut near them."""
    host = ready.state.host(HOST)
    kernel = ready.root("uname -r")
    apply = start(ready)
    api.wait_for(_CUTS["power cut while configuring (DKMS at work)"], ready.state, host)
    api.power_off(ready.state, host)
    finish(apply)
    version = ready.state.machine(host.name) / f"upper/var/lib/dkms/nvidia/{NEW}"
    if half == "what it built":
        (version / kernel / "x86_64/log").mkdir(parents=True)
    else:
        (version / "source").unlink(missing_ok=True)
    api.power_on(ready.state, host)
    document = ready.json("apply")
    assert "was cut off" in "\n".join(notes(document))
    assert ready.loaded() == NEW
    assert changed(ready.json("apply")) == []


def test_a_controller_that_dies_leaves_the_work_to_the_host(ready):
    apply = start(ready)
    wait_for_phase(ready, "swapping")
    apply.kill()
    apply.wait()
    wait_for_phase(ready, "swapped")
    document = ready.json("apply")
    assert "Prove the new driver" in operations(document)
    assert record(ready, "controller dies during the change", document, "is proven").after == NEW


def test_the_page_shows_what_was_seen():
    """The documented rows are those of this run (python -m tests.e2e.fault_table writes them)."""
    if not _ROWS:
        pytest.skip("no fault was run")
    lines = fault_table.PAGE.lines()
    assert [row.line() for row in _ROWS if row.line() not in lines] == []


def start(gpu: GpuLab) -> subprocess.Popen[str]:
    """Start an apply and do not wait for it."""
    return subprocess.Popen(
        gpu.command("apply", "--json"),
        cwd=gpu.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]):
    """Return the report of an apply that was started."""
    out, err = process.communicate(timeout=600)
    assert "Traceback" not in err, err
    return json.loads(out)


def wait_for_phase(gpu: GpuLab, phase: str) -> None:
    condition = f'grep -q \'"phase": "{phase}"\' /var/lib/deeprig/driver/transaction.json'
    api.wait_for(condition, gpu.state, gpu.state.host(HOST))
