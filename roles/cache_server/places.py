"""Where things lie on a cache, and what runs it."""

from __future__ import annotations

DIRECTORY = "/etc/deeprig/cache_server"
WEB_CONFIGURATION = f"{DIRECTORY}/nginx.conf"
WAY_OUT = f"{DIRECTORY}/way-out.json"
CERTIFICATE, TLS_KEY = f"{DIRECTORY}/tls.crt", f"{DIRECTORY}/tls.key"
UNIT_DIRECTORY = "/etc/systemd/system"
WEB_SERVICE, OUT_SERVICE = "deeprig-cache.service", "deeprig-cache-out.service"
#: Both services run as this user, which owns nothing but the cached files.
USER = "deeprig-cache"
LOG_DIRECTORY = "/var/log/deeprig-cache"
#: One line of JSON for each answer: who asked, what, and how many bytes came from outside for it.
LOG_FILE = f"{LOG_DIRECTORY}/access.log"
ROTATION = "/etc/logrotate.d/deeprig-cache"
#: Answered by the cache itself with 204; nothing of an upstream is at this path.
ALIVE = "/deeprig-cache/alive"
