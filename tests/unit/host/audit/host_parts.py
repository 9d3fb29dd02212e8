"""Parts of recorded hosts: each returns files by path and links by path."""

import json

_DEVICES = "/sys/devices"
#: ioport.h: memory, prefetchable, 64 bits wide, aligned to its size; and a plain 32-bit window.
_WIDE, _NARROW = 0x14220C, 0x40200
_GB = 1000**3


def dmi(vendor, product, chassis, bios_vendor, bios_version, bios_date):
    texts = {
        "sys_vendor": vendor,
        "product_name": product,
        "chassis_type": chassis,
        "bios_vendor": bios_vendor,
        "bios_version": bios_version,
        "bios_date": bios_date,
    }
    base = f"{_DEVICES}/virtual/dmi/id"
    links = {"/sys/class/dmi/id": "../../devices/virtual/dmi/id"}
    return {f"{base}/{name}": f"{text}\n" for name, text in texts.items()}, links


def cpus(model, sockets, cores, threads, flags, mhz):
    """``cores`` of each socket, ``threads`` of each core; numbered as Linux does, siblings last."""
    blocks, files = [], {}
    places = [(s, c) for _ in range(threads) for s in range(sockets) for c in range(cores)]
    for index, (socket, core) in enumerate(places):
        blocks.append(
            f"processor\t: {index}\nmodel name\t: {model}\nphysical id\t: {socket}\n"
            f"core id\t\t: {core}\nflags\t\t: {flags}\n\n"
        )
        if mhz is not None:
            slower = mhz if index % 2 == 0 else mhz - 200  # favoured cores are faster
            name = f"/sys/devices/system/cpu/cpu{index}/cpufreq/cpuinfo_max_freq"
            files[name] = f"{slower * 1000}\n"
    for socket in range(sockets):
        files[f"/sys/devices/system/node/node{socket}/cpulist"] = "\n"
    return files | {"/proc/cpuinfo": "".join(blocks)}, {}


def bar(start, size):
    return start, start + size - 1


def pci(
    address,
    identity,
    class_code,
    subsystem=None,
    driver=None,
    link=None,
    node=None,
    behind=(),
    slot=None,
    resize=None,
    bars=None,
):
    """A PCI function; ``behind`` are the bridges on the way, the root port first."""
    place = "/".join((f"pci{(behind or (address,))[0][:7]}", *behind, address))
    base = f"{_DEVICES}/{place}"
    vendor, device = identity.split(":")
    files = {
        f"{base}/vendor": f"0x{vendor}\n",
        f"{base}/device": f"0x{device}\n",
        f"{base}/class": f"0x{class_code}\n",
        f"{base}/numa_node": f"{-1 if node is None else node}\n",
        f"{base}/resource": _resource(bars or {}),
    }
    sub_vendor, sub_device = (subsystem or "0000:0000").split(":")
    files[f"{base}/subsystem_vendor"] = f"0x{sub_vendor}\n"
    files[f"{base}/subsystem_device"] = f"0x{sub_device}\n"
    if resize is not None:
        files[f"{base}/resource1_resize"] = f"{resize:016x}\n"
    if slot is not None:
        files[f"/sys/bus/pci/slots/{slot}/address"] = f"{address[:-2]}\n"
    links = {f"/sys/bus/pci/devices/{address}": f"../../../devices/{place}"}
    if driver is not None:
        links[f"{base}/driver"] = f"/sys/bus/pci/drivers/{driver}"
    return files | _link(base, link), links


def _link(base, link):
    if link is None:
        return {}
    width, max_width, speed, max_speed = link
    return {
        f"{base}/current_link_width": f"{width}\n",
        f"{base}/max_link_width": f"{max_width}\n",
        f"{base}/current_link_speed": f"{speed} GT/s PCIe\n",
        f"{base}/max_link_speed": f"{max_speed} GT/s PCIe\n",
    }


def _resource(bars):
    lines = []
    for index in range(7):
        if index in bars:
            lines.append((*bars[index], _WIDE))
        elif index == 0 and bars:
            lines.append((0xF6000000, 0xF6FFFFFF, _NARROW))
        else:
            lines.append((0, 0, 0))
    return "".join(f"{start:#018x} {end:#018x} {flags:#018x}\n" for start, end, flags in lines)


def nic(name, address, driver, speed=None, carrier="1", wireless=False, virtio=None):
    """A network card; ``address`` "usb" for one on USB, ``virtio`` its number as such."""
    place = f"pci{address[:7]}/{address}"
    if address == "usb":
        place = "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0"
    elif virtio is not None:
        place += f"/virtio{virtio}"
    base = f"{_DEVICES}/{place}/net/{name}"
    files = {f"{base}/address": "02:00:00:00:00:01\n", f"{base}/carrier": f"{carrier}\n"}
    if speed is not None:
        files[f"{base}/speed"] = f"{speed}\n"
    if wireless:
        files[f"{base}/wireless/status"] = "0\n"
    links = {
        f"/sys/class/net/{name}": f"../../devices/{place}/net/{name}",
        f"{base}/device": "../..",
    }
    links[f"{_DEVICES}/{place}/driver"] = f"/sys/bus/drivers/{driver}"
    return files, links


def disk(name, place, gigabytes, number, model, rotational, partitions=None):
    """A disk; ``place`` is its parent's below /sys/devices."""
    parent = f"{_DEVICES}/{place}"
    is_nvme = name.startswith("nvme")
    base = f"{parent}/{name}" if is_nvme else f"{parent}/block/{name}"
    files = {
        f"{base}/dev": f"{number}\n",
        f"{base}/size": f"{gigabytes * _GB // 512}\n",
        f"{base}/queue/rotational": f"{rotational}\n",
        f"{parent}/model": f"{model:<16}\n",
    }
    for part, part_number in (partitions or {}).items():
        files[f"{base}/{part}/dev"] = f"{part_number}\n"
    links = {
        f"/sys/block/{name}": f"..{base.removeprefix('/sys')}",
        f"{base}/device": ".." if is_nvme else "../..",
    }
    return files, links


def mains(name, kind, **values):
    base = f"/sys/class/power_supply/{name}"
    files = {f"{base}/{key}": f"{value}\n" for key, value in values.items()}
    return files | {f"{base}/type": f"{kind}\n"}, {}


def chip(index, name, **readings):
    """A hwmon chip; each reading is its label ("" for none) and its raw value."""
    base = f"/sys/class/hwmon/hwmon{index}"
    files = {f"{base}/name": f"{name}\n"}
    for reading, (label, value) in readings.items():
        files[f"{base}/{reading}_input"] = f"{value}\n"
        if label:
            files[f"{base}/{reading}_label"] = f"{label}\n"
    return files, {}


def nvml_gpu(
    address, identity, name, mib, capability, limit_watts, max_watts, celsius, fans, nvlinks=0
):
    """What nvml_child prints of one GPU; a text for watts or fans is the error instead."""
    vendor, device = identity.split(":")
    pci_said = {"address": address, "vendor": vendor, "device": device}
    said = {
        "name": name,
        "uuid": f"GPU-00000000-0000-0000-0000-{address.replace(':', '').replace('.', ''):0>12}",
        "memory_bytes": mib * 1024**2,
        "compute_capability": capability,
        "power_limit_watts": limit_watts,
        "power_max_watts": max_watts,
        "temperature_celsius": celsius,
        "slowdown_celsius": 95,
        "is_slowed_by_heat": False,
        "fan_count": fans,
        "nvlink_count": nvlinks,
    }
    refused = {
        key: value
        for key, value in said.items()
        if key in ("power_limit_watts", "fan_count") and isinstance(value, str)
    }
    values = {key: value for key, value in said.items() if key not in refused}
    return {"index": 0, "values": values | {"pci": pci_said}, "errors": refused}


def nvml_said(*gpus):
    """A loaded driver, and what NVML said."""
    said = [gpu | {"index": index} for index, gpu in enumerate(gpus)]
    files = {
        "/proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module\n",
        "/recorded/nvml.json": json.dumps({"gpus": said, "error": None}),
    }
    return files, {}
