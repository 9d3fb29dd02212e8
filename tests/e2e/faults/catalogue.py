"""Every fault that the suite makes, and the seeds of those that are drawn."""

from __future__ import annotations

from tests.e2e.faults.cut_points import CutPoint

#: Seeds of the power cuts.
SEEDS = tuple(range(1, 21))
_MIRROR = (
    *("mirror down", "mirror slow", "mirror truncates the index", "mirror truncates packages"),
    *("wrong checksum of the index", "wrong checksum of a package", "DNS gone"),
    *("package missing on the mirror", "signature expired (Valid-Until)"),
    *("signature expired (key)", "signed by a stranger"),
)
_DISK = (
    *("disk full: /", "disk full: /boot", "disk full: /var"),
    *("inodes used up: /", "inodes used up: /boot", "inodes used up: /var"),
    *("read-only: /usr", "read-only: /etc", "read-only: /var", "/tmp noexec"),
)
_HOST = (
    "clock a year behind (simulated by libfaketime)",
    "clock a year ahead (simulated by libfaketime)",
    "sudo needs a password, none given",
    "another Python that lacks modules",
    "no Python",
)
_ROLES = ("base", "network", "nvidia_driver", "cuda", "conda", "maintenance")
_CUTS = (
    *(f"SSH cut as {role} begins" for role in _ROLES),
    "SSH cut inside an apt transaction",
    *(
        f"controller ended by {name} inside an apt transaction"
        for name in ("SIGKILL", "SIGTERM", "SIGINT")
    ),
    *("dpkg lock held", "two controllers at once"),
    "virtual machine reset inside an apt transaction",
)
#: Fault and seed; the seed is empty where nothing is drawn.
FAULTS: tuple[tuple[str, str], ...] = (
    *((fault, "") for fault in (*_MIRROR, *_DISK, *_HOST, *_CUTS)),
    *((f"power cut: {CutPoint.of(seed).told}", str(seed)) for seed in SEEDS),
)
