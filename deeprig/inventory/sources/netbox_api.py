"""Ask NetBox's REST API for all pages of its lists: bounded, to one server, the token unseen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase

from deeprig.inventory.sources.gathered import refuse
from deeprig.inventory.sources.netbox_settings import NetBoxSettings
from deeprig.inventory.sources.reading import LARGEST_BYTES

#: What a NetBox has machines in.
_LISTS = ("dcim/devices/", "virtualization/virtual-machines/")
_CHUNK_BYTES = 1 << 16
_TOKEN_REMEDY = "set NETBOX_TOKEN, or name the token's place in a file (docs/sources.md)"  # noqa: S105
_BY_STATUS = {
    401: ("it wants a token that it knows", _TOKEN_REMEDY),
    403: ("the token may not read this", f"give it the right to view; {_TOKEN_REMEDY}"),
    404: ("there is no such list", "name NetBox's own address, or .../api/dcim/devices/"),
}
#: The token's second form says so itself (NetBox 4.5).
_SECOND_FORM = "nbt_"


class _TokenAuth(AuthBase):
    """Adds the token, and keeps ~/.netrc out: requests would put it in the token's place."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            kind = "Bearer" if self._token.startswith(_SECOND_FORM) else "Token"
            request.headers["Authorization"] = f"{kind} {self._token}"
        return request


def lists_of(url: str) -> tuple[str, ...]:
    """Return the lists to ask for: the one a URL names, or both that a NetBox has."""
    parts = urlsplit(url)
    if "/api/" in parts.path:
        return (url,)
    base = parts.path.rstrip("/")
    return tuple(
        urlunsplit((parts.scheme, parts.netloc, f"{base}/api/{name}", parts.query, ""))
        for name in _LISTS
    )


def machines(settings: NetBoxSettings, directory: Path) -> Iterator[Any]:
    """Yield every machine NetBox tells. Raise InventoryProblem; nothing is asked twice."""
    token = settings.token.get_secret_value() if settings.token is not None else None
    with requests.Session() as session:
        session.auth = _TokenAuth(token)
        session.headers["Accept"] = "application/json"
        verify = str(directory / settings.ca_file.expanduser()) if settings.ca_file else True
        if settings.ca_file and not Path(str(verify)).is_file():
            raise refuse(str(verify), "there is no such CA file", "see netbox.ca_file")
        for first in lists_of(settings.url):
            yield from _pages(session, first, verify, settings.timeout_seconds)


def _pages(
    session: requests.Session, first: str, verify: str | bool, seconds: float
) -> Iterator[Any]:
    url: str | None = first
    seen: set[str] = set()
    while url is not None:
        seen.add(url)
        page = _page(session, url, verify, seconds)
        if not isinstance(page, dict) or not isinstance(page.get("results"), list):
            raise refuse(_shown(url), "its answer is no list of NetBox's", "is this its API?")
        yield from page["results"]
        following = page.get("next")
        url = None if following is None else urljoin(url, str(following))
        if url is not None and _server(url) != _server(first):
            reason = f"its next page is at another server, {_server(url)}: not followed"
            remedy = "a proxy before NetBox must tell it the name and scheme it is reached by"
            raise refuse(_shown(first), reason, remedy)
        if url in seen:
            raise refuse(_shown(first), "its next page is one that was there already")


def _page(session: requests.Session, url: str, verify: str | bool, seconds: float) -> Any:
    try:
        with session.get(
            url, timeout=seconds, verify=verify, stream=True, allow_redirects=False
        ) as answer:
            _check_status(answer, url)
            body = _body(answer, url)
    except requests.exceptions.SSLError as error:
        remedy = "name the CA's file: netbox.ca_file, or REQUESTS_CA_BUNDLE"
        raise refuse(
            _shown(url), f"its certificate is not trusted: {_cause(error)}", remedy
        ) from error
    except requests.Timeout as error:
        raise refuse(_shown(url), f"no answer within {seconds:g} s", "is it reachable?") from error
    except (requests.RequestException, ValueError) as error:
        remedy = "check the URL, the network and the proxy (https_proxy)"
        raise refuse(_shown(url), f"it cannot be asked: {_cause(error)}", remedy) from error
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        remedy = "a page to log in at? name the API, and a token"
        raise refuse(_shown(url), "its answer is not JSON", remedy) from error


def _check_status(answer: requests.Response, url: str) -> None:
    status = answer.status_code
    if status in _BY_STATUS:
        reason, remedy = _BY_STATUS[status]
        raise refuse(_shown(url), f"HTTP {status}: {reason}", remedy)
    if 300 <= status < 400:
        where = _shown(urljoin(url, answer.headers.get("Location", "")))
        remedy = "write that URL: a token is not sent on to where somebody points"
        raise refuse(_shown(url), f"HTTP {status}: it points to {where}", remedy)
    if status != 200:
        raise refuse(_shown(url), f"HTTP {status} {answer.reason}", "see NetBox's own log")


def _body(answer: requests.Response, url: str) -> bytes:
    body = bytearray()
    for chunk in answer.iter_content(_CHUNK_BYTES):
        body += chunk
        if len(body) > LARGEST_BYTES:
            remedy = "have it make smaller pages: ?limit=500"
            raise refuse(_shown(url), f"one page is larger than {LARGEST_BYTES >> 20} MB", remedy)
    return bytes(body)


def _cause(error: BaseException) -> str:
    """Return the innermost reason, without URLs: requests repeats them with their query."""
    while isinstance(getattr(error, "reason", None), BaseException):
        error = error.reason  # type: ignore[attr-defined]  # urllib3's MaxRetryError has it
    inner = error.args[0] if error.args and isinstance(error.args[0], BaseException) else None
    if inner is not None and inner is not error:
        return _cause(inner)
    return f"{type(error).__name__}: {str(error).partition('(Caused by')[0]}"[:200]


def _server(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _shown(url: str) -> str:
    """Return a URL without its query, which may hold anything."""
    return f"{_server(url)}{urlsplit(url).path}"
