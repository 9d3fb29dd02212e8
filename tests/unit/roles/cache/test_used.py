"""What a client is told: what goes through the cache, and what must not go there."""

from deeprig.role import NetworkAccess
from roles.cache.places import THROUGH_CACHE
from roles.cache.settings import CacheSettings
from roles.cache.through import through_cache
from roles.cache.used import UsedCache, told_to_conda
from tests.unit.roles.cache.declared_caches import settings, used, with_tls


class Context:
    """What ``through_cache`` reads of a role's context."""

    def __init__(self, server, roles=()):
        self.settings_of = {"cache": CacheSettings(server=server)}
        self.roles = roles


def ways(found):
    return {detour.source: (detour.target, detour.what) for detour in found.detours}


def test_without_tls_only_what_verifies_itself_goes_through():
    found = used()
    assert ways(found) == {
        "https://index.example/simple": ("http://192.0.2.5:3142/index", "verified"),
        "https://files.example": ("http://192.0.2.5:3142/wheels", "verified"),
        "https://channels.example": ("http://192.0.2.5:3142/channels", "verified"),
        # It came over plain http before.
        "http://lab.example:8000/dist": ("http://192.0.2.5:3142/lab", "all"),
    }
    assert (found.index_url, found.alias) == (None, None)


def test_with_tls_everything_goes_through_it():
    found = used(with_tls(settings()))
    assert {what for _, what in ways(found).values()} == {"all"}
    assert found.index_url == "https://192.0.2.5:3143/index"
    assert found.alias == "https://192.0.2.5:3143/channels"
    # apt has its signatures, and speaks plain http to proxies.
    assert found.proxy == "http://192.0.2.5:3142"


def test_condas_alias_is_led_where_the_cache_has_it():
    assert used(channel_alias="http://lab.example:8000/dist/").alias == "http://192.0.2.5:3142/lab"
    below = used(channel_alias="http://lab.example:8000/dist/more").alias
    assert below == "http://192.0.2.5:3142/lab/more"
    # A name that only begins like an upstream's is another server's.
    assert used(channel_alias="http://lab.example:8000/distant").alias is None
    assert used(channel_alias="https://channels.example").alias is None


def test_conda_asks_the_cache_past_the_sites_proxy():
    text = told_to_conda(used())
    assert "channel_alias" not in text
    assert "proxy_servers" not in text
    behind = UsedCache("192.0.2.5", settings(), NetworkAccess(http_proxy="http://p:3128"))
    assert '  "http://192.0.2.5": ""' in told_to_conda(behind).splitlines()


def test_an_ipv6_address_stands_in_brackets_in_urls_only():
    found = UsedCache("2001:db8::5", settings(), NetworkAccess())
    assert (found.address, found.proxy) == ("2001:db8::5", "http://[2001:db8::5]:3142")


def test_commands_go_through_where_a_cache_is_used():
    words = through_cache(Context("nas", ("cache", "conda")))
    assert words[:2] == ("sh", "-c")
    assert THROUGH_CACHE in words[2]
    assert through_cache(Context(None, ("cache", "conda"))) == ()
    # A host that does not have the role, although a default for all names a cache.
    assert through_cache(Context("nas", ("base", "conda"))) == ()
