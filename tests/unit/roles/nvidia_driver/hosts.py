"""Hosts as ``observe`` tells of them: GPUs, kernels, and what each source offers.

Names, versions and dependencies are those of the real repositories as far as a decision reads
them (the facts on NVIDIA's apt repository; the Ubuntu archive's linux-restricted-modules).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from roles.nvidia_driver.change import DriverChange
from roles.nvidia_driver.decision import Change, Decision
from roles.nvidia_driver.observation import (
    Candidate,
    Kernel,
    KernelModule,
    Observation,
    Package,
    PciDevice,
)

RELEASES = {
    "22.04": "5.15.0-140-generic",
    "24.04": "6.8.0-124-generic",
    "26.04": "7.0.0-10-generic",
}
DEBIAN_KERNELS = {"12": "6.1.0-44-amd64", "13": "6.12.60+deb13-amd64"}
NVIDIA_VERSIONS = (
    "570.195.03",
    "575.57.08",
    "580.95.05",
    "580.126.20",
    "580.159.03",
    "590.48.01",
    "595.58.03",
    "595.71.05",
)
UBUNTU_VERSIONS = ("570.211.01", "580.173.02", "580.178.04", "595.84")
DEBIAN_VERSIONS = {"12": "535.309.01", "13": "550.163.01"}

LIBRARIES = ("libnvidia-cfg1", "libnvidia-decode", "libnvidia-gl", "xserver-xorg-video-nvidia")
GIB = 2**30


def gpu(device_id: str, slot: int = 1, class_code: str = "030000") -> PciDevice:
    return PciDevice(f"0000:{slot:02x}:00.0", device_id, class_code)


def flavour_of(release: str) -> str:
    return release.split("-", 2)[2] if release.count("-") > 1 else release.rpartition("-")[2]


def kernel(release: str, *, headers: bool = False, running: bool = True, next_: bool = True):
    return Kernel(release, flavour_of(release), headers, running, next_)


def ubuntu(
    release: str = "24.04",
    *device_ids: str,
    sources: tuple[str, ...] = ("ubuntu", "nvidia"),
    **changes,
) -> Observation:
    """An Ubuntu host without a driver; ``changes`` are fields of the observation."""
    running = RELEASES[release]
    kernels = changes.pop("kernels", (kernel(running),))
    candidates: list[Candidate] = [*headers("Ubuntu", [k.release for k in kernels])]
    if "ubuntu" in sources:
        for version in changes.pop("ubuntu_versions", UBUNTU_VERSIONS):
            for server in ("", "-server"):
                candidates += ubuntu_archive(version, server, release, [k.release for k in kernels])
    if "nvidia" in sources:
        for version in changes.pop("nvidia_versions", NVIDIA_VERSIONS):
            candidates += nvidia_ubuntu(version)
    return _host("ubuntu", release, device_ids, kernels, candidates, changes)


def debian(
    release: str = "12",
    *device_ids: str,
    sources: tuple[str, ...] = ("debian", "nvidia"),
    **changes,
) -> Observation:
    """A Debian host without a driver."""
    kernels = changes.pop("kernels", (kernel(DEBIAN_KERNELS[release]),))
    candidates: list[Candidate] = [*headers("Debian", (k.release for k in kernels))]
    if "debian" in sources:
        candidates += debian_archive(DEBIAN_VERSIONS[release], f"{release}u1")
    if "nvidia" in sources:
        for version in changes.pop("nvidia_versions", NVIDIA_VERSIONS):
            candidates += nvidia_debian(version)
    return _host("debian", release, device_ids, kernels, candidates, changes)


def _host(distribution, release, device_ids, kernels, candidates, changes) -> Observation:
    running = next(k.release for k in kernels if k.is_running)
    upcoming = next(k.release for k in kernels if k.is_next)
    values = {
        "distribution": distribution,
        "release": release,
        "architecture": "amd64",
        "running_kernel": running,
        "next_kernel": upcoming,
        "boot_id": "a",
        "kernels": kernels,
        "gpus": tuple(gpu(d, slot) for slot, d in enumerate(device_ids, 1)),
        "secure_boot": "disabled",
        "candidates": newest_first(candidates),
        "free_bytes": {"/": 100 * GIB, "/boot": GIB, "/var": 100 * GIB},
    }
    return Observation(**(values | changes))


def newest_first(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    def key(c: Candidate):
        return [
            int(n)
            for n in c.version.replace("-", ".").replace("+", ".").split(".")[:5]
            if n.isdigit()
        ]

    return tuple(sorted(candidates, key=key, reverse=True))


def headers(origin: str, releases: Iterable[str]) -> list[Candidate]:
    """The metapackage of each flavour, for the newest kernel of it."""
    newest = {flavour_of(release): release for release in releases}
    return [
        Candidate(
            f"linux-headers-{flavour}",
            "9.9.9-1",
            origin,
            origin,
            "",
            f"linux-headers-{release} (= 9.9.9-1)",
        )
        for flavour, release in newest.items()
    ]


def ubuntu_archive(
    version: str, server: str, release: str, kernels: Iterable[str]
) -> list[Candidate]:
    branch = version.partition(".")[0]
    own = f"{version}-0ubuntu0.{release}.1"
    suffix = f"-{branch}{server}"
    common = (
        f"nvidia-kernel-common{suffix} (<= {version}-1), "
        f"nvidia-kernel-common{suffix} (>= {version})"
    )
    found = []

    def add(name: str, depends: str = "", at: str = own) -> None:
        found.append(Candidate(name, at, "Ubuntu", "Ubuntu", f"{release}-updates", depends))

    add(f"libnvidia-compute{suffix}")
    add(f"nvidia-firmware{suffix}-{version}")
    add(f"nvidia-kernel-common{suffix}", f"nvidia-firmware{suffix}-{version}")
    for name in ("nvidia-utils", "nvidia-compute-utils", *LIBRARIES):
        add(f"{name}{suffix}", f"libnvidia-compute{suffix} (= {own})")
    if server:
        for name in ("nvidia-fabricmanager", "libnvidia-nscq"):
            add(f"{name}-{branch}")
    for kind in ("", "-open"):
        add(f"nvidia-kernel-source{suffix}{kind}")
        add(f"nvidia-dkms{suffix}{kind}", f"nvidia-kernel-source{suffix}{kind}, {common}, dkms")
        base = f"nvidia-kernel-source{suffix}{kind}, {common}, nvidia-compute-utils{suffix}"
        libraries = ", ".join(f"{name}{suffix}" for name in (*LIBRARIES, "nvidia-utils"))
        dkms = f"nvidia-dkms{suffix}{kind} (<= {version}-1), nvidia-dkms{suffix}{kind}"
        add(f"nvidia-driver{suffix}{kind}", f"{dkms}, {base}, {libraries}")
        add(f"nvidia-headless-no-dkms{suffix}{kind}", base)
        add(f"nvidia-headless{suffix}{kind}", f"nvidia-headless-no-dkms{suffix}{kind}, {dkms}")
        for kernel_release in kernels:
            abi = f"{kernel_release.rpartition('-')[0]}.1+{branch}"
            prefix = f"linux-modules-nvidia{suffix}{kind}"
            add(f"{prefix}-{kernel_release}", common, abi)
            meta = f"{prefix}-{kernel_release} (= {abi}), {common}"
            add(f"{prefix}-{flavour_of(kernel_release)}", meta, abi)
            add(f"{prefix}-{flavour_of(kernel_release)}-hwe-{release}", meta, abi)
    return found


def nvidia_ubuntu(version: str) -> list[Candidate]:
    branch = int(version.partition(".")[0])
    own = f"{version}-1ubuntu1"
    suffix = f"-{branch}" if branch <= 580 else ""
    found = []

    def add(name: str, depends: str = "", at: str = own) -> None:
        found.append(Candidate(name, at, "NVIDIA", "NVIDIA CUDA", "", depends))

    def exactly(*names: str) -> str:
        return ", ".join(f"{name} (= {own})" for name in names)

    add(f"libnvidia-compute{suffix}")
    add(f"nvidia-firmware{suffix}" + (f"-{version}" if suffix else ""))
    add(
        f"nvidia-kernel-common{suffix}", f"nvidia-firmware{suffix}{f'-{version}' if suffix else ''}"
    )
    for name in ("nvidia-utils", *LIBRARIES):
        add(f"{name}{suffix}", exactly(f"libnvidia-compute{suffix}"))
    add(
        f"nvidia-compute-utils{suffix}",
        exactly(f"libnvidia-compute{suffix}", "nvidia-persistenced"),
    )
    for kind in ("", "-open"):
        add(f"nvidia-kernel-source{suffix}{kind}")
        add(
            f"nvidia-dkms{suffix}{kind}",
            exactly(f"nvidia-kernel-source{suffix}{kind}", f"nvidia-kernel-common{suffix}"),
        )
        add(
            f"nvidia-driver{suffix}{kind}",
            exactly(
                f"nvidia-dkms{suffix}{kind}",
                f"nvidia-compute-utils{suffix}",
                *(f"{n}{suffix}" for n in (*LIBRARIES, "nvidia-utils")),
            ),
        )
    if suffix:
        driver = f"nvidia-driver-{branch}"
        add(f"nvidia-open-{branch}", f"{driver}-open (>= {version}) | {driver}-server-open")
        add(f"cuda-drivers-{branch}", f"{driver} (>= {version}) | {driver}-server")
    else:
        add("nvidia-open", exactly("nvidia-driver-open"))
        add("cuda-drivers", exactly("nvidia-driver"))
    found += _floating(version, own)
    return found


def nvidia_debian(version: str) -> list[Candidate]:
    own = f"{version}-1"
    found = []

    def add(name: str, *needed: str) -> None:
        depends = ", ".join(needed)
        found.append(Candidate(name, own, "NVIDIA", "NVIDIA CUDA", "", depends))

    for name in (
        "libnvidia-ml1",
        "libcuda1",
        "nvidia-smi",
        "nvidia-kernel-support",
        "xserver-xorg-video-nvidia",
    ):
        add(name)
    add("nvidia-kernel-dkms", "dkms", "nvidia-kernel-support")
    add("nvidia-kernel-open-dkms", "dkms", "nvidia-kernel-support")
    either = f"nvidia-kernel-dkms (= {own}) | nvidia-kernel-open-dkms (= {own})"
    add(
        "nvidia-driver-cuda",
        "libcuda1",
        "nvidia-smi",
        "libnvidia-ml1",
        "nvidia-persistenced",
        either,
    )
    add("nvidia-driver", "xserver-xorg-video-nvidia", "nvidia-driver-cuda", either)
    add("nvidia-open", "nvidia-driver", "nvidia-kernel-open-dkms")
    add("cuda-drivers", "nvidia-driver", "nvidia-kernel-dkms")
    return [*found, *_floating(version, own)]


def _floating(version: str, own: str) -> list[Candidate]:
    branch = int(version.partition(".")[0])
    fabric = f"-{branch}" if branch < 580 else ""
    names = ("nvidia-persistenced", "nvidia-modprobe", "nvidia-settings")
    exact = (f"nvidia-fabricmanager{fabric}", f"libnvidia-nscq{fabric}", f"nvidia-imex{fabric}")
    return [
        *(Candidate(n, own, "NVIDIA", "NVIDIA CUDA") for n in names),
        *(Candidate(n, f"{version}-1", "NVIDIA", "NVIDIA CUDA") for n in exact),
        Candidate("nvlsm", "2026.02.11-1", "NVIDIA", "NVIDIA CUDA"),
        Candidate(f"nvidia-driver-pinning-{branch}", str(branch), "NVIDIA", "NVIDIA CUDA"),
    ]


def debian_archive(version: str, revision: str) -> list[Candidate]:
    own = f"{version}-1~deb{revision}"
    needed = {
        "libcuda1": "libnvidia-ml1",
        "libnvidia-ml1": "",
        "nvidia-smi": "libnvidia-ml1",
        "nvidia-kernel-support": "nvidia-kernel-common (>= 20151021)",
        "nvidia-open-kernel-support": "nvidia-kernel-common (>= 20151021)",
        "nvidia-legacy-check": "",
        "nvidia-kernel-dkms": "dkms, nvidia-kernel-support--v1",
        "nvidia-open-kernel-dkms": "dkms, nvidia-kernel-support--v1",
        "nvidia-driver": "nvidia-driver-libs, nvidia-kernel-dkms | nvidia-open-kernel-dkms",
        "nvidia-driver-libs": "libcuda1",
    }
    found = [Candidate(n, own, "Debian", "Debian", "stable", d) for n, d in needed.items()]
    found.append(Candidate("nvidia-kernel-common", "20220217+3", "Debian", "Debian"))
    found.append(Candidate("nvidia-persistenced", "535.171.04-1", "Debian", "Debian"))
    return found


def package(name: str, version: str, *, held: bool = False, origin: str = "", status: str = "ii"):
    return Package(name, "amd64", version, status, held, origin)


def carried_out(seen: Observation, decision: Decision, *, rebooted: bool = True) -> Observation:
    """The host after a change went well, as ``observe`` would tell of it."""
    assert isinstance(decision, Change), decision
    order = decision.order
    gone = {*order.remove, *(p.name for p in order.install)}
    kept = [p for p in seen.packages if _full(p) not in gone]
    labels = {(c.name, c.version): c.label for c in seen.candidates}
    new = [
        Package(
            p.name.partition(":")[0],
            p.name.partition(":")[2] or "amd64",
            p.version,
            "hi" if p.name in order.hold else "ii",
            p.name in order.hold,
            labels.get((p.name.partition(":")[0], p.version), ""),
        )
        for p in order.install
    ]
    kernels = tuple(replace(k, has_headers=True, module=module_for(k, order)) for k in seen.kernels)
    loaded = order.version if rebooted else seen.loaded_version
    return replace(seen, packages=(*kept, *new), kernels=kernels, loaded_version=loaded)


def module_for(kernel: Kernel, order: DriverChange) -> KernelModule | None:
    names = {p.name for p in order.install}
    if kernel.release not in order.kernels:
        return kernel.module
    prebuilt = [n for n in names if n.startswith("linux-modules-nvidia-")]
    builders = [n for n in names if "dkms" in n and "headless" not in n]
    is_open = any("-open" in n for n in (prebuilt or builders))
    origin = "prebuilt" if prebuilt else "dkms"
    signer = "Canonical Ltd. Kernel Module Signing" if prebuilt else "DKMS module signing key"
    return KernelModule(order.version, f"/lib/modules/{kernel.release}", is_open, signer, origin)


def _full(p: Package) -> str:
    return p.name if p.architecture in ("amd64", "all") else f"{p.name}:{p.architecture}"
