"""Checks of the cache role: read from the host, compared with the declaration."""

from __future__ import annotations

import re
import shlex
from typing import Any
from urllib.parse import urlsplit

import pytest

from deeprig.verify.checks import Checks
from deeprig.verify.plugin import lab_of
from roles.cache.places import ANSWERS, APT_CONFIGURATION, FOR_APT, THROUGH_CACHE, TOLD
from roles.cache.settings import CacheSettings
from roles.cache.used import UsedCache, resolved

_HEADER = "x-deeprig-cache:"
#: How `apt-get update --print-uris` begins its lines.
_URL = re.compile(r"^'([^']+)' ", re.MULTILINE)
_APT_HELPER = "/usr/lib/apt/apt-helper"


def test_the_cache_answers(
    host: Any, declared: Any, request: pytest.FixtureRequest, check: Checks
) -> None:
    """It answers this host; while it does not, everything comes from its source, and this fails."""
    used = _used(declared, request)
    asked = host.run(f"bash -c '. {ANSWERS} && cache_answers'")
    told = "it answers" if asked.rc == 0 else "no answer: everything comes from its source"
    check(f"the cache at {used.proxy} answers this host", asked.rc == 0, told)
    # The same question to a port at which nobody listens: this is what lets work go on without it.
    dead = host.run(f"bash -c '. {ANSWERS} && cache_port=1 && cache_answers'")
    check("a cache that is down is passed by", dead.rc == 1, f"exit {dead.rc}")


def test_apt_asks_the_cache(
    host: Any, declared: Any, request: pytest.FixtureRequest, check: Checks
) -> None:
    """apt is told of it for every declared archive, and what apt fetches came from there."""
    used = _used(declared, request)
    if not used.settings.apt_hosts:
        pytest.skip("the cache keeps no package archive")
    dump = host.run("apt-config dump Acquire::http::Proxy-Auto-Detect").stdout
    check("apt asks before it goes to a server", f'"{FOR_APT}"' in dump, dump.strip() or "it isn't")
    for name in sorted(used.settings.apt_hosts):
        asked = host.run("%s http://%s/", FOR_APT, name).stdout.strip()
        check(f"{name} is asked through the cache", asked == used.proxy, asked or "directly")
    _check_sources(host, used, check)


def _check_sources(host: Any, used: UsedCache, check: Checks) -> None:
    """Have apt fetch the first file of each of its archives, and see who answered."""
    listed = host.run("apt-get update --print-uris")
    urls = {url.rpartition("/dists/")[0] or url: url for url in _URL.findall(listed.stdout)}
    kept = {site: url for site, url in urls.items() if _host_of(url) in used.settings.apt_hosts}
    for site, url in kept.items():
        if urlsplit(url).scheme == "http":
            answer = _answered_by_cache(host, url)
        else:
            answer = (False, "apt has nothing of https from a cache: declare it with http")
        check(f"apt's source {site} goes through the cache", *answer)
    if not kept:
        reason = "none of its sources is an upstream" if urls else listed.stderr.strip()[-200:]
        check("apt has a source that the cache keeps", None, reason)


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def _answered_by_cache(host: Any, url: str) -> tuple[bool | None, str]:
    words = (_APT_HELPER, "-o", "Debug::Acquire::http=true", "download-file", url, "/dev/null")
    done = host.run(f"{shlex.join(words)} 2>&1")
    heads = [line for line in done.stdout.splitlines() if line.lower().startswith(_HEADER)]
    if heads:
        return True, f"the cache says {heads[0].split(':', 1)[1].strip() or 'refused'}"
    if "HTTP/1." not in done.stdout:
        return None, f"apt got no answer: {done.stdout.strip()[-200:]}"
    return False, "the answer did not come from the cache"


def test_nothing_leads_to_a_cache_that_is_not_declared(
    host: Any, settings: CacheSettings, check: Checks
) -> None:
    """A host that uses none has nothing left that asks one."""
    if settings.server is not None:
        return
    paths = (APT_CONFIGURATION, FOR_APT, THROUGH_CACHE, TOLD)
    left = [path for path in paths if host.file(path).exists]
    check("nothing leads to a cache", not left, ", ".join(left) or "nothing")


def _used(declared: Any, request: pytest.FixtureRequest) -> UsedCache:
    settings: CacheSettings = declared.role_settings["cache"]
    if settings.server is None:
        pytest.skip("no cache is declared: everything comes from its source")
    server = lab_of(request.config).host(settings.server)
    network = declared.settings.network_access
    return resolved(settings, server, declared.role_settings, network)
