"""What the host told about its kernels, GPUs, driver packages and apt: the decision's only input.

The host's side of it is ``host/deeprig_host/driver`` (``observe``), which prints one JSON document
``deeprig.driver.observation/1``. It is parsed here once; nothing after this sees raw JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

SCHEMA = "deeprig.driver.observation/1"


@dataclass(frozen=True, slots=True)
class KernelModule:
    """An ``nvidia.ko`` that modprobe would find for a kernel.

    ``is_open`` says by the module's licence whether it is the open one (``Dual MIT/GPL``).
    ``signer`` is modinfo's, None for an unsigned module. ``origin`` is ``dkms`` or ``prebuilt``.
    """

    version: str
    path: str
    is_open: bool
    signer: str | None
    origin: str


@dataclass(frozen=True, slots=True)
class Kernel:
    """An installed kernel (it has a ``/boot/vmlinuz-<release>``)."""

    release: str
    flavour: str
    has_headers: bool
    is_running: bool
    is_next: bool
    module: KernelModule | None = None


@dataclass(frozen=True, slots=True)
class PciDevice:
    """A device of vendor 10de. ``device_id`` and ``class_code`` are lower-case hex, no ``0x``."""

    address: str
    device_id: str
    class_code: str


@dataclass(frozen=True, slots=True)
class Package:
    """An installed (or half installed) package. ``status`` is dpkg's abbreviation, such as ``ii``.

    ``origin`` is the label of the repository that offers this very version now; "" for none.
    """

    name: str
    architecture: str
    version: str
    status: str
    is_held: bool = False
    origin: str = ""

    @property
    def is_installed(self) -> bool:
        """Say whether the package is completely installed."""
        return self.status[1:2] == "i" and self.status[2:3] in ("", " ")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that apt could install now.

    ``origin`` and ``label`` are the repository's Release fields (``Ubuntu``, ``NVIDIA CUDA``),
    ``suite`` its suite. ``depends`` is the control field, for transitional packages.
    """

    name: str
    version: str
    origin: str
    label: str
    suite: str = ""
    depends: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a GPU device file open."""

    pid: int
    user: str
    command: str
    age_seconds: int
    device: str
    container: str | None = None


SecureBoot = Literal["enabled", "disabled", "unsupported", "unknown"]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The machine-owner key DKMS signs with. ``is_enrolled`` is None where nobody can tell."""

    path: str
    is_enrolled: bool | None


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A driver change that an earlier run began and did not end.

    ``phase``: recorded, fetched, swapping, swapped, restoring, restored. ``wanted`` and
    ``recorded`` are driver versions; "" is no driver.
    """

    id: str
    phase: str
    wanted: str
    recorded: str
    started: str
    boot_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at a host. Versions are upstream driver versions (``580.126.20``)."""

    distribution: str
    release: str
    architecture: str
    running_kernel: str
    next_kernel: str
    boot_id: str
    kernels: tuple[Kernel, ...] = ()
    gpus: tuple[PciDevice, ...] = ()
    nvswitches: tuple[str, ...] = ()
    secure_boot: SecureBoot = "unknown"
    signing_key: SigningKey | None = None
    loaded_version: str | None = None
    loaded_is_open: bool | None = None
    is_nouveau_loaded: bool = False
    nvml_version: str | None = None
    nvml_error: str | None = None
    smi_version: str | None = None
    smi_error: str | None = None
    packages: tuple[Package, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    holders: tuple[Holder, ...] = ()
    is_dpkg_interrupted: bool = False
    apt_lock_holder: str | None = None
    free_bytes: dict[str, int] = field(default_factory=dict)
    transaction: OpenTransaction | None = None
    simulated: str | None = None

    def installed(self, name: str) -> Package | None:
        """Return an installed package by name, of the host's own or any architecture."""
        return next((p for p in self.packages if p.name == name and p.is_installed), None)

    def versions_of(self, name: str) -> tuple[Candidate, ...]:
        """Return what apt could install under a name, in apt's order (newest first)."""
        return tuple(c for c in self.candidates if c.name == name)


def decode(document: dict[str, Any]) -> Observation:
    """Return the observation of a document. Raise ValueError, naming the field, on a surprise."""
    if document.get("schema") != SCHEMA:
        raise ValueError(f"schema is {document.get('schema')!r}, wanted {SCHEMA!r}")
    values = {k: v for k, v in document.items() if k != "schema"}
    try:
        values["kernels"] = tuple(_kernel(k) for k in values.get("kernels", ()))
        values["gpus"] = tuple(PciDevice(**d) for d in values.get("gpus", ()))
        values["nvswitches"] = tuple(values.get("nvswitches", ()))
        values["packages"] = tuple(Package(**p) for p in values.get("packages", ()))
        values["candidates"] = tuple(Candidate(**c) for c in values.get("candidates", ()))
        values["holders"] = tuple(Holder(**h) for h in values.get("holders", ()))
        for name, kind in (("signing_key", SigningKey), ("transaction", OpenTransaction)):
            if values.get(name) is not None:
                values[name] = kind(**values[name])
        return Observation(**values)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(str(error)) from error


def _kernel(values: dict[str, Any]) -> Kernel:
    module = values.get("module")
    return Kernel(**(values | {"module": KernelModule(**module) if module else None}))
