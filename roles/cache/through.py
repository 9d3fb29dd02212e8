"""Have another role's command go through the cache, where the host uses one."""

from __future__ import annotations

from typing import Any

from deeprig.role import RoleContext
from roles.cache.places import THROUGH_CACHE
from roles.cache.settings import CacheSettings

#: Where an earlier run was cut, or narrowed to other roles, the program is not there yet.
_IF_THERE = f'if [ -x {THROUGH_CACHE} ]; then exec {THROUGH_CACHE} "$@"; fi; exec "$@"'


def through_cache(context: RoleContext[Any]) -> tuple[str, ...]:
    """Return the words that stand before a command of this host; none where it uses no cache."""
    settings = context.settings_of.get("cache")
    uses = isinstance(settings, CacheSettings) and settings.server is not None
    if not uses or (context.roles and "cache" not in context.roles):
        return ()
    return ("sh", "-c", _IF_THERE, "through-cache")
