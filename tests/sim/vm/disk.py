"""A virtual machine's disk, made from a simulated machine's: what it cannot load, this can.

The simulation of modules, kernel and Secure Boot is taken out. Cards stay simulated: a unit shows
their PCI devices once the machine's own devices are set up, and what udev would load for a card
is listed in modules-load.d.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.sim.hosts.api import SIMULATED
from tests.sim.hosts.pci import Device, addresses

_DISK_SIZE = "6G"
_MEMORY_MIB = 1024
_CARDS_UNIT = """[Unit]
Description=SIMULATED: PCI devices of NVIDIA cards (deeprig's tests)
After=network.target
Before=ssh.service nvidia-persistenced.service deeprig-nvidia-power.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /etc/deeprig-sim/cards

[Install]
WantedBy=multi-user.target
"""
#: Path below /etc and text: DHCP, which QEMU's user networking answers.
NETWORK = ("systemd/network/10-vm.network", "[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n")
_UNDO_SIMULATION = """set -e
for program in /usr/sbin/modprobe /usr/bin/uname; do
  rm "$program"
  dpkg-divert --local --rename --remove "$program"
done
rm -f /usr/local/bin/mokutil /etc/systemd/system/deeprig-sim.service
rm -f /etc/systemd/system/*/deeprig-sim.service /etc/systemd/network/10-lab.network
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*simulated* /etc/apt/apt.conf.d/90lab
systemctl enable -q deeprig-vm-cards.service
: > /etc/fstab
"""


@dataclass(frozen=True, slots=True)
class Disk:
    """What QEMU needs: an ext4 image, the kernel and the initramfs that are on it."""

    image: Path
    kernel: Path
    initrd: Path

    def command(self) -> list[str]:
        """Return QEMU's command line without a network.

        Software emulation: a host whose own machine is virtual cannot be counted on for more.
        """
        command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"]
        command += ["-m", str(_MEMORY_MIB), "-nographic", "-kernel", str(self.kernel)]
        command += ["-initrd", str(self.initrd), "-append", "root=/dev/vda rw console=ttyS0 quiet"]
        return [*command, "-drive", f"file={self.image},if=virtio,format=raw,cache=unsafe"]


def make_disk(
    image: Path,
    upper: Path,
    cards: tuple[Device, ...],
    into: Path,
    network: tuple[str, str] = NETWORK,
) -> Disk:
    """Make a disk of a simulated machine's layers (``image`` below ``upper``) in a directory."""
    tree, work = into / "tree", into / "work"
    for directory in (tree, work):
        directory.mkdir(parents=True)
    steps = f"""set -e
mount -t overlay overlay -o lowerdir={image},upperdir={upper},workdir={work} {tree}
mount -t proc proc {tree}/proc
mount --bind /dev {tree}/dev
chroot {tree} sh
umount {tree}/dev {tree}/proc
truncate -s {_DISK_SIZE} {into}/disk.img
mke2fs -q -t ext4 -d {tree} {into}/disk.img
cp -L {tree}/boot/vmlinuz-* {into}/vmlinuz
cp -L {tree}/boot/initrd.img-* {into}/initrd
"""
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", steps]
    _write_machine(upper, cards, network)
    done = subprocess.run(
        command, input=_UNDO_SIMULATION, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"the virtual machine's disk: {done.stdout[-1000:]}{done.stderr[-2000:]}"
        )
    shutil.rmtree(work)
    return Disk(into / "disk.img", into / "vmlinuz", into / "initrd")


def _write_machine(upper: Path, cards: tuple[Device, ...], network: tuple[str, str]) -> None:
    lines = ["set -e", "mount -t tmpfs -o mode=755 simulated /sys/bus/pci/devices"]
    for address, device in addresses(cards):
        place = f"/sys/bus/pci/devices/{address}"
        lines.append(f"mkdir {place}")
        for name, value in (
            ("vendor", "0x10de"),
            ("device", f"0x{device.device_id}"),
            ("class", f"0x{device.class_code}"),
        ):
            lines.append(f"echo {value} > {place}/{name}")
    for path, text in (
        ("etc/deeprig-sim/simulated", SIMULATED.replace(", Secure Boot and the loading", "")),
        ("etc/deeprig-sim/cards", "\n".join(lines) + "\n"),
        ("etc/systemd/system/deeprig-vm-cards.service", _CARDS_UNIT),
        (f"etc/{network[0]}", network[1]),
        ("etc/modules-load.d/simulated-cards.conf", "nvidia\n"),
        ("etc/modprobe.d/simulated-cards.conf", f"options nvidia num_gpus={len(cards)}\n"),
    ):
        target = upper / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
