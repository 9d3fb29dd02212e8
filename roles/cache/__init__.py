"""Have downloads from the lab's cache, and from their source while it does not answer."""

from deeprig.role import Role
from roles.cache.across import problems_between
from roles.cache.settings import CacheSettings
from roles.cache.tasks import deploy_cache

# No role comes before it: all that they download should come through the cache.
ROLE = Role(
    name="cache",
    settings=CacheSettings,
    deploy=deploy_cache,
    across_roles=problems_between,
)
