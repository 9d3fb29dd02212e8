"""The machine in one fact: distribution, kernel, architecture, NVIDIA devices, boot id.

One command, so that a host costs one round trip before its roles are chosen.
Sources: os-release(5), proc(5) boot_id, and the PCI class and vendor files of sysfs.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import distro
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase

#: What the roles are written and tested for. A further release is one row here.
SUPPORTED_RELEASES: dict[str, tuple[str, ...]] = {
    "debian": ("12", "13"),
    "ubuntu": ("22.04", "24.04", "26.04"),
}
#: uname -m to the name used by dpkg.
DEBIAN_ARCHITECTURES: dict[str, str] = {"x86_64": "amd64", "aarch64": "arm64"}

_MARK = "@@deeprig:"
_COMMAND = (
    f"printf '{_MARK}os\\n'; cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release; "
    f"printf '\\n{_MARK}kernel\\n'; uname -r; "
    f"printf '{_MARK}machine\\n'; uname -m; "
    f"printf '{_MARK}boot_id\\n'; cat /proc/sys/kernel/random/boot_id; "
    f"printf '{_MARK}python\\n'; (command -v python3 >/dev/null && python3 -V) || echo none; "
    f"printf '{_MARK}virtualization\\n'; systemd-detect-virt 2>/dev/null || echo none; "
    # lscpu(1): indents by topic since util-linux 2.37; /proc/cpuinfo of ARM names no model.
    f"printf '{_MARK}cpu\\n'; LC_ALL=C lscpu | sed -n 's/^ *Model name: *//p' | head -n1; nproc; "
    # The kernel's own word (sysfs) for the loaded module, which may be older than the package.
    f"printf '{_MARK}nvidia_driver\\n'; cat /sys/module/nvidia/version 2>/dev/null || echo none; "
    f"printf '{_MARK}nvidia\\n'; "
    "for d in /sys/bus/pci/devices/*; do "
    'if [ -r "$d/vendor" ] && [ "$(cat "$d/vendor")" = 0x10de ]; then '
    'case "$(cat "$d/class")" in 0x0300*|0x0302*) echo "${d##*/} $(cat "$d/device")";; esac; '
    "fi; done"
)


#: systemd-detect-virt(1): what has neither a clock, disks nor network cards of its own.
_CONTAINERS = (
    *("openvz", "lxc", "lxc-libvirt", "systemd-nspawn", "docker", "podman", "rkt", "wsl"),
    *("proot", "pouch", "container-other"),
)


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What a host is, as read from it. ``nvidia_devices`` are (PCI address, device id) pairs.

    ``nvidia_driver`` is the loaded one (None: none is); a role may change it during a run, so it
    is for comparing runs, never for branching. ``cpu`` is model and count; None: not known.
    """

    distribution: str
    release: str
    codename: str
    pretty_name: str
    kernel: str
    machine: str
    boot_id: str
    python: str | None
    virtualization: str
    nvidia_devices: tuple[tuple[str, str], ...]
    cpu: str | None = None
    nvidia_driver: str | None = None

    @property
    def architecture(self) -> str:
        """Return dpkg's name of the architecture (``amd64``), or uname's where dpkg has none."""
        return DEBIAN_ARCHITECTURES.get(self.machine, self.machine)

    @property
    def is_container(self) -> bool:
        """Say whether clock, disks and network cards belong to another machine."""
        return self.virtualization in _CONTAINERS

    @property
    def is_supported(self) -> bool:
        """Say whether the roles are written for this distribution and release."""
        return self.release in SUPPORTED_RELEASES.get(self.distribution, ())


def parse_os_release(text: str) -> dict[str, str]:
    """Return distribution id, release, codename and pretty name of an os-release text.

    The ``distro`` library does the parsing: quoting and missing keys differ between vendors.
    """
    with tempfile.TemporaryDirectory() as root:
        etc = Path(root, "etc")
        etc.mkdir()
        (etc / "os-release").write_text(text, encoding="utf-8")
        machine = distro.LinuxDistribution(include_lsb=False, include_uname=False, root_dir=root)
        return {
            "distribution": machine.id(),
            "release": machine.version(),
            "codename": machine.codename(),
            "pretty_name": machine.name(pretty=True),
        }


def _sections(lines: list[str]) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        if line.startswith(_MARK):
            current = sections.setdefault(line[len(_MARK) :].strip(), [])
        elif line.strip():
            current.append(line)
    return sections


def _cpu(lines: list[str]) -> str | None:
    """Return ``AMD EPYC 9354, 64 CPUs`` of lscpu's model and nproc's count; None of less."""
    if len(lines) != 2:
        return None
    model, count = (" ".join(line.split()) for line in lines)
    return f"{model}, {count} CPU{'' if count == '1' else 's'}"


class Machine(FactBase[HostFacts | None]):
    """The facts every role may branch on: they do not change during a run."""

    def command(self) -> str:
        """Return one shell command that prints every section."""
        return _COMMAND

    @staticmethod
    def default() -> HostFacts | None:
        """Return None: a host that told nothing is unknown, not an empty machine."""
        return None

    def process(self, output: list[str]) -> HostFacts:
        """Parse the sections. Raise FactProcessError where one is missing or unreadable."""
        sections = _sections(output)
        try:
            python = sections["python"][0].removeprefix("Python ").strip()
            driver = "".join(sections.get("nvidia_driver", ["none"])[:1]).strip()
            return HostFacts(
                **parse_os_release("\n".join(sections["os"])),
                kernel=sections["kernel"][0].strip(),
                machine=sections["machine"][0].strip(),
                boot_id=sections["boot_id"][0].strip(),
                python=None if python == "none" else python,
                virtualization=sections["virtualization"][0].strip(),
                nvidia_devices=tuple(
                    (address, device)
                    for address, device in (line.split() for line in sections.get("nvidia", []))
                ),
                cpu=_cpu(sections.get("cpu", [])),
                nvidia_driver=None if driver in ("", "none") else driver,
            )
        except (KeyError, IndexError, ValueError) as error:
            raise FactProcessError(f"the host's facts cannot be read: {error!r}") from error
