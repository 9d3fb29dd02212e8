"""What must not be: metapackages that bring a driver, toolkits that the host cannot run.

Pure functions; each returns the reason with what to do, or None.
"""

from __future__ import annotations

from collections.abc import Iterable

from roles.cuda.default_toolkits import Devices, newest_toolkit
from roles.cuda.facts import DefaultToolkit, Simulated
from roles.cuda.packages import is_driver, is_metapackage
from roles.cuda.settings import CudaSettings
from roles.nvidia_driver.cuda_floors import MAJORS, cuda_major
from roles.nvidia_driver.gpus import chips_of
from roles.nvidia_driver.versions import is_at_least, is_driver_version

#: Where NVIDIA's packages put a toolkit, and where the alternatives system keeps its links.
LINK, ALTERNATIVE = "/usr/local/cuda", "/etc/alternatives/cuda"


def metapackages_installed(installed: Iterable[str]) -> str | None:
    """Refuse a host on which somebody installed CUDA together with a driver."""
    found = sorted(name for name in installed if is_metapackage(name))
    if not found:
        return None
    return (
        f"{', '.join(found)} is installed: it depends on a driver of NVIDIA's own choice, and "
        "every upgrade of it would replace this host's. The toolkit needs it not: "
        f"'apt-mark manual' what it brought and you want, then 'apt-get remove {' '.join(found)}'"
    )


def metapackages_declared(packages: Iterable[str]) -> str | None:
    """Refuse an inventory that asks for CUDA together with a driver."""
    found = sorted(name for name in packages if is_metapackage(name))
    if not found:
        return None
    return (
        f"base.packages has {', '.join(found)}, which would bring a driver of NVIDIA's own "
        "choice: take it out, and declare cuda.toolkits"
    )


def driver_too_old(settings: CudaSettings, driver: str) -> str | None:
    """Refuse toolkits whose programs this driver does not run. "" is no driver: no answer."""
    if not is_driver_version(driver):
        return None
    for series in settings.series:
        row = cuda_major(int(series.split(".")[0]))
        if row is None:
            known = ", ".join(str(major.major) for major in MAJORS)
            return f"CUDA {series} is unknown here; known are the versions {known}"
        if not is_at_least(driver, row.floor):
            return (
                f"toolkit {series} needs driver {row.floor} or newer, and this host has {driver} "
                f"({row.source}): update the driver first, or declare an older toolkit"
            )
    return None


def gpus_too_old(settings: CudaSettings, devices: Devices) -> str | None:
    """Refuse toolkits that no longer build for a GPU of this host. An unknown GPU counts not."""
    for address, device_id in devices:
        chips = chips_of(device_id)
        for series in settings.series:
            row = cuda_major(int(series.split(".")[0]))
            if row and chips.is_known and chips.compute_capability < row.lowest_capability:
                capability, lowest = chips.compute_capability, row.lowest_capability
                return (
                    f"toolkit {series} builds for compute capability {lowest[0]}.{lowest[1]} and "
                    f"later; the {chips.generation} GPU at {address} has "
                    f"{capability[0]}.{capability[1]} ({row.source}): {_instead(devices)}"
                )
    return None


def _instead(devices: Devices) -> str:
    """Return what to declare for the GPUs of a host."""
    newest = newest_toolkit(devices)
    if newest is None:
        return "no toolkit builds for the GPUs of this host; take the role cuda from it"
    return f"declare toolkit {newest} or older (cuda.toolkits)"


def touches_driver(simulated: Simulated, *, may_add: bool = False) -> str | None:
    """Refuse a transaction that would install, change or remove any part of the driver.

    ``may_add``: parts that were not there in any version may come.
    """
    harmless = simulated.added if may_add else ()
    installs = [f"{n} {v}" for n, v in simulated.installs if is_driver(n) and n not in harmless]
    removes = [name for name in simulated.removes if is_driver(name)]
    if not installs and not removes:
        return None
    told = [f"install {', '.join(installs)}"] if installs else []
    told += [f"remove {', '.join(removes)}"] if removes else []
    return (
        f"apt would {' and '.join(told)} along with CUDA. The driver is changed by role "
        "nvidia_driver alone, as a transaction: see which package asks for it with "
        "'apt-get -s install', and declare another version"
    )


def no_room_for_link(seen: DefaultToolkit) -> str | None:
    """Refuse where a directory is in the way of the link, as old run-file installers left it."""
    if seen.link != "":
        return None
    return (
        f"{LINK} is a directory and no link, so no toolkit can be made the default: an installer "
        "of another kind left it there; move it away (such as to /usr/local/cuda.old)"
    )
