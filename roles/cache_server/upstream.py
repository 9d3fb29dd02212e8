"""Settings of one upstream: a server outside whose files the cache keeps."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from deeprig.role import RoleSettings

#: Host names and addresses as they stand in nginx's files: nothing else can be said there.
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+")
_NAME = re.compile(r"[A-Za-z0-9.-]*[A-Za-z][A-Za-z0-9.-]*")
#: The text itself is compared: urlsplit drops newlines and tabs, and an empty query.
_URL = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]+)?(/[A-Za-z0-9._~+-]+)*")

Kind = Literal["apt", "pip", "conda", "files"]


def _address(value: str) -> str:
    url = value.rstrip("/")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"this is no URL: {error}") from error
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        raise ValueError("this is no http or https URL of a server")
    if not _URL.fullmatch(url):
        raise ValueError("this is more than scheme (in small letters), host, port and a plain path")
    if any(part in (".", "..") for part in parts.path.split("/")):
        raise ValueError("its path leads upwards")
    return url


class UpstreamSettings(RoleSettings):
    """One server outside, and how its files are used."""

    url: Annotated[str, AfterValidator(_address)] = Field(
        description="Where it is; only what is below this address is served. With https its "
        "certificate is verified."
    )
    kind: Kind = Field(
        description="'apt': a package archive. 'pip': a package index (.../simple). 'conda': what "
        "stands before a channel's name. 'files': anything else."
    )
    is_default: bool = Field(
        False,
        description="For 'pip' and 'conda': where the tool looks when nothing else is declared.",
    )

    @model_validator(mode="after")
    def _fits(self) -> UpstreamSettings:
        if self.is_tls and not _NAME.fullmatch(self.host):
            # ngx_http_upstream_ssl_name: it is compared with names only, never with addresses.
            raise ValueError("nginx verifies a certificate by the server's name: give its name")
        if self.is_default and self.kind not in ("pip", "conda"):
            raise ValueError("is_default is for 'pip' and 'conda'")
        if self.kind == "apt" and self.explicit_port is not None:
            # nginx tells servers apart by name only, and apt asks it as a proxy.
            raise ValueError("an apt archive must be at its scheme's own port")
        return self

    @property
    def is_tls(self) -> bool:
        """Say whether it is reached by https."""
        return self.url.startswith("https:")

    @property
    def host(self) -> str:
        """Return its name or address, in lower case."""
        return urlsplit(self.url).hostname or ""

    @property
    def explicit_port(self) -> int | None:
        """Return the port that its URL names, or None."""
        return urlsplit(self.url).port

    @property
    def authority(self) -> str:
        """Return host and named port, as a request's Host field has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.explicit_port is None else f"{host}:{self.explicit_port}"

    @property
    def path(self) -> str:
        """Return the path below which it serves, without a slash at its end."""
        return urlsplit(self.url).path

    @property
    def has_links(self) -> bool:
        """Say whether its pages name other servers, so that they must be rewritten."""
        return self.kind == "pip"
