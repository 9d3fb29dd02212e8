"""Files of the cache with secrets: its key, and the way out, which may name a proxy's password."""

from __future__ import annotations

import json

from pydantic import SecretStr
from pyinfra.api.operation import OperationMeta

from deeprig.role import NetworkAccess
from deeprig.tasks.secret_files import SecretFile, closed_file
from roles.cache_server.places import CERTIFICATE, TLS_KEY, USER, WAY_OUT
from roles.cache_server.settings import CacheServerSettings


def way_out(settings: CacheServerSettings, network: NetworkAccess) -> SecretFile:
    """Return what the way out is told: the upstreams, and the site's proxies."""
    told = {
        "http_proxy": network.http_proxy,
        "https_proxy": network.https_proxy,
        "no_proxy": list(network.no_proxy),
        "upstreams": {name: one.url for name, one in settings.upstreams.items()},
    }
    return SecretFile(WAY_OUT, SecretStr(json.dumps(told, indent=2) + "\n"), USER)


def certificate_files(settings: CacheServerSettings) -> tuple[SecretFile, ...]:
    """Return the certificate and its key, where they are declared."""
    if settings.tls is None:
        return ()
    text = settings.tls.certificate.read_text(encoding="utf-8")
    return (
        SecretFile(CERTIFICATE, SecretStr(text), USER),
        SecretFile(TLS_KEY, settings.tls.key, USER),
    )


def place_way_out(settings: CacheServerSettings, network: NetworkAccess) -> OperationMeta:
    """Tell the way out where it leads."""
    placed: OperationMeta = closed_file(
        name="Tell the way out where it leads", file=way_out(settings, network)
    )
    return placed


def place_certificate(settings: CacheServerSettings) -> tuple[OperationMeta, ...]:
    """Have the certificate and its key on the host."""
    return tuple(
        closed_file(name="Place the cache's certificate and key", file=file)
        for file in certificate_files(settings)
    )
