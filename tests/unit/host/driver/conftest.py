"""A throwaway machine: its own dpkg, apt and flat repository below a temporary root.

dpkg, apt and modinfo are the real ones; the packages are tiny, the kernels and GPUs are files.
"""

import hashlib
import os
import struct
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[4] / "host"))

from deeprig_host.machine import commands

KERNEL = "6.8.0-45-generic"
OLD, NEW = "570.172.08", "580.126.20"


def kernel_module(version, licence="Dual MIT/GPL", signer=None):
    """Return an ELF file with nothing but the .modinfo section that modinfo(8) reads."""
    fields = {"version": version, "license": licence, "name": "nvidia"}
    info = b"".join(f"{k}={v}".encode() + b"\0" for k, v in fields.items())
    names = b"\0.modinfo\0.shstrtab\0"
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01",
        *(1, 62, 1, 0, 0, 64 + len(info) + len(names), 0, 64, 0, 0, 64, 3, 2),
    )
    sections = bytes(64)
    for name, kind, offset, size in ((1, 1, 64, len(info)), (10, 3, 64 + len(info), len(names))):
        sections += struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, offset, size, 0, 0, 1, 0)
    return header + info + names + sections


@dataclass
class Deb:
    """A package to be built."""

    name: str
    version: str
    depends: str = ""
    conflicts: str = ""
    files: dict = field(default_factory=dict)
    scripts: dict = field(default_factory=dict)
    architecture: str = "amd64"

    def build(self, directory: Path) -> Path:
        tree = directory / "tree"
        subprocess.run(["rm", "-rf", str(tree)], check=True)
        control = [
            f"Package: {self.name}",
            f"Version: {self.version}",
            f"Architecture: {self.architecture}",
            "Maintainer: simulated <simulated@example.com>",
            "Description: simulated",
            "Installed-Size: 10",
        ]
        control += [f"Depends: {self.depends}"] if self.depends else []
        control += [f"Conflicts: {self.conflicts}"] if self.conflicts else []
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text("\n".join(control) + "\n")
        for name, text in self.scripts.items():
            (tree / "DEBIAN" / name).write_text(text)
            (tree / "DEBIAN" / name).chmod(0o755)
        for path, content in self.files.items():
            target = tree / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        version = self.version.replace(":", "%3a")
        deb = directory / f"{self.name}_{version}_{self.architecture}.deb"
        build = ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", str(tree), str(deb)]
        subprocess.run(build, check=True, capture_output=True)
        return deb


class Rig:
    """A root directory with dpkg and apt of its own, and a flat repository beside it."""

    def __init__(self, base: Path) -> None:
        self.root = base / "root"
        self.repository = base / "repository"
        self.bin = base / "bin"
        self.calls: list[tuple[str, ...]] = []
        self.intercepts = {}
        for directory in (
            *("var/lib/dpkg/updates", "var/lib/dpkg/info", "var/lib/dpkg/triggers"),
            *("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/log/apt"),
            *("etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/trusted.gpg.d", "boot"),
            *("proc/sys/kernel/random", "sys/bus/pci/devices", "tmp", "usr/bin", "etc/modprobe.d"),
        ):
            (self.root / directory).mkdir(parents=True)
        self.repository.mkdir()
        self.bin.mkdir()
        self.write("/var/lib/dpkg/status", "")
        self.write("/var/lib/dpkg/available", "")
        self.write("/var/lib/apt/extended_states", "")
        self.write("/etc/apt/sources.list", f"deb [trusted=yes] copy:{self.repository} ./\n")
        self.write("/etc/os-release", 'ID=ubuntu\nVERSION_ID="24.04"\n')
        self.write("/proc/sys/kernel/osrelease", KERNEL + "\n")
        self.write("/proc/sys/kernel/random/boot_id", "0000-boot\n")
        self.write("/proc/uptime", "1000.0 1.0\n")
        self.add_kernel(KERNEL)
        (base / "apt.conf").write_text(self._apt_configuration())
        self.environment = {
            "APT_CONFIG": str(base / "apt.conf"),
            "DPKG_ROOT": str(self.root),
            "DPKG_FORCE": "downgrade,script-chrootless,not-root",
            "PATH": f"{self.bin}:{os.environ['PATH']}:/usr/sbin:/sbin",
        }
        self.tool("update-initramfs", 'echo "$@" >> "$DPKG_ROOT/initramfs.log"')

    @property
    def machine(self):
        return commands.Machine(self.root, self.run)

    def run(self, *words, seconds=60, stdin="", environment=None, directory=None):
        """Run for real, with this root's apt and dpkg; a test may step in before."""
        self.calls.append(words)
        for match, answer in self.intercepts.items():
            if " ".join(words).startswith(match):
                told = answer(words)
                if told is not None:
                    return told
        more = dict(environment or {}) | self.environment
        return commands.run(
            *words, seconds=seconds, stdin=stdin, environment=more, directory=directory
        )

    def write(self, path, content):
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            target.write_text(content)
        return target

    def read(self, path):
        target = self.root / path.lstrip("/")
        return target.read_text() if target.is_file() else None

    def tool(self, name, script):
        """Put a program of the test's first on PATH."""
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def add_kernel(self, release, headers=True):
        self.write(f"/boot/vmlinuz-{release}", "")
        self.write(f"/lib/modules/{release}/modules.dep", "")
        if headers:
            self.write(f"/usr/src/linux-headers-{release}/Makefile", "")
            link = self.root / f"lib/modules/{release}/build"
            link.symlink_to(f"/usr/src/linux-headers-{release}")

    def add_module(self, release, version, place="updates/dkms/nvidia.ko", **fields):
        self.write(f"/lib/modules/{release}/{place}", kernel_module(version, **fields))
        self.write(f"/lib/modules/{release}/modules.dep", f"{place}: kernel/x.ko\n")

    def add_pci(self, address, device, kind, vendor="0x10de"):
        base = f"/sys/bus/pci/devices/{address}"
        for name, value in (("vendor", vendor), ("device", device), ("class", kind)):
            self.write(f"{base}/{name}", value + "\n")

    def publish(self, *debs, label="NVIDIA CUDA", origin="NVIDIA"):
        """Build packages into the repository and have apt read it."""
        for deb in debs:
            deb.build(self.repository)
        subprocess.run(["rm", "-rf", str(self.repository / "tree")], check=True)
        self.index(label, origin)

    def index(self, label="NVIDIA CUDA", origin="NVIDIA"):
        done = subprocess.run(
            ["dpkg-scanpackages", "--multiversion", "."],
            cwd=self.repository,
            capture_output=True,
            check=True,
        )
        (self.repository / "Packages").write_bytes(done.stdout)
        digest = hashlib.sha256(done.stdout).hexdigest()
        release = f"Origin: {origin}\nLabel: {label}\nDate: Thu, 01 Jan 2026 00:00:00 UTC\n"
        release += f"SHA256:\n {digest} {len(done.stdout)} Packages\n"
        (self.repository / "Release").write_text(release)
        self.apt("update")

    def apt(self, *words):
        done = self.run("apt-get", "-y", *words)
        assert done.is_good, done
        return done

    def installed(self):
        """Return name to version of what dpkg has completely installed."""
        done = self.run("dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Abbrev}\\n")
        rows = (line.split() for line in done.out.splitlines())
        return {name: version for name, version, status in rows if status[1] == "i"}

    def held(self):
        return set(self.run("apt-mark", "showhold").out.split())

    def _apt_configuration(self):
        return (
            f'Dir "{self.root}";\n'
            f'Dir::State::status "{self.root}/var/lib/dpkg/status";\n'
            'APT::Architecture "amd64";\nAPT::Architectures { "amd64"; };\n'
            'APT::Sandbox::User "root";\nDir::Bin::dpkg "/usr/bin/dpkg";\n'
            'APT::Install-Recommends "false";\n'
        )


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path)
