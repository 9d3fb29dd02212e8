"""A Vagrant box for libvirt, made of a throwaway host's image: nothing can be downloaded in tests.

What it adds to the image is what every box has: a kernel, a user ``vagrant`` with Vagrant's
insecure key and sudo, and DHCP. It has no boot loader: libvirt starts its kernel directly, by
software emulation, since a machine that is virtual itself cannot be counted on for more.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

from deeprig.lab import image

#: Where Debian's vagrant and HashiCorp's packages keep the key that every box starts with.
_KEY_GLOBS = (
    "/usr/share/rubygems-integration/all/gems/vagrant-*/keys/vagrant.pub",
    "/opt/vagrant/embedded/gems/gems/vagrant-*/keys/vagrant.pub",
)
_DISK_GIB = 4
_SETUP = """set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends initramfs-tools
# Emulated processors: what is not there need not be unpacked at every boot.
echo MODULES=list > /etc/initramfs-tools/conf.d/box
printf '%s\\n' virtio_pci virtio_blk ext4 > /etc/initramfs-tools/modules
apt-get install -y -q --no-install-recommends linux-image-cloud-amd64
apt-get clean
rm -rf /var/lib/apt/lists/*
userdel -r deeprig 2>/dev/null
rm -f /etc/sudoers.d/lab /etc/ssh/ssh_host_*
useradd -m -s /bin/bash vagrant
echo 'vagrant ALL=(ALL:ALL) NOPASSWD: ALL' > /etc/sudoers.d/vagrant
chmod 440 /etc/sudoers.d/vagrant
install -d -m 700 -o vagrant -g vagrant /home/vagrant/.ssh
cat > /home/vagrant/.ssh/authorized_keys
chown vagrant: /home/vagrant/.ssh/authorized_keys
printf '[Match]\\nName=en* eth*\\n[Network]\\nDHCP=yes\\n' > /etc/systemd/network/10-box.network
install -d /etc/systemd/system/ssh.service.d
key=/etc/ssh/ssh_host_ecdsa_key
cat > /etc/systemd/system/ssh.service.d/keys.conf <<END
[Service]
ExecStartPre=
ExecStartPre=/bin/sh -c 'test -e $key || ssh-keygen -q -t ecdsa -N "" -f $key'
ExecStartPre=/usr/sbin/sshd -t
END
systemctl mask -q apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service
"""
_VAGRANTFILE = """Vagrant.configure("2") do |config|
  config.vm.boot_timeout = 900
  config.vm.provider "libvirt" do |libvirt|
    libvirt.driver = "qemu"
    libvirt.kernel = File.expand_path("vmlinuz", __dir__)
    libvirt.initrd = File.expand_path("initrd", __dir__)
    libvirt.cmd_line = "root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet"
    libvirt.graphics_type = "none"
  end
end
"""


def box_of(os_name: str) -> Path:
    """Return the box of a throwaway host's operating system, making it on first use.

    That takes about two minutes, root and apt. Raise FileNotFoundError where Vagrant is not
    installed, CalledProcessError where a step of it fails.
    """
    base = image.image_of(os_name, "deeprig-vagrant").path
    key = _insecure_key()
    digest = hashlib.sha256(f"{_SETUP}{_VAGRANTFILE}{_DISK_GIB}{key}".encode()).hexdigest()[:12]
    target = image.cache_directory() / f"vagrant-{base.name}-{digest}.box"
    with target.with_name(f".{target.name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test processes make it once
        if not target.is_file():
            _make(base, key, target)
    return target


def _insecure_key() -> str:
    for pattern in _KEY_GLOBS:
        for found in sorted(Path("/").glob(pattern.lstrip("/"))):
            return found.read_text(encoding="ascii")
    raise FileNotFoundError("Vagrant's insecure key: is Vagrant installed?")


def _make(base: Path, key: str, target: Path) -> None:
    making = target.with_name(f".making-{target.name}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o755)
    try:
        tree = making / "tree"
        subprocess.run(["cp", "-a", str(base), str(tree)], check=True)
        _install(tree, key)
        _pack(tree, making)
        (making / "box").rename(target)
    finally:
        shutil.rmtree(making)
    for old in target.parent.glob(f"vagrant-{base.name.split('-')[0]}-*.box"):
        if old != target:
            old.unlink()


def _install(tree: Path, key: str) -> None:
    shutil.copyfile("/etc/resolv.conf", tree / "etc/resolv.conf")
    (tree / "setup").write_text(_SETUP, encoding="utf-8")
    # What is mounted lies in a namespace of its own and ends with it.
    mounts = f"mount -t proc proc {tree}/proc && mount --bind /dev {tree}/dev"
    script = f"{mounts} && exec chroot {tree} sh /setup"
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
    done = subprocess.run(command, input=key, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the box: {done.stdout[-2000:]}{done.stderr}")
    (tree / "setup").unlink()
    (tree / "etc/resolv.conf").write_text("", encoding="utf-8")


def _pack(tree: Path, making: Path) -> None:
    parts = making / "parts"
    parts.mkdir()
    disk = making / "disk.img"
    subprocess.run(["truncate", "-s", f"{_DISK_GIB}G", str(disk)], check=True)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", str(tree), str(disk)], check=True)
    convert = ["qemu-img", "convert", "-O", "qcow2", str(disk), str(parts / "box.img")]
    subprocess.run(convert, check=True)
    for name, pattern in (("vmlinuz", "vmlinuz-*"), ("initrd", "initrd.img-*")):
        shutil.copyfile(next((tree / "boot").glob(pattern)), parts / name)
    about = {"provider": "libvirt", "format": "qcow2", "virtual_size": _DISK_GIB}
    (parts / "metadata.json").write_text(json.dumps(about), encoding="utf-8")
    (parts / "Vagrantfile").write_text(_VAGRANTFILE, encoding="utf-8")
    with tarfile.open(making / "box", "w") as box:
        for part in sorted(parts.iterdir()):
            box.add(part, arcname=part.name)
