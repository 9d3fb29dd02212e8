"""The image of simulated machines: Debian's with a real kernel, its headers and DKMS installed.

Made once and kept beside the lab's images, so that a test does not wait for apt. What it adds to
a stock server is what Ubuntu's desktop has too, and the simulation, which says that it is one.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from deeprig.lab import image

HERE = Path(__file__).parent
FILES = HERE / "files"
OS = "debian12"
PACKAGES = (
    *("linux-image-cloud-amd64", "linux-headers-cloud-amd64", "initramfs-tools", "kmod"),
    *("dkms", "gcc", "make", "unattended-upgrades", "dpkg-repack", "zstd"),
)
#: diverted to NAME.real: the simulation answers for the kernel that "boots".
_DIVERTED = ("/usr/sbin/modprobe", "/usr/bin/uname")
_SETUP = f"""set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends {" ".join(PACKAGES)}
for program in {" ".join(_DIVERTED)}; do
  dpkg-divert --local --rename --divert "$program.real" --add "$program"
  ln -s /usr/local/sbin/deeprig-sim "$program"
done
ln -s /usr/local/sbin/deeprig-sim /usr/local/bin/mokutil
systemctl enable deeprig-sim.service
systemctl disable unattended-upgrades.service apt-daily.timer apt-daily-upgrade.timer
rm -f /var/lib/dkms/mok.*
"""


def sim_image() -> Path:
    """Return the image, making it on first use (a minute or two; needs root and apt)."""
    base = image.image_of(OS, "deeprig-sim").path
    target = image.cache_directory() / f"sim-{base.name}-{_digest()}"
    with target.with_name(f".{target.name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test processes make it once
        if not target.is_dir():
            _make(base, target)
    return target


def _make(base: Path, target: Path) -> None:
    making = target.with_name(f".making-{target.name}")
    shutil.rmtree(making, ignore_errors=True)
    subprocess.run(["cp", "-a", str(base), str(making)], check=True)
    _install(making)
    making.rename(target)
    for old in target.parent.glob("sim-*"):  # a gigabyte each
        if old != target:
            shutil.rmtree(old)


def kernel_release(root: Path) -> str:
    """Return the kernel that is installed in the image."""
    return next((root / "boot").glob("vmlinuz-*")).name.removeprefix("vmlinuz-")


def _install(root: Path) -> None:
    for name, place, mode in (
        ("deeprig-sim", "usr/local/sbin/deeprig-sim", 0o755),
        ("deeprig-sim.service", "etc/systemd/system/deeprig-sim.service", 0o644),
    ):
        shutil.copyfile(FILES / name, root / place)
        (root / place).chmod(mode)
    shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")
    # What is mounted lies in a namespace of its own and ends with it.
    script = f"mount -t proc proc {root}/proc && mount --bind /dev {root}/dev && chroot {root} sh"
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
    done = subprocess.run(command, input=_SETUP, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the image of simulated machines: {done.stdout[-2000:]}{done.stderr}")
    (root / "etc/resolv.conf").write_text("")


def _digest() -> str:
    digest = hashlib.sha256(_SETUP.encode())
    for file in sorted(FILES.iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
