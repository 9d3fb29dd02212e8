"""How each source names the packages of a driver, by variant, flavour and branch.

``{b}`` stands for the branch. Sources, named in each row: NVIDIA's driver installation guide
(Ubuntu and Debian chapters; from 590 on the Ubuntu packages lose the branch in their names), the
package indices of the Ubuntu and Debian archives, and the Ubuntu Server documentation on
installing NVIDIA drivers (prebuilt signed modules).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from roles.nvidia_driver.gpus import Variant
from roles.nvidia_driver.settings import Flavour, Source

_GUIDE = "NVIDIA driver installation guide"
_ARCHIVE = "Ubuntu Server documentation, install NVIDIA drivers; Ubuntu archive index"
_DEBIAN = "Debian archive index, bookworm and trixie non-free"

#: The last branch that NVIDIA's Ubuntu repositories have in package names.
LAST_SUFFIXED = 580


@dataclass(frozen=True, slots=True)
class Naming:
    """The packages of one way to install a driver.

    ``roots`` must be of the driver's version, ``module`` builds it with DKMS. With ``prebuilt``
    (then followed by ``-<kernel>``) ``prebuilt_roots`` come instead of ``roots`` and ``module``.
    ``last_branch`` None: no end known. ``pattern`` is the first root, still with its ``{b}``.
    ``also`` are packages that the others need under another name (virtual packages), or before
    they are unpacked: apt would add them, and they must be held too.
    """

    source: Source
    distribution: str
    flavour: Flavour
    variant: Variant
    first_branch: int
    last_branch: int | None
    roots: tuple[str, ...]
    module: str
    reference: str
    prebuilt_roots: tuple[str, ...] = ()
    prebuilt: str | None = None
    pattern: str = ""
    also: tuple[str, ...] = ()

    def holds(self, branch: int) -> bool:
        """Say whether the row is for a branch."""
        return self.first_branch <= branch and (
            self.last_branch is None or branch <= self.last_branch
        )

    def for_branch(self, branch: int) -> Naming:
        """Return the row with the branch filled in."""

        def fill(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(name.format(b=branch) for name in names)

        return Naming(
            self.source,
            self.distribution,
            self.flavour,
            self.variant,
            branch,
            branch,
            fill(self.roots),
            self.module.format(b=branch),
            self.reference,
            fill(self.prebuilt_roots),
            self.prebuilt and self.prebuilt.format(b=branch),
            self.roots[0],
            self.also,
        )

    @property
    def is_server(self) -> bool:
        """Say whether the packages are Ubuntu's ``-server`` ones."""
        return "-server" in self.module


def _ubuntu(flavour: Flavour, variant: Variant) -> Naming:
    server = "" if flavour == "full" else "-server"
    kind = f"{{b}}{server}{'-open' if variant == 'open' else ''}"
    utils = f"nvidia-utils-{{b}}{server}"
    driver: tuple[str, ...] = (f"nvidia-driver-{kind}",)
    prebuilt = driver
    if flavour == "compute":
        driver = (f"nvidia-headless-{kind}", utils)
        prebuilt = (f"nvidia-headless-no-dkms-{kind}", utils)
    return Naming(
        source="ubuntu",
        distribution="ubuntu",
        flavour=flavour,
        variant=variant,
        first_branch=470,
        last_branch=None,
        roots=driver,
        module=f"nvidia-dkms-{kind}",
        reference=_ARCHIVE,
        prebuilt_roots=prebuilt,
        prebuilt=f"linux-modules-nvidia-{kind}",
    )


def _nvidia(
    distribution: str,
    flavour: Flavour,
    variant: Variant,
    branches: tuple[int, int | None],
    roots: tuple[str, ...],
    module: str,
) -> Naming:
    return Naming("nvidia", distribution, flavour, variant, *branches, roots, module, _GUIDE)


_SUFFIXED: tuple[int, int | None] = (515, LAST_SUFFIXED)
_BARE: tuple[int, int | None] = (LAST_SUFFIXED + 1, None)
_ALL: tuple[int, int | None] = (515, None)
_PARTS = ("libnvidia-compute", "nvidia-compute-utils", "nvidia-utils")
_PARTS_SUFFIXED = tuple(f"{name}-{{b}}" for name in _PARTS)
_HEADLESS = ("nvidia-driver-cuda",)

NAMINGS: tuple[Naming, ...] = (
    _ubuntu("full", "open"),
    _ubuntu("full", "proprietary"),
    _ubuntu("server", "open"),
    _ubuntu("server", "proprietary"),
    _ubuntu("compute", "open"),
    _ubuntu("compute", "proprietary"),
    _nvidia("ubuntu", "full", "open", _SUFFIXED, ("nvidia-open-{b}",), "nvidia-dkms-{b}-open"),
    _nvidia("ubuntu", "full", "proprietary", _SUFFIXED, ("cuda-drivers-{b}",), "nvidia-dkms-{b}"),
    _nvidia("ubuntu", "full", "open", _BARE, ("nvidia-open",), "nvidia-dkms-open"),
    _nvidia("ubuntu", "full", "proprietary", _BARE, ("cuda-drivers",), "nvidia-dkms"),
    _nvidia("ubuntu", "compute", "open", _SUFFIXED, _PARTS_SUFFIXED, "nvidia-dkms-{b}-open"),
    _nvidia("ubuntu", "compute", "proprietary", _SUFFIXED, _PARTS_SUFFIXED, "nvidia-dkms-{b}"),
    _nvidia("ubuntu", "compute", "open", _BARE, _PARTS, "nvidia-dkms-open"),
    _nvidia("ubuntu", "compute", "proprietary", _BARE, _PARTS, "nvidia-dkms"),
    _nvidia("debian", "full", "open", _ALL, ("nvidia-open",), "nvidia-kernel-open-dkms"),
    _nvidia("debian", "full", "proprietary", _ALL, ("cuda-drivers",), "nvidia-kernel-dkms"),
    _nvidia("debian", "compute", "open", _ALL, _HEADLESS, "nvidia-kernel-open-dkms"),
    _nvidia("debian", "compute", "proprietary", _ALL, _HEADLESS, "nvidia-kernel-dkms"),
    Naming(
        "debian",
        "debian",
        "full",
        "open",
        515,
        None,
        ("nvidia-driver", "nvidia-smi", "libcuda1"),
        "nvidia-open-kernel-dkms",
        _DEBIAN,
        also=("nvidia-open-kernel-support", "nvidia-legacy-check"),
    ),
    Naming(
        "debian",
        "debian",
        "full",
        "proprietary",
        340,
        None,
        ("nvidia-driver", "nvidia-smi", "libcuda1"),
        "nvidia-kernel-dkms",
        _DEBIAN,
        also=("nvidia-kernel-support", "nvidia-legacy-check"),
    ),
)

#: NVSwitch software, one name of each tuple at exactly the driver's version. NVIDIA's repositories
#: dropped the branch from these names earlier than from the driver's (the index of 2026-07).
FABRIC: tuple[tuple[str, ...], ...] = (
    ("nvidia-fabricmanager-{b}", "nvidia-fabricmanager"),
    ("libnvidia-nscq-{b}", "libnvidia-nscq"),
)
#: Further NVSwitch software, taken at exactly the driver's version where the source has it.
FABRIC_OPTIONAL: tuple[tuple[str, ...], ...] = (
    ("libnvsdm-{b}", "libnvsdm"),
    ("nvidia-imex-{b}", "nvidia-imex"),
)
#: NVLink 5's subnet manager: calendar version, any will do.
SUBNET_MANAGER = "nvlsm"

#: Taken along at the driver's version, where the source has them.
DAEMONS = ("nvidia-persistenced", "nvidia-modprobe")

_OTHER_SOFTWARE = (
    "container|cuda-(?:toolkit|dev|gdb|doc)|cudnn|docker|fs|gds|profiler|visual-profiler|nsight"
    "|opencl-dev|texture|vaapi|cg-"
)
#: The names that belong to a driver, in any source; for ``re.match``. Not: CUDA, containers, GDS.
FAMILY = (
    rf"^(?:nvidia-(?!{_OTHER_SOFTWARE})|libnvidia-(?!container)"
    r"|linux-(?:modules|objects|signatures)-nvidia-[0-9]|cuda-drivers"
    r"|libcuda1$|libcudadebugger1$|libnvcuvid1$|libnvoptix1$|libnvsdm|libxnvctrl"
    r"|lib(?:egl|gles|gles1|gles2|gl1|glx)-nvidia|glx-alternative-nvidia"
    r"|xserver-xorg-video-nvidia|firmware-nvidia|nvlsm$|nvlink5)"
)
_FAMILY = re.compile(FAMILY)

#: Tools with versions of their own: they may stay beside any driver.
TOOLS = (
    "nvidia-settings",
    "nvidia-modprobe",
    "nvidia-persistenced",
    "nvidia-prime",
    "nvidia-xconfig",
    "nvidia-support",
    "nvidia-installer-cleanup",
    "nvidia-alternative",
    "libxnvctrl0",
    "libxnvctrl-dev",
    "glx-alternative-nvidia",
)


def is_driver_package(name: str) -> bool:
    """Say whether a package name belongs to a driver."""
    return bool(_FAMILY.match(name))


def naming_for(
    source: Source, distribution: str, flavour: Flavour, variant: Variant, branch: int
) -> Naming | None:
    """Return the names for one way to install a branch, or None where a source has no such way."""
    wanted = (source, distribution, flavour, variant)
    for row in NAMINGS:
        key = (row.source, row.distribution, row.flavour, row.variant)
        if key == wanted and row.holds(branch):
            return row.for_branch(branch)
    return None
