"""Whether each declared name server answers, and the host resolves a name by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from roles.network.link.asking import Asked, Unreadable, run_program, said
from roles.network.link.finding import Finding
from roles.network.link.meant import Meant
from roles.network.link.reading import Link
from roles.network.settings import NetworkSettings

#: Response codes (RFC 1035, section 4.1.1). That a name does not exist is an answer, too.
_CODES = {0: "no error", 1: "format error", 2: "server failure", 3: "no such name", 5: "refused"}
_ANSWERS = (0, 3)
_PROXY = re.compile(r'^Acquire::(https?)::Proxy "([^"]+)";$', re.MULTILINE)
_REMEDY = "set dns_probe_name to a name that this network knows"
#: Two tries of 5 s at each of three servers (resolv.conf(5)).
_RESOLVE_SECONDS = 30


def name_server_findings(
    host: Asked, settings: NetworkSettings, meant: tuple[Meant, ...], links: Mapping[str, Link]
) -> Iterator[Finding]:
    """Yield what each declared name server says, and what the host's own resolver says."""
    probe_name = settings.dns_probe_name or name_of_packages(host)
    for device in meant:
        for link in device.links(links)[:1]:
            for server in device.device.nameservers:
                if settings.dns_probe_name is None:
                    yield _answers(host, device.key, link, server, probe_name or ".")
                else:
                    yield _knows(host, device.key, link, server, settings.dns_probe_name)
    yield from _resolver(host, settings, probe_name)


def _answers(host: Asked, key: str, link: Link, server: str, name: str) -> Finding:
    """Judge only that it answers: a server of this network alone may not know what is outside."""
    code, told, _ = _asked(host, link, server, name)
    is_good = code in _ANSWERS
    return Finding(
        f"{key}: name server {server} answers", is_good, told if is_good else f"{told}: {_REMEDY}"
    )


def _knows(host: Asked, key: str, link: Link, server: str, name: str) -> Finding:
    code, told, records = _asked(host, link, server, name)
    return Finding(f"{key}: name server {server} knows {name}", code == 0 and records > 0, told)


def _asked(host: Asked, link: Link, server: str, name: str) -> tuple[int | None, str, int]:
    """Return response code, words and number of records; the code is None for no answer."""
    is_scoped = ip_address(server.partition("%")[0]).is_link_local and "%" not in server
    place = f"{server}%{link.name}" if is_scoped else server
    answer = run_program(host, "dns", place, name)
    if "silence" in answer:
        return None, f"{server}: {answer['silence']}", 0
    code, records = int(answer["code"]), int(answer["records"])
    what = "the root" if name == "." else name
    told = f"{server}: {what}: {_CODES.get(code, f'code {code}')}"
    return code, told if code else f"{told}, {records} records", records


def _resolver(host: Asked, settings: NetworkSettings, name: str | None) -> Iterator[Finding]:
    title = "the host resolves names"
    if name is None:
        if any(device.nameservers for _, device in settings.devices):
            yield Finding(title, None, f"its packages come from an address, not a name: {_REMEDY}")
        return
    done = host.run(f"timeout {_RESOLVE_SECONDS} getent ahosts %s", name)
    found = sorted({line.split()[0] for line in done.stdout.splitlines() if line.strip()})
    is_good = done.rc == 0 and bool(found)
    if is_good:
        yield Finding(title, True, f"{name}: {', '.join(found)}")
    elif done.rc in (0, 2):  # 2: the key was not found (getent(1))
        yield Finding(title, False, f"{name} is not found: look at `resolvectl`, or {_REMEDY}")
    elif done.rc == 124:  # timeout(1)
        yield Finding(title, False, f"{name}: no answer within {_RESOLVE_SECONDS} s")
    else:
        yield Finding(title, None, f"getent: exit {done.rc}: {said(done)}")


def name_of_packages(host: Asked) -> str | None:
    """Return the name that the host's apt must resolve, None where it needs none.

    That is its proxy's where it has one: then no other name need be known here. Raise Unreadable
    where apt does not tell.
    """
    dump = host.run("apt-config dump")
    if dump.rc != 0:
        raise Unreadable(f"apt-config dump: exit {dump.rc}: {said(dump)}")
    proxies = dict(_PROXY.findall(dump.stdout))
    done = host.run("apt-get indextargets --format %s", "$(SITE)")
    if done.rc != 0:
        raise Unreadable(f"apt-get indextargets: exit {done.rc}: {said(done)}")
    for site in dict.fromkeys(done.stdout.split()):
        parts = urlsplit(site)
        if parts.scheme not in ("http", "https"):
            continue
        proxy = proxies.get(parts.scheme, "DIRECT")
        name = parts.hostname if proxy == "DIRECT" else urlsplit(proxy).hostname
        if name is not None and not _is_address(name):
            return name
    return None


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
