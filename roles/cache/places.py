"""Where things lie on a host that uses a cache."""

from __future__ import annotations

DIRECTORY = "/etc/deeprig/cache"
#: What the two programs below are told; they read it as shell.
TOLD = f"{DIRECTORY}/client.sh"
#: Read by conda after all others (CONDARC), and only by commands that go through the cache.
CONDARC = f"{DIRECTORY}/condarc"
PROGRAMS = "/usr/local/lib/deeprig"
ANSWERS = f"{PROGRAMS}/cache-answers.sh"
FOR_APT = f"{PROGRAMS}/cache-for-apt"
THROUGH_CACHE = f"{PROGRAMS}/through-cache"
APT_CONFIGURATION = "/etc/apt/apt.conf.d/81deeprig-cache"
