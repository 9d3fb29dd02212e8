"""What must be so on a host before its driver is touched, whatever the driver."""

from __future__ import annotations

from roles.nvidia_driver.change import DriverChange
from roles.nvidia_driver.installed import core_packages, driver_packages
from roles.nvidia_driver.naming import Naming
from roles.nvidia_driver.observation import Holder, Observation
from roles.nvidia_driver.refusal import refuse

_GIB = 2**30
#: What a change writes at each place, with reserve: packages of old and new driver (0.5 GiB each),
#: 1.2 GiB unpacked, DKMS's build tree and its modules, one initramfs for each kernel.
FLOORS_BYTES: dict[str, int] = {
    "/": 3 * _GIB,
    "/usr": 2 * _GIB,
    "/var": 2 * _GIB,
    "/var/cache/apt/archives": 1 * _GIB,
    "/var/lib/deeprig": 1 * _GIB,
    "/boot": _GIB // 8,
}
#: Daemons of the driver itself: they are stopped and started with it, and are nobody's work.
OWN_DAEMONS = ("nvidia-persistenced", "nv-fabricmanager")


def check_host(seen: Observation, order: DriverChange) -> None:
    """Refuse a host whose dpkg, disk or unpackaged driver would leave a change half done."""
    _check_unpackaged(seen)
    if seen.is_dpkg_interrupted and seen.transaction is None:
        half = sorted(p.name for p in driver_packages(seen) if not p.is_installed)
        raise refuse(
            "dpkg-interrupted",
            "dpkg was interrupted on this host, by something other than deeprig",
            (f"half installed: {', '.join(half) or 'packages that are not the driver'}",),
            "Run 'dpkg --configure -a' and 'apt-get -f install' on the host, then deeprig again.",
        )
    lacking = tuple(
        f"{place}: {free / _GIB:.1f} GiB free, {FLOORS_BYTES[place] / _GIB:.1f} GiB needed"
        for place, free in sorted(seen.free_bytes.items())
        if free < FLOORS_BYTES.get(place, 0)
    )
    if order.install and lacking:
        raise refuse(
            "disk-full",
            "there is not enough room for a driver change",
            lacking,
            "Make room: 'apt-get clean', old kernels ('apt-get autoremove'), logs.",
        )


def _check_unpackaged(seen: Observation) -> None:
    """Refuse beside a driver that no package has: its libraries would stay, and win or lose."""
    modules = [(k.release, k.module) for k in seen.kernels if k.module is not None]
    if not modules or driver_packages(seen) or seen.transaction is not None:
        return
    raise refuse(
        "not-packaged",
        "a driver is installed on this host that no package has (NVIDIA's .run file leaves such)",
        tuple(f"kernel {release}: {module.path} {module.version}" for release, module in modules),
        "Remove it: 'sudo nvidia-uninstall', or 'sudo dkms remove nvidia/VERSION --all' where only "
        "its module is left; then run deeprig again.",
    )


def check_holds(seen: Observation, naming: Naming) -> None:
    """Refuse to move packages that somebody else holds.

    deeprig holds the driver's metapackages, its library and its module together, and lifts that
    itself: anything less is not its work.
    """
    held = [p for p in driver_packages(seen) if p.is_held]
    own = core_packages(seen, naming)
    if not held or (own and all(p.is_held for p in own)):
        return
    names = " ".join(sorted(p.name for p in held))
    raise refuse(
        "foreign-hold",
        "somebody holds packages of the driver (apt-mark hold)",
        tuple(f"held: {p.name} {p.version}" for p in held),
        f"If that is no longer wanted: 'sudo apt-mark unhold {names}'.",
    )


def busy_notes(seen: Observation) -> tuple[str, ...]:
    """Return who uses the GPUs now: the change waits for them, or is put off."""
    return tuple(_told(holder) for holder in seen.holders if not _is_own_daemon(holder))


def _is_own_daemon(holder: Holder) -> bool:
    program = holder.command.split(" ", 1)[0].rpartition("/")[2]
    return program in OWN_DAEMONS


def _told(holder: Holder) -> str:
    where = f" in container {holder.container}" if holder.container else ""
    hours, minutes = divmod(holder.age_seconds // 60, 60)
    return (
        f"in use: {holder.device} by {holder.command} (pid {holder.pid}, user {holder.user}, "
        f"since {hours} h {minutes} min){where}"
    )
