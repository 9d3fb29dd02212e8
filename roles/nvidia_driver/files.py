"""The configuration files that belong to a driver change and are put back with it."""

from __future__ import annotations

from deeprig.tasks.nvidia_repository import LABEL
from roles.nvidia_driver.change import ManagedFile
from roles.nvidia_driver.settings import NvidiaDriverSettings, Source

MODPROBE = "/etc/modprobe.d/deeprig-nvidia.conf"
UNATTENDED = "/etc/apt/apt.conf.d/52deeprig-nvidia-unattended"
#: apt takes the first record that names a package (apt_preferences(5)), and reads files in the
#: order of their names: ours come before cuda-repository-pin-600.
PREFERENCES = "/etc/apt/preferences.d/00-deeprig-nvidia-driver"

_MANAGED = "Managed by deeprig (role nvidia_driver); changes are overwritten."

#: glob(7) patterns of the driver's names, for apt_preferences(5).
DRIVER_GLOBS = (
    "cuda-drivers*",
    "firmware-nvidia-*",
    "libcuda1",
    "libcudadebugger1",
    "libegl-nvidia0",
    "libgl1-nvidia-*",
    "libgles-nvidia*",
    "libglx-nvidia0",
    "libnvcuvid1",
    "libnvidia-*",
    "libnvoptix1",
    "libnvsdm*",
    "libxnvctrl*",
    "linux-modules-nvidia-*",
    "nvidia-alternative",
    "nvidia-compute-utils*",
    "nvidia-dkms*",
    "nvidia-driver*",
    "nvidia-egl-*",
    "nvidia-fabricmanager*",
    "nvidia-firmware*",
    "nvidia-headless-*",
    "nvidia-imex*",
    "nvidia-kernel-*",
    "nvidia-legacy-check",
    "nvidia-modprobe",
    "nvidia-open*",
    "nvidia-opencl-icd",
    "nvidia-persistenced",
    "nvidia-settings",
    "nvidia-smi",
    "nvidia-suspend-common",
    "nvidia-utils*",
    "nvidia-vdpau-driver",
    "nvidia-vulkan-icd",
    "nvidia-xconfig",
    "xserver-xorg-video-nvidia*",
)
#: Python regular expressions that unattended-upgrades matches from a name's start. Prebuilt
#: modules are not among them: those of a new kernel must come with it, and their dependency on
#: the held driver's exact version keeps any other out.
UNATTENDED_PATTERNS = (
    "cuda-drivers",
    "firmware-nvidia-",
    "libcuda1$",
    "libcudadebugger1$",
    "libegl-nvidia",
    "libgl1-nvidia",
    "libgles-nvidia",
    "libglx-nvidia",
    "libnvcuvid1$",
    "libnvidia-(?!container)",
    "libnvoptix1$",
    "libnvsdm",
    "libxnvctrl",
    "nvidia-(?!container|cuda-|cudnn|docker)",
    "xserver-xorg-video-nvidia",
)


def managed_files(
    settings: NvidiaDriverSettings, source: Source, version: str
) -> tuple[ManagedFile, ...]:
    """Return the files for a driver version from a source."""
    return (
        ManagedFile(MODPROBE, modprobe_text(settings)),
        ManagedFile(UNATTENDED, unattended_text() if settings.hold else None),
        ManagedFile(PREFERENCES, preferences_text(source, version)),
    )


def modprobe_text(settings: NvidiaDriverSettings) -> str:
    """Return the configuration that keeps nouveau away and sets the module's options."""
    lines = [f"# {_MANAGED}", "blacklist nouveau", "options nouveau modeset=0"]
    options = " ".join(f"{name}={value}" for name, value in sorted(settings.module_options.items()))
    if options:
        lines.append(f"options nvidia {options}")
    return "\n".join(lines) + "\n"


def unattended_text() -> str:
    """Return the list of packages that unattended-upgrades leaves alone."""
    patterns = "\n".join(f'    "{pattern}";' for pattern in UNATTENDED_PATTERNS)
    return f"// {_MANAGED}\nUnattended-Upgrade::Package-Blacklist {{\n{patterns}\n}};\n"


def preferences_text(source: Source, version: str) -> str:
    """Return the preferences that keep the driver at its source.

    For NVIDIA's repository that is this very version, also against a newer one (priority above
    1000: going back is allowed); it stands for NVIDIA's nvidia-driver-pinning packages, which can
    only be one at a time and must be installed before apt looks. For an archive, NVIDIA's
    repository (which its keyring package gives 600) comes after the archive's 500.
    """
    names = " ".join(DRIVER_GLOBS)
    head = f"# {_MANAGED}\nPackage: {names}\n"
    if source == "nvidia":
        # Fabric manager and others have the revision of their own: any revision will do.
        return head + f"Pin: version {version}-*\nPin-Priority: 1001\n"
    return head + f"Pin: release l={LABEL}\nPin-Priority: 400\n"
