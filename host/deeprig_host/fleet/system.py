"""The operating system, the kernel that runs, and whether the clock is kept right."""

from __future__ import annotations

import ctypes
import os
import shlex

from deeprig_host.fleet.order import Order
from deeprig_host.fleet.told import Page

_RELEASE = ("PRETTY_NAME", "ID", "VERSION_ID", "VERSION_CODENAME")
#: Words of the kernel's command line that name this machine's own disks.
_OWN_WORDS = ("root=", "BOOT_IMAGE=", "initrd=", "resume=", "rd.luks.uuid=", "cryptdevice=")
#: adjtimex(2): returned where the clock is not synchronised; the size is above struct timex's.
_TIME_ERROR, _TIMEX_BYTES = 5, 512


def os_release(page: Page, order: Order) -> None:
    """Tell the release, the architecture, the time zone and the locale."""
    text = page.text("/etc/os-release")
    if text is None:
        page.lack("release", "there is no /etc/os-release")
    told = dict(_assignments(text or ""))
    for key in _RELEASE:
        if key in told:
            page.say(key.lower().replace("_", " "), told[key])
    page.say("architecture", os.uname().machine)
    page.say("time zone", _time_zone(page))
    locale = dict(_assignments(page.text("/etc/default/locale") or ""))
    if "LANG" in locale:
        page.say("locale", locale["LANG"])


def kernel(page: Page, order: Order) -> None:
    """Tell the kernel that runs, its command line, and that of its modules GPUs need."""
    page.say("release", os.uname().release)
    page.say("build", os.uname().version)
    words = (page.text("/proc/cmdline") or "").split()
    page.say("command line", " ".join(w for w in words if not w.startswith(_OWN_WORDS)))
    for name in ("nvidia", "nvidia_uvm", "nouveau"):
        page.say(f"module {name}", _module(page, name))
    page.say_file("taint", "/proc/sys/kernel/tainted")
    for name in _blacklist(page):
        page.say(f"blacklist {name}", "yes")


def clock(page: Page, order: Order) -> None:
    """Tell whether something keeps the clock right. How wrong it is, the controller sees."""
    if page.text("/run/systemd/container") is not None:
        page.skip("a container has the clock of its machine")
        return
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state < 0:
        page.lack("synchronised", f"adjtimex: {os.strerror(ctypes.get_errno())}")
    else:
        page.say("synchronised", "no" if state == _TIME_ERROR else "yes")


def _assignments(text: str) -> list[tuple[str, str]]:
    """Return the assignments of a file of shell variables (os-release(5))."""
    found = []
    for line in text.splitlines():
        name, is_given, value = line.partition("=")
        if is_given and not name.startswith("#"):
            found.append((name.strip(), " ".join(shlex.split(value))))
    return found


def _time_zone(page: Page) -> str:
    path = page.machine.path("/etc/localtime")
    if path.is_symlink():
        return str(path.readlink()).rpartition("zoneinfo/")[2]
    return page.text("/etc/timezone") or "UTC"


def _module(page: Page, name: str) -> str:
    if not page.machine.path(f"/sys/module/{name}").is_dir():
        return "not loaded"
    return page.text(f"/sys/module/{name}/version") or "loaded"


def _blacklist(page: Page) -> list[str]:
    found: set[str] = set()
    for directory in ("/etc/modprobe.d", "/usr/lib/modprobe.d", "/run/modprobe.d"):
        for name in page.names(directory):
            words = [li.split() for li in (page.text(f"{directory}/{name}") or "").splitlines()]
            found.update(line[1] for line in words if len(line) > 1 and line[0] == "blacklist")
    return sorted(found)
