"""The cache is at work, reaches its upstreams, and is a way out for nobody."""

from __future__ import annotations

import re
from typing import Any

import pytest

from deeprig.verify.checks import Checks
from deeprig.verify.host_environment import check_host_environment
from roles.cache_server.checks.asking import ask
from roles.cache_server.places import ALIVE, OUT_SERVICE, WEB_CONFIGURATION, WEB_SERVICE
from roles.cache_server.settings import CacheServerSettings

_ALLOWED = re.compile(r"^\s*allow ([^;]+);", re.MULTILINE)
_DENIED = re.compile(r"^        deny all;", re.MULTILINE)
_SERVERS = re.compile(r"^    server \{", re.MULTILINE)
_ITSELF = {"127.0.0.0/8", "::1"}
#: Nobody has this name (RFC 2606).
_STRANGER = "deeprig-no-upstream.invalid"
NO_CONTENT, SERVER_ERROR = 204, 500


def test_the_cache_is_at_work(host: Any, settings: CacheServerSettings, check: Checks) -> None:
    """Both services run, also after a boot, and it answers."""
    _skip_without(settings)
    check_host_environment(host, check)
    for service in (WEB_SERVICE, OUT_SERVICE):
        asked = host.run("systemctl is-active %s; systemctl is-enabled %s", service, service)
        told = asked.stdout.split()
        check(f"{service} is at work", told == ["active", "enabled"], " ".join(told))
    answer = ask(host, settings, ALIVE)
    is_alive = answer is not None and answer.status == NO_CONTENT
    check("the cache answers", is_alive, str(answer or "no answer"))


def test_upstreams_answer_through_it(
    host: Any, settings: CacheServerSettings, check: Checks
) -> None:
    """A real request for each: any answer of the upstream's own will do, an error of ours not."""
    _skip_without(settings)
    for name, one in settings.upstreams.items():
        answer = ask(host, settings, f"/{name}/")
        if answer is None:
            check(f"upstream {name} answers", None, "the cache gave no answer")
            continue
        told = f"{one.url}/: {answer}"
        is_good = answer.status < SERVER_ERROR and not answer.is_stale
        check(f"upstream {name} answers", is_good, told)


def test_it_is_no_way_out_for_others(
    host: Any, settings: CacheServerSettings, check: Checks
) -> None:
    """It refuses servers that are not declared, tunnels, and whatever changes something."""
    _skip_without(settings)
    tunnel = f"{_STRANGER}:443"
    upstream = next(iter(settings.upstreams))
    for what, method, target, name in (
        ("an undeclared server", "GET", f"http://{_STRANGER}/", _STRANGER),
        ("a tunnel", "CONNECT", tunnel, tunnel),
        ("what changes something", "POST", f"/{upstream}/", "x"),
        ("a path that leads upwards", "GET", f"/{upstream}/%2e%2e/x", "x"),
    ):
        answer = ask(host, settings, target, method=method, name=name)
        is_refused = None if answer is None else answer.is_refusal
        check(f"it refuses {what}", is_refused, str(answer or "no answer"))


def test_only_the_declared_hosts_may_ask(
    host: Any, settings: CacheServerSettings, check: Checks
) -> None:
    """What nginx reads allows the declared hosts, and denies all others, in each of its servers."""
    _skip_without(settings)
    text = host.file(WEB_CONFIGURATION).content_string
    allowed = set(_ALLOWED.findall(text))
    wanted = _ITSELF | set(settings.clients)
    check("the declared hosts may ask", allowed == wanted, ", ".join(sorted(allowed)) or "nobody")
    servers, denials = len(_SERVERS.findall(text)), len(_DENIED.findall(text))
    told = f"{denials} of {servers} servers deny all others"
    check("nobody else may ask", servers > 0 and servers == denials, told)


def _skip_without(settings: CacheServerSettings) -> None:
    if not settings.upstreams:
        pytest.skip("no upstream is declared: this host is no cache")
