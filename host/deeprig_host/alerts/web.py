"""Messages over HTTP: a webhook, an ntfy topic, and the heartbeat.

The address is a secret (it lets anyone post), so no error repeats more of it than its host. A
redirect is refused: followed, a POST becomes a GET that tells nothing, at a host nobody named.
Proxies are those of the environment (http_proxy, https_proxy, no_proxy).
"""

from __future__ import annotations

import json
import ssl
from dataclasses import asdict
from email.message import Message as Headers
from http.client import HTTPException
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
    build_opener,
)

from deeprig_host.alerts.config import Ntfy, Webhook
from deeprig_host.alerts.delivery import NotDelivered
from deeprig_host.alerts.message import Message

SCHEMA = "deeprig.alert/1"
_SECONDS = 15
#: ntfy makes a file of a longer body.
_NTFY_BYTES = 4000
_PRIORITY = {"critical": "urgent", "warning": "high", "info": "default"}
_TAG = {"critical": "rotating_light", "warning": "warning", "info": "white_check_mark"}


class _RefuseRedirect(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Headers, newurl: str
    ) -> None:
        """Follow nothing: the answer itself becomes the error."""


def send_webhook(webhook: Webhook, message: Message) -> tuple[str, ...]:
    """Post the message as JSON. Raise NotDelivered."""
    text = f"{message.title}\n{message.text}"
    told = {"text": text} if webhook.format == "text" else _document(message) | {"text": text}
    headers = {"Content-Type": "application/json"} | _authorization(webhook.token)
    _request(webhook.url, json.dumps(told).encode(), headers)
    return ()


def send_ntfy(ntfy: Ntfy, message: Message) -> tuple[str, ...]:
    """Post the message's text with ntfy's headers. Raise NotDelivered."""
    headers = {
        "Title": _header(message.title),
        "Priority": _PRIORITY[message.level],
        "Tags": _TAG[message.level],
        "Content-Type": "text/plain; charset=utf-8",
    }
    _request(ntfy.url, _cut(message.text), headers | _authorization(ntfy.token))
    return ()


def ping(url: str) -> None:
    """Fetch the heartbeat's address. Raise NotDelivered."""
    _request(url, None, {})


def _document(message: Message) -> dict[str, object]:
    told = asdict(message)
    alerts = told.pop("notices")
    return {"schema": SCHEMA} | told | {"alerts": alerts}


def _request(url: str, body: bytes | None, headers: dict[str, str]) -> None:
    request = Request(url, body, {"User-Agent": "deeprig"} | headers)  # noqa: S310 (config: http, https)
    try:
        # Its status is all that counts: a body could come in drops, without end.
        _opener().open(request, timeout=_SECONDS).close()
    except HTTPError as error:
        with error:
            raise NotDelivered(f"{_host(url)} answered {_status(error)}") from None
    except URLError as error:
        raise NotDelivered(f"{_host(url)}: {error.reason}") from None
    except (OSError, HTTPException, UnicodeError) as error:
        raise NotDelivered(f"{_host(url)}: {type(error).__name__}") from None


def _opener() -> OpenerDirector:
    return build_opener(_RefuseRedirect, HTTPSHandler(context=ssl.create_default_context()))


def _status(error: HTTPError) -> str:
    where = error.headers.get("Location") if 300 <= error.code < 400 else None
    if not where:
        return f"{error.code}"
    host = urlsplit(where).hostname or "itself"
    return f"{error.code}, a redirect to {host}: write that address into the configuration"


def _host(url: str) -> str:
    return urlsplit(url).hostname or "?"


def _authorization(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _header(text: str) -> str:
    """Return a text as a header can hold it: one line of ASCII."""
    return " ".join(text.encode("ascii", "replace").decode().split())


def _cut(text: str) -> bytes:
    encoded = text.encode()
    if len(encoded) <= _NTFY_BYTES:
        return encoded
    return encoded[:_NTFY_BYTES].decode(errors="ignore").encode() + "…\n".encode()
