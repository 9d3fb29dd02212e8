"""Device policy: a machine that must have GPUs never falls back to its CPU."""

import pytest
from deeprig_host.training.device import (
    Cuda,
    Demand,
    device_problem,
    device_to_use,
    nvidia_gpus_on_bus,
)

CPU_BUILD = Cuda(None, False, 0, error="Torch not compiled with CUDA enabled")
BROKEN_DRIVER = Cuda("12.8", False, 2, error="CUDA driver initialization failed")
ONE_GPU = Cuda("12.8", True, 1, ("Simulated H200",))
TWO_GPUS = Cuda("12.8", True, 2, ("Simulated H200", "Simulated H200"))

REQUIRED = Demand(is_gpu_required=True)
CPU_WANTED = Demand(is_cpu_wanted=True)
WHATEVER = Demand()


def gpus(count):
    return Demand(is_gpu_required=count > 0, gpu_count=count)


@pytest.mark.parametrize(
    ("demand", "cuda", "device"),
    [
        (REQUIRED, ONE_GPU, "cuda:0"),
        (gpus(2), TWO_GPUS, "cuda:0"),
        (gpus(0), CPU_BUILD, "cpu"),
        (CPU_WANTED, TWO_GPUS, "cpu"),
        (CPU_WANTED, BROKEN_DRIVER, "cpu"),
        (WHATEVER, ONE_GPU, "cuda:0"),
        (WHATEVER, CPU_BUILD, "cpu"),
    ],
)
def test_a_demand_that_is_met_gives_the_device(demand, cuda, device):
    assert device_problem(demand, cuda, gpus_on_bus=0) is None
    assert device_to_use(demand, cuda) == device


@pytest.mark.parametrize(
    ("demand", "cuda", "said"),
    [
        (REQUIRED, CPU_BUILD, "none usable: built for CUDA none (a CPU build)"),
        (REQUIRED, BROKEN_DRIVER, "devices: 2; CUDA driver initialization failed"),
        (gpus(2), BROKEN_DRIVER, "0 usable: built for CUDA 12.8, available: False"),
        (gpus(2), ONE_GPU, "1 usable"),
        (gpus(1), TWO_GPUS, "2 usable"),
        (gpus(0), ONE_GPU, "1 usable"),
    ],
)
def test_a_demand_that_is_not_met_is_refused_with_evidence(demand, cuda, said):
    assert said in device_problem(demand, cuda, gpus_on_bus=0)


def test_without_any_demand_a_gpu_on_the_bus_still_forbids_the_cpu():
    problem = device_problem(WHATEVER, BROKEN_DRIVER, gpus_on_bus=2)
    assert problem.startswith("2 NVIDIA on the PCI bus, none usable")


def test_gpus_on_the_bus_are_display_controllers_of_nvidia(tmp_path):
    cards = {
        "0000:01:00.0": ("0x10de", "0x030000"),  # VGA
        "0000:01:00.1": ("0x10de", "0x040300"),  # its audio function
        "0000:41:00.0": ("0x10de", "0x030200"),  # 3D controller, a datacenter card
        "0000:00:02.0": ("0x8086", "0x030000"),  # Intel's graphics
    }
    for slot, (vendor, kind) in cards.items():
        directory = tmp_path / "bus/pci/devices" / slot
        directory.mkdir(parents=True)
        (directory / "vendor").write_text(f"{vendor}\n")
        (directory / "class").write_text(f"{kind}\n")
    assert nvidia_gpus_on_bus(tmp_path) == 2


def test_a_machine_without_a_pci_bus_has_no_gpus(tmp_path):
    assert nvidia_gpus_on_bus(tmp_path) == 0
