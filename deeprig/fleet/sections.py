"""The sections of a host's state: their names, and what is in each."""

from __future__ import annotations

SECTIONS: dict[str, str] = {
    "os": "release, architecture, time zone, locale",
    "kernel": "release, command line, NVIDIA's modules, blacklist",
    "driver": "loaded driver, its library and parameters, firmware of the cards",
    "cuda": "toolkits, and which one is /usr/local/cuda",
    "packages": "every package with its version and hold, snaps",
    "environments": "conda environments: digest, then each package",
    "units": "services, timers, sockets: enabled, running, failed",
    "sysctl": "kernel settings that a file names, and some that matter anyway",
    "limits": "limits of logins and services",
    "files": "owner, mode and digest of files that decide behaviour",
    "accounts": "users, groups, who may log in with which keys",
    "hardware": "models, sizes, firmware and its settings",
    "clock": "offset from the controller, and whether it is kept right",
}
