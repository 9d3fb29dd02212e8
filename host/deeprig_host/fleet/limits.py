"""Kernel settings (sysctl) that somebody set on purpose, and limits of logins and services."""

from __future__ import annotations

from deeprig_host.fleet.order import Order
from deeprig_host.fleet.told import Page

#: Where sysctl.d(5) settings lie.
_SYSCTL = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/lib/sysctl.d")
#: Told of every machine, also where no file names them: a key is compared on all hosts or none.
_ALWAYS = (
    *("fs.file-max", "fs.inotify.max_user_instances", "fs.inotify.max_user_watches"),
    *("kernel.numa_balancing", "kernel.perf_event_paranoid", "kernel.shmmax", "kernel.sysrq"),
    *("net.core.rmem_max", "net.core.wmem_max", "net.ipv4.ip_forward", "net.ipv4.tcp_rmem"),
    *("net.ipv4.tcp_congestion_control", "vm.dirty_ratio", "vm.max_map_count", "vm.nr_hugepages"),
    *("vm.overcommit_memory", "vm.swappiness", "vm.zone_reclaim_mode"),
)
_LIMITS = "/etc/security/limits.conf"
_LIMITS_DIRECTORY = "/etc/security/limits.d"
#: Lines of /proc/PID/limits; the others follow from the size of the memory.
_OF_SERVICES = ("Max open files", "Max locked memory", "Max core file size", "Max stack size")


def sysctl(page: Page, order: Order) -> None:
    """Tell the kernel's present value of every setting that a file of this machine names."""
    named = set(_ALWAYS)
    for directory in _SYSCTL:
        for name in page.names(directory):
            if name.endswith(".conf"):
                named.update(_keys(page.text(f"{directory}/{name}") or ""))
    named.update(_keys(page.text("/etc/sysctl.conf") or ""))
    for key in sorted(named):
        page.say_file(key, f"/proc/sys/{key.replace('.', '/')}")


def limits(page: Page, order: Order) -> None:
    """Tell pam_limits' settings by domain, kind and item, and what services start with."""
    texts = [page.text(_LIMITS)]
    texts += [
        page.text(f"{_LIMITS_DIRECTORY}/{name}")
        for name in page.names(_LIMITS_DIRECTORY)
        if name.endswith(".conf")
    ]
    for line in (line for text in texts if text for line in text.splitlines()):
        words = line.partition("#")[0].split()
        if len(words) == 4:
            page.say(" ".join(words[:3]), words[3])
    for line in (page.text("/proc/1/limits") or "").splitlines():
        for name in _OF_SERVICES:
            if line.startswith(name):
                page.say(f"services: {name.lower()}", line.removeprefix(name))


def _keys(text: str) -> set[str]:
    """Return the keys of a sysctl.d file, written with dots; patterns name none by themselves."""
    found = set()
    for line in text.splitlines():
        key, is_given, _ = line.strip().removeprefix("-").partition("=")
        key = key.strip()
        if is_given and key and key[0] not in "#;" and not set("*?[") & set(key):
            first = next((letter for letter in key if letter in "./"), ".")
            # With a slash first, dots belong to names: net/ipv4/conf/eth0.5/forwarding.
            if first == "." or "." not in key:
                found.add(key.replace("/", "."))
    return found
