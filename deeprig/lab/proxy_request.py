"""Read a request to an HTTP proxy, and write it as the next server wants it (RFC 9110, 9112)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

#: Fields that are meant for the proxy alone; the next connection has its own.
_FOR_THE_PROXY = ("proxy-", "connection:", "keep-alive:")


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """One request. ``headers`` lack the fields that were meant for the proxy."""

    method: str
    target: str
    host: str
    port: int
    headers: tuple[str, ...]

    @property
    def is_tunnel(self) -> bool:
        """Say whether a connection is wanted, not an answer."""
        return self.method == "CONNECT"

    @property
    def body_bytes(self) -> int:
        """Return the length of the body. Raise ValueError when the request does not say it."""
        fields = dict(header.lower().split(":", 1) for header in self.headers if ":" in header)
        if "transfer-encoding" in fields:
            raise ValueError("a request body without Content-Length is not passed on")
        length = fields.get("content-length", "0").strip()
        if not length.isdecimal():
            raise ValueError(f"Content-Length is {length!r}")
        return int(length)

    def head(self) -> bytes:
        """Return the head for the origin server: a path, and no keep-alive."""
        url = urlsplit(self.target)
        path = url.path or "/"
        return self._head(f"{path}?{url.query}" if url.query else path, ())

    def head_for_proxy(self, authorization: tuple[str, ...]) -> bytes:
        """Return the head for another proxy: the whole URL, and what logs in to that proxy."""
        return self._head(self.target, authorization)

    def _head(self, target: str, more: tuple[str, ...]) -> bytes:
        first = f"{self.method} {target} HTTP/1.1"
        lines = (first, *self.headers, *more, "Connection: close", "", "")
        return "\r\n".join(lines).encode("latin-1")


def parse_head(head: bytes) -> ProxyRequest:
    """Return the request of a head that ends with an empty line. Raise ValueError if it is none."""
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3:
        raise ValueError(f"{first!r} is no request")
    method, target, _ = words
    is_tunnel = method == "CONNECT"
    url = urlsplit(f"//{target}" if is_tunnel else target)
    if not url.hostname or (not is_tunnel and url.scheme != "http"):
        raise ValueError(f"{target!r} is not what a proxy is asked for")
    port = url.port or (443 if is_tunnel else 80)
    headers = tuple(line for line in lines if not line.lower().startswith(_FOR_THE_PROXY))
    return ProxyRequest(method, target, url.hostname, port, headers)
