"""Base images: a stock minimal Debian server per release, made once and cached."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deeprig.errors import UsageProblem
from deeprig.lab import cgroups
from deeprig.lab.commands import run
from deeprig.lab.state import LOGIN_USER

#: lab's name of an operating system to the release that mmdebstrap makes.
RELEASES: dict[str, str] = {"debian12": "bookworm", "debian13": "trixie"}
#: What a stock server has; nothing of deeprig's.
_PACKAGES = (
    *("systemd", "systemd-sysv", "udev", "dbus", "openssh-server", "sudo", "cron", "python3"),
    *("iproute2", "ca-certificates", "apt-utils", "less"),
)
_CUSTOMIZE = rf"""set -e
useradd --root "$1" -m -s /bin/bash {LOGIN_USER}
echo '{LOGIN_USER} ALL=(ALL:ALL) NOPASSWD: ALL' > "$1/etc/sudoers.d/lab"
chmod 440 "$1/etc/sudoers.d/lab"
printf 'UseDNS no\nMaxStartups 100:30:200\nMaxSessions 100\n' > "$1/etc/ssh/sshd_config.d/lab.conf"
rm -f "$1"/etc/ssh/ssh_host_*
: > "$1/etc/machine-id"
: > "$1/etc/resolv.conf"
chroot "$1" systemctl enable systemd-networkd ssh >/dev/null 2>&1
chroot "$1" systemctl mask systemd-networkd-wait-online.service >/dev/null 2>&1
"""


@dataclass(frozen=True, slots=True)
class Image:
    """A base image in the cache. ``was_cached`` says that nothing had to be made."""

    path: Path
    was_cached: bool


def cache_directory() -> Path:
    """Return where images are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base, "deeprig", "images")


def image_of(
    os_name: str, lab_id: str, mirror: str | None = None, cache: Path | None = None
) -> Image:
    """Return the image of an operating system, making it when the cache has none.

    What is made for a lab carries the lab's id in its directory's and its cgroup's name, so that
    ``down`` finds it when ``up`` was killed meanwhile. ``mirror`` replaces mmdebstrap's own.
    """
    release = RELEASES.get(os_name)
    if release is None:
        raise UsageProblem(
            f"there is no image {os_name!r}", place="--os", remedy=f"one of: {', '.join(RELEASES)}"
        )
    apt_options = _date_checks()
    recipe = "\n".join((release, mirror or "", *_PACKAGES, _CUSTOMIZE, *apt_options))
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    directory = cache or cache_directory()
    target = directory / f"{os_name}-{digest}"
    if target.is_dir():
        return Image(target, was_cached=True)
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=_making(lab_id)) as making:
        Path(making).chmod(0o755)
        root = Path(making, "root")
        _make(release, root, apt_options, mirror, cgroups.create(f"{lab_id}.image"))
        if not target.is_dir():  # another lab may have made the same one meanwhile
            root.rename(target)
    return Image(target, was_cached=False)


def remove_unfinished(lab_id: str, cache: Path | None = None) -> None:
    """Remove what a killed ``up`` of this lab left half made in the cache."""
    for left in (cache or cache_directory()).glob(f"{_making(lab_id)}*"):
        shutil.rmtree(left)


def _making(lab_id: str) -> str:
    return f"making-{lab_id}-"


def _make(
    release: str, root: Path, apt_options: tuple[str, ...], mirror: str | None, cgroup: Path
) -> None:
    lines = "".join(f"{line}\\n" for line in apt_options)
    keep = f"printf '{lines}' > \"$1/etc/apt/apt.conf.d/99dates\"" if apt_options else "true"
    command = (
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        f"--include={','.join(_PACKAGES)}",
        *(f"--aptopt={line.rstrip(';')}" for line in apt_options),
        f"--customize-hook={_CUSTOMIZE}",
        f"--customize-hook={keep}",
        release,
        str(root),
        *([mirror] if mirror else []),
    )
    # In the lab's cgroup, with mounts of its own: a killed `up` leaves nothing that lives on.
    entering = 'echo $$ > "$0" && exec unshare --mount --propagation private "$@"'
    procs = str(cgroup / "cgroup.procs")
    run(("sh", "-c", entering, procs, *command), what=f"making the {release} image")


def _date_checks() -> tuple[str, ...]:
    """Return the controller's apt settings on dates: a frozen mirror is out of date by design."""
    dump = run(("apt-config", "dump"), what="reading apt's configuration")
    wanted = ("Acquire::Check-Valid-Until", "Acquire::Check-Date")
    return tuple(line for line in dump.splitlines() if line.startswith(wanted))
