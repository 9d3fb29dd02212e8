"""A kernel of its own: the module that DKMS built loads for real, and a reboot is a reboot.

Only the cards and NVIDIA's code are simulated here; kernel, DKMS, loading, reboot, SSH and apt are
real. The disk is that of a simulated machine with driver 570; deeprig updates it to 580.
"""

import os
import shutil
import subprocess

import pytest

from tests.e2e.gpu_lab import HOST, NEW, OLD, changed, moves, operations
from tests.e2e.running import ROOT
from tests.sim.hosts import api, pci
from tests.sim.hosts.image import sim_image
from tests.sim.vm import machine
from tests.sim.vm.disk import make_disk


@pytest.fixture
def vm(gpu):
    """The lab directory of a running virtual machine, ``vm``, with driver 570 by deeprig."""
    gpu.have_driver()
    host = gpu.state.host(HOST)
    api.power_off(gpu.state, host)
    directory = ROOT / ".lab" / f"vm-{os.getpid()}"
    directory.mkdir(parents=True)
    try:
        upper = directory / "upper"
        kept = api.kept_disk(gpu.state, host, f"nvidia-{OLD}")
        subprocess.run(["cp", "-a", "--reflink=auto", str(kept), str(upper)], check=True)
        disk = make_disk(sim_image(), upper, (pci.RTX_4090,), directory / "disk")
        with machine.running(disk, directory / "console.log") as port:
            _declare(gpu, port)
            yield gpu
    finally:
        shutil.rmtree(directory)
        api.power_on(gpu.state, host)


def _declare(gpu, port):
    lines = gpu.state.known_hosts.read_text(encoding="ascii")
    own = gpu.state.host(HOST).ssh_port
    known = gpu.write("known_hosts", lines.replace(f"]:{own} ", f"]:{port} "))
    settings = gpu.from_nvidia(branch="580")
    repositories = f"http://{machine.CONTROLLER}:{gpu.state.loopback_port}"
    settings["nvidia_repository"]["base_url"] = f"{repositories}/nvidia"
    gpu.data(gpu_count=1, nvidia_driver=settings, ssh_known_hosts_file=str(known))
    reach = {"ssh_hostname": "127.0.0.1", "ssh_port": port}
    gpu.hosts(vm=reach | {"roles": ["nvidia_driver"], "reboot": "when-needed"})


def test_an_update_by_re_run_is_loaded_by_a_real_reboot(vm):
    document = vm.json("apply")
    assert moves(document) == [("NVIDIA driver", OLD, NEW)]
    found = operations(document)
    assert found["Reboot"] == "changed"
    assert found["Prove the new driver"] == "changed"
    proof = "\n".join(document["hosts"][0]["operations"][-1]["notes"])
    assert f"loaded module: pass: {NEW}" in proof
    assert document["hosts"][0]["facts"]["virtualization"] in ("qemu", "kvm")
    assert changed(vm.json("apply")) == []
