"""Which package names belong to the driver, the toolkit and the kernels they are built for."""

from __future__ import annotations

import re

#: Everything of NVIDIA's in Ubuntu's and Debian's archives and in NVIDIA's own repository.
_NVIDIA = (
    r"nvidia-.*",
    r"libnvidia-.*",
    r"libcuda1(-.*)?",
    r"libcudadebugger1",
    r"libnvcuvid1",
    r"libnvoptix1",
    r"libnvsdm.*",
    r"libnvfatbin.*",
    r"libgl1-nvidia-.*",
    r"libgles-nvidia.*",
    r"libglx-nvidia.*",
    r"libegl-nvidia.*",
    r"libxnvctrl.*",
    r"xserver-xorg-video-nvidia.*",
    r"linux-(modules|objects|signatures)-nvidia-.*",
    r"linux-restricted-modules.*",
    r"firmware-nvidia.*",
    r"glx-alternative-.*",
    r"glx-diversions",
    r"update-glx",
    r"cuda",
    r"cuda-.*",
    r"libcudnn\d.*",
    r"cudnn.*",
    r"libnccl.*",
    r"libcublas.*",
    r"nvlink\d.*",
    r"nvlsm",
    r"datacenter-gpu-manager.*",
    r"dkms",
)
_KERNELS = (r"linux-image-.*", r"linux-headers-.*", r"linux-generic.*", r"linux-modules-\d.*")

PACKAGES = "|".join((*_NVIDIA, *_KERNELS))
#: With the headers of single kernels: one that is behind the archive's newest needs its very own.
CANDIDATES = "|".join((*_NVIDIA, r"linux-headers-.*", r"linux-image-[a-z].*"))

#: What carries a kernel's release in its name (there are thousands): modules that Ubuntu prebuilds,
#: and headers (Ubuntu's ``6.8.0-45-generic``, Debian's ``6.12.43+deb13-amd64``).
_OF_ONE_KERNEL = (
    re.compile(r"^linux-(?:modules|objects|signatures)-nvidia-.*?-(\d+\.\d+\.\d+-\d+-.+)$"),
    re.compile(r"^linux-headers-(\d.*)$"),
)


def matcher(expression: str) -> re.Pattern[str]:
    """Return the pattern that a whole package name must match. Raise re.error on a bad one."""
    return re.compile(rf"^(?:{expression})$")


def is_for_other_kernel(name: str, releases: tuple[str, ...]) -> bool:
    """Say whether a package holds modules or headers of a kernel that is not installed."""
    found = (pattern.match(name) for pattern in _OF_ONE_KERNEL)
    return any(match is not None and match[1] not in releases for match in found)
