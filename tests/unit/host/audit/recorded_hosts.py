"""The recorded hosts, as compact descriptions that become trees of files.

They are written after published layouts: sysfs as in the kernel's Documentation/ABI, lspci and
nvidia-smi outputs as people publish them. They are not copied from machines, and numbers that
nobody published for just this combination (firmware dates, MAC addresses, UUIDs) are made up. One
is different: ``this_vm`` is recorded on a real machine, the virtual one that deeprig is developed
in, by record_host.py into recorded/this_vm.json.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from .host_parts import bar, chip, cpus, disk, dmi, mains, nic, nvml_gpu, nvml_said, pci
from .smbios_tables import DDR4, DDR5, MULTI_BIT, NO_ECC, RAM, module, table

_RECORDED = Path(__file__).parent / "recorded"
_PIDS = {"/proc/self/ns/pid": "pid:[4026531836]"}
GIB = 1024**3


@dataclass
class Files:
    """A host: files by path (text or bytes), links by path, directories that may be empty."""

    files: dict = field(default_factory=dict)
    links: dict = field(default_factory=dict)
    directories: list = field(default_factory=list)

    def write(self, root):
        for name in self.directories:
            (root / name.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            path = root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        for name, target in self.links.items():
            path = root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(target)


def host(*parts, root_device="259:2 /dev/nvme0n1p2", memory_gib=64, efi=True, secure_boot=0):
    """Return a host of parts, with what every one has."""
    classes = [
        f"/sys/class/{name}" for name in ("iommu", "power_supply", "thermal", "hwmon", "net")
    ]
    found = Files(links=dict(_PIDS), directories=classes)
    number, source = root_device.split()
    found.files["/proc/self/mountinfo"] = (
        f"22 1 0:21 / /proc rw - proc proc rw\n27 1 {number} / / rw,relatime - ext4 {source} rw\n"
    )
    found.files["/proc/meminfo"] = f"MemTotal:       {memory_gib * 1024**2 - 900000} kB\n"
    if efi:
        name = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
        found.files[f"/sys/firmware/efi/efivars/{name}"] = bytes((6, 0, 0, 0, secure_boot))
    for files, links in parts:
        found.files.update(files)
        found.links.update(links)
    return found


def memory_table(content):
    """Return the part that holds an SMBIOS table."""
    return {"/sys/firmware/dmi/tables/DMI": content}, {}


def qemu_vm():
    """A virtual machine by QEMU/KVM with a q35 board; nothing of NVIDIA's."""
    return host(
        dmi("QEMU", "Standard PC (Q35 + ICH9, 2009)", 1, "SeaBIOS", "1.16.2-1", "04/01/2014"),
        cpus("AMD EPYC-Milan Processor", 1, 4, 1, "fpu avx avx2 fma hypervisor", mhz=None),
        memory_table(table(MULTI_BIT, module("DIMM 0", 16, RAM, 0))),
        pci("0000:00:01.0", "1234:1111", "030000", driver="bochs-drm", link=None),
        pci("0000:00:02.0", "1af4:1041", "020000", driver="virtio-pci", link=None),
        nic("enp0s2", "0000:00:02.0", "virtio_net", speed="-1", virtio=1),
        disk("sda", "pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0", 40, "8:0",
             model="QEMU HARDDISK", rotational=1),
        root_device="8:0 /dev/sda", memory_gib=16, efi=False,
    )  # fmt: skip


def no_gpu():
    """An office machine: graphics in the processor, an SSD and an archive disk on SATA."""
    return host(
        dmi("Dell Inc.", "OptiPlex 7060", 3, "Dell Inc.", "1.26.0", "05/10/2023"),
        cpus("Intel(R) Core(TM) i5-8500 CPU @ 3.00GHz", 1, 6, 1, "fpu avx avx2 fma", mhz=4100),
        memory_table(
            table(NO_ECC, module("DIMM1", 8, DDR4, 2666), module("DIMM2", 0, 2, 0))
        ),
        pci("0000:00:02.0", "8086:3e92", "030000", driver="i915", link=None),
        pci("0000:00:1f.6", "8086:15bb", "020000", driver="e1000e", link=None),
        nic("eno1", "0000:00:1f.6", "e1000e", speed="1000"),
        disk("sda", "pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0", 256, "8:0",
             model="SAMSUNG MZ7LN256", rotational=0, partitions={"sda2": "8:2"}),
        disk("sdb", "pci0000:00/0000:00:17.0/ata2/host1/target1:0:0/1:0:0:0", 4000, "8:16",
             model="ST4000DM004-2CV1", rotational=1),
        root_device="8:2 /dev/sda2", memory_gib=8, secure_boot=1,
    )  # fmt: skip


def rtx4090():
    """One RTX 4090 in a desktop, driver loaded, resizable BAR on."""
    at = "0000:01:00.0"
    return host(
        dmi("ASUS", "System Product Name", 3, "American Megatrends Inc.", "1654", "09/01/2023"),
        cpus("AMD Ryzen 9 7950X 16-Core Processor", 1, 16, 2, "avx avx2 avx512f fma", mhz=5880),
        memory_table(
            table(
                NO_ECC,
                module("DIMM_A2", 32, DDR5, 5600, 5200),
                module("DIMM_B2", 32, DDR5, 5600, 5200),
            )
        ),
        pci("0000:00:01.1", "1022:14db", "060400", driver="pcieport", link=(16, 16, 2.5, 32.0)),
        pci(at, "10de:2684", "030000", "1043:889d", "nvidia", (16, 16, 2.5, 16.0), 0,
            behind=("0000:00:01.1",), slot="1", bars={1: bar(0x7000000000, 32 * GIB)}),
        nvml_said(nvml_gpu(at, "10de:2684", "NVIDIA GeForce RTX 4090", 24564, "8.9", 450, 600, 38,
                           fans=2)),
        pci("0000:02:00.0", "144d:a80c", "010802", "144d:a801", "nvme", (4, 4, 16.0, 16.0)),
        disk("nvme0n1", "pci0000:00/0000:02:00.0/nvme/nvme0", 2000, "259:0", rotational=0,
             model="Samsung SSD 990 PRO 2TB", partitions={"nvme0n1p2": "259:2"}),
        pci("0000:03:00.0", "8086:125c", "020000", "1043:87d2", "igc", (1, 1, 5.0, 5.0)),
        nic("enp3s0", "0000:03:00.0", "igc", speed="2500"),
        pci("0000:04:00.0", "14c3:0616", "028000", "1043:0000", "mt7921e", (1, 1, 5.0, 5.0)),
        nic("wlp4s0", "0000:04:00.0", "mt7921e", wireless=True, carrier="0"),
        chip(0, "k10temp", temp1=("Tctl", 45250)),
        chip(1, "nct6798", fan2=("", 1104), power1=("", 31000000)),
    )  # fmt: skip


def four_open_air():
    """Four RTX 3090 side by side on a workstation board, eight lanes each, before a driver."""
    cards = []
    for index in range(4):
        at, port = f"0000:{0x41 + index:02x}:00.0", f"0000:40:0{index + 1}.1"
        cards += (
            pci(port, "1022:1483", "060400", driver="pcieport", link=(8, 16, 2.5, 16.0)),
            pci(at, "10de:2204", "030000", "1462:3884", "nouveau", (8, 16, 2.5, 16.0), 0,
                behind=(port,), slot=str(index + 1), resize=0xFFC0,
                bars={1: bar(0xB0000000 + index * 0x10000000, GIB // 4)}),
        )  # fmt: skip
    names = "10de  NVIDIA Corporation\n\t2204  GA102 [GeForce RTX 3090]\n\t\t1462 3884  Suprim\n"
    return host(
        dmi("Gigabyte", "TRX40 AORUS XTREME", 3, "American Megatrends Inc.", "F5", "12/01/2021"),
        cpus("AMD Ryzen Threadripper 3960X 24-Core Processor", 1, 24, 2, "avx avx2 fma", mhz=4568),
        memory_table(table(NO_ECC, *(module(f"DIMM {i}", 32, DDR4, 3200) for i in range(4)))),
        *cards,
        ({"/usr/share/misc/pci.ids": "1002  AMD\n\t2204  not this one\n" + names}, {}),
        disk("nvme0n1", "pci0000:00/0000:02:00.0/nvme/nvme0", 1000, "259:0", rotational=0,
             model="CT1000P5SSD8", partitions={"nvme0n1p3": "259:3"}),
        mapped_root("nvme0n1p3"),
        root_device="254:1 /dev/mapper/vg-root", memory_gib=128,
    )  # fmt: skip


def mapped_root(partition):
    """An LVM volume on an encrypted partition."""
    base = "/sys/devices/virtual/block"
    files = {
        f"{base}/dm-0/dev": "254:0\n", f"{base}/dm-0/size": "800\n",
        f"{base}/dm-0/dm/name": "crypt\n", f"{base}/dm-0/slaves/{partition}/dev": "259:3\n",
        f"{base}/dm-1/dev": "254:1\n", f"{base}/dm-1/size": "700\n",
        f"{base}/dm-1/dm/name": "vg-root\n", f"{base}/dm-1/slaves/dm-0/dev": "254:0\n",
    }  # fmt: skip
    return files, {f"/sys/block/dm-{n}": f"../devices/virtual/block/dm-{n}" for n in (0, 1)}


def h100x8():
    """Eight H100 SXM5 with four NVSwitches, two sockets; the BAR with the memory is the third."""
    cards, said = [], []
    for index in range(8):
        bus = 0x19 + index * 0x12
        at, switch, port = (
            f"0000:{bus:02x}:00.0",
            f"0000:{bus - 2:02x}:01.0",
            f"0000:{bus - 4:02x}:01.0",
        )
        window = bar(0x20_0000_0000_00 + index * 0x40_0000_0000, 128 * GIB)
        cards += (
            pci(port, "8086:352a", "060400", driver="pcieport", link=(16, 16, 32.0, 32.0)),
            pci(switch, "1000:c030", "060400", driver="pcieport", link=(16, 16, 32.0, 32.0),
                behind=(port,)),
            pci(at, "10de:2330", "030200", "10de:16c1", "nvidia", (16, 16, 32.0, 32.0),
                int(index > 3), behind=(port, switch), bars={0: bar(0x3F0000000000, GIB // 64),
                                                             2: window}),
        )  # fmt: skip
        said.append(
            nvml_gpu(
                at,
                "10de:2330",
                "NVIDIA H100 80GB HBM3",
                81559,
                "9.0",
                700,
                700,
                31 + index,
                fans="nvmlDeviceGetNumFans: Not Supported",
                nvlinks=18,
            )
        )
    switches = [
        pci(
            f"0000:{0x05 + i:02x}:00.0",
            "10de:22a3",
            "068000",
            "10de:1796",
            "nvidia-nvswitch",
            (2, 2, 16.0, 16.0),
        )
        for i in range(4)
    ]
    slots = (module(f"CPU{i // 16}_DIMM_{i % 16}", 64, DDR5, 4800) for i in range(32))
    return host(
        dmi("NVIDIA", "DGXH100", 23, "AMI", "1.1.3", "10/16/2023"),
        cpus("Intel(R) Xeon(R) Platinum 8480C", 2, 56, 2,
             "avx avx2 avx512f amx_tile fma", mhz=3800),
        memory_table(table(MULTI_BIT, *slots)),
        *cards, *switches, nvml_said(*said),
        disk("nvme0n1", "pci0000:00/0000:02:00.0/nvme/nvme0", 1920, "259:0", rotational=0,
             model="SAMSUNG MZ1L21T9HCLS-00A07", partitions={"nvme0n1p2": "259:2"}),
        ({"/sys/class/iommu/dmar0/name": ""}, {}),
        memory_gib=2048,
    )  # fmt: skip


def gtx1080ti():
    """An old machine: GTX 1080 Ti, BIOS boot, the card's window of 256 MiB below 4 GiB."""
    at = "0000:01:00.0"
    return host(
        dmi("To Be Filled By O.E.M.", "Z97 Extreme4", 3, "American Megatrends Inc.", "P2.10",
            "05/12/2015"),
        cpus("Intel(R) Core(TM) i7-4790K CPU @ 4.00GHz", 1, 4, 2, "avx avx2 fma", mhz=4400),
        memory_table(table(NO_ECC, module("ChannelA-DIMM0", 8, 24, 1600))),
        pci("0000:00:01.0", "8086:0c01", "060400", driver="pcieport", link=(16, 16, 8.0, 8.0)),
        pci(at, "10de:1b06", "030000", "1458:3752", "nvidia", (16, 16, 2.5, 8.0),
            behind=("0000:00:01.0",), bars={1: bar(0xE0000000, GIB // 4)}),
        nvml_said(nvml_gpu(at, "10de:1b06", "NVIDIA GeForce GTX 1080 Ti", 11264, "6.1", 250, 300,
                           44, fans=1)),
        disk("sda", "pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0", 1000, "8:0",
             model="WDC WD10EZEX-08W", rotational=1, partitions={"sda1": "8:1"}),
        root_device="8:1 /dev/sda1", memory_gib=8, efi=False,
    )  # fmt: skip


def laptop():
    """A laptop with an RTX 4060: no power limit to set, graphics by the processor, a battery."""
    at, refused = "0000:01:00.0", "nvmlDeviceGetPowerManagementLimit: Not Supported"
    return host(
        dmi("LENOVO", "82WK", 10, "LENOVO", "KWCN42WW", "07/24/2023"),
        cpus("13th Gen Intel(R) Core(TM) i7-13700HX", 1, 16, 1, "avx avx2 fma", mhz=5000),
        memory_table(table(NO_ECC, module("Controller0-ChannelA-DIMM0", 16, DDR5, 4800))),
        pci("0000:00:02.0", "8086:a788", "030000", driver="i915", link=None),
        pci("0000:00:01.0", "8086:a70d", "060400", driver="pcieport", link=(8, 16, 2.5, 16.0)),
        pci(at, "10de:28e0", "030000", "17aa:3cf2", "nvidia", (8, 8, 2.5, 16.0),
            behind=("0000:00:01.0",), bars={1: bar(0x6000000000, 8 * GIB)}),
        nvml_said(nvml_gpu(at, "10de:28e0", "NVIDIA GeForce RTX 4060 Laptop GPU", 8188, "8.9",
                           refused, 115, 47, fans="nvmlDeviceGetNumFans: Not Supported")),
        disk("nvme0n1", "pci0000:00/0000:02:00.0/nvme/nvme0", 512, "259:0", rotational=0,
             model="SKHynix_HFS512GEJ9X115N", partitions={"nvme0n1p2": "259:2"}),
        mains("ADP0", "Mains"), mains("BAT0", "Battery", voltage_now=15480000, current_now=1000000),
        mains("BAT1", "Battery", power_now=12500000),
        nic("enx00e04c680001", "usb", "r8152", speed="1000", carrier="1"),
        ({"/sys/class/thermal/thermal_zone0/type": "x86_pkg_temp\n",
          "/sys/class/thermal/thermal_zone0/temp": "61000\n",
          "/sys/class/thermal/thermal_zone10/type": "acpitz\n",
          "/sys/class/thermal/thermal_zone10/temp": "27800\n",
          "/sys/class/thermal/cooling_device0/type": "Processor\n"}, {}),
        memory_gib=16, secure_boot=1,
    )  # fmt: skip


_DESCRIBED = {
    "qemu_vm": qemu_vm,
    "no_gpu": no_gpu,
    "rtx4090": rtx4090,
    "four_open_air": four_open_air,
    "h100x8": h100x8,
    "gtx1080ti": gtx1080ti,
    "laptop": laptop,
}
NAMES = (*_DESCRIBED, "this_vm")


def files_of(name):
    """Return the files of a host."""
    if name in _DESCRIBED:
        return _DESCRIBED[name]()
    kept = json.loads((_RECORDED / f"{name}.json").read_text())
    return Files(kept["files"], kept["links"], kept["directories"])
