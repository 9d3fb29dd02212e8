"""What can be declared of a cache, and what is refused with its reason."""

from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from roles.cache.across import problems_between
from roles.cache.settings import CacheSettings
from roles.cache_server.settings import CacheServerSettings
from roles.cache_server.upstream import UpstreamSettings
from tests.unit.roles.cache.declared_caches import FULL, UPSTREAMS, settings


def upstream(url, kind="files", **more):
    return UpstreamSettings.model_validate({"url": url, "kind": kind} | more)


def test_an_upstream_knows_its_parts():
    found = upstream("https://Mirror.example:8443/a/b/")
    assert (found.host, found.authority, found.path) == (
        "mirror.example",
        "mirror.example:8443",
        "/a/b",
    )
    assert found.is_tls
    assert upstream("http://[2001:db8::1]:80/x").authority == "[2001:db8::1]:80"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://mirror.example/x", "no http or https URL"),
        ("http://", "no http or https URL"),
        ("http://mirror.example/x?y=1", "more than scheme"),
        ("http://ada:secret@mirror.example/x", "more than scheme"),
        ("http://mirror.example/a;return 200", "more than scheme"),
        ("http://mirror.example/$host", "more than scheme"),
        ("https://mirror.example/a\nb\tc", "more than scheme"),
        ("https://mirror.example/a\n", "more than scheme"),
        ("\nhttps://mirror.example/a", "more than scheme"),
        ("https://mirror.example/a?", "more than scheme"),
        ("https://@mirror.example/a", "more than scheme"),
        ("HTTPS://mirror.example/a", "more than scheme"),
        ("http://mirror.example/a/../b", "leads upwards"),
        ("http://mirror.example:x/", "no URL"),
        ("https://192.0.2.1/x", "give its name"),
        ("https://[2001:db8::1]/x", "give its name"),
    ],
)
def test_what_is_no_upstream_is_refused(url, told):
    with pytest.raises(ValidationError, match=told):
        upstream(url)


def test_an_archive_has_its_schemes_own_port_and_no_default():
    with pytest.raises(ValidationError, match="own port"):
        upstream("http://mirror.example:8000/debian", "apt")
    with pytest.raises(ValidationError, match="is_default"):
        upstream("http://mirror.example/debian", "apt", is_default=True)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"clients": []}, "nobody may ask"),
        ({"clients": ["0.0.0.0/0"]}, "open proxy"),
        ({"clients": ["::/0"]}, "open proxy"),
        ({"clients": ["192.0.2.1/24"]}, "no address or network"),
        ({"directory": "/srv/a b"}, "directory"),
        ({"address": "nas; rm"}, "no name or address"),
        ({"upstreams": UPSTREAMS | {"Bad_Name": UPSTREAMS["index"]}}, "Bad_Name"),
        (
            {"upstreams": UPSTREAMS | {"up": {"url": "https://index.example", "kind": "files"}}},
            "lies below",
        ),
        (
            {"upstreams": UPSTREAMS | {"again": UPSTREAMS["debian"]}},
            "lies below",
        ),
        (
            {
                "upstreams": UPSTREAMS
                | {"two": {"url": "https://x.example/s", "kind": "pip", "is_default": True}}
            },
            "pip has two",
        ),
        (
            {
                "upstreams": UPSTREAMS
                | {"tls": {"url": "https://archive.example/ubuntu", "kind": "apt"}}
            },
            "in one way",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(change, told):
    with pytest.raises(ValidationError, match=told):
        settings(**change)


def test_a_path_that_begins_like_another_lies_not_below_it():
    found = {"upstreams": {k: UPSTREAMS[k] for k in ("debian", "security")}}
    assert set(settings(**found).upstreams) == {"debian", "security"}


def test_archives_are_known_by_their_server():
    assert settings().apt_hosts == {
        "archive.example": ("debian", "security"),
        "nvidia.example": ("nvidia",),
    }


def host(name, cache=None, server=None, roles=None):
    declared = {
        "cache": CacheSettings.model_validate({"server": cache}),
        "cache_server": CacheServerSettings.model_validate(server or {}),
    }
    return SimpleNamespace(name=name, role_settings=declared, roles=roles)


def test_a_client_of_a_cache_has_nothing_wrong():
    assert problems_between((host("nas", server=FULL), host("rig", "nas"))) == ()


@pytest.mark.parametrize(
    ("hosts", "told"),
    [
        ((host("rig", "nas"),), "there is no host nas"),
        (
            (host("nas", server=FULL, roles=("base",)), host("rig", "nas")),
            "does not have the role cache_server",
        ),
        ((host("nas"), host("rig", "nas")), "keeps nothing"),
    ],
)
def test_a_client_whose_cache_is_none_is_told(hosts, told):
    (problem,) = problems_between(hosts)
    assert problem.place == "rig: cache.server"
    assert told in problem.reason
    assert problem.remedy
