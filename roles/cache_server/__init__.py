"""The lab's download cache: one host fetches a file from outside, the others have it from there."""

from deeprig.role import Role
from roles.cache_server.settings import CacheServerSettings
from roles.cache_server.tasks import deploy_cache_server

ROLE = Role(
    name="cache_server",
    settings=CacheServerSettings,
    deploy=deploy_cache_server,
    after=("base", "network", "maintenance"),
)
