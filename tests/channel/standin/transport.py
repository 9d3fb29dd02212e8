"""Reading channels over file:// and http(s)://, with conda's proxy and TLS settings."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from .condarc import Condarc
from .errors import CondaError
from .explicit import Pinned, verify

TIMEOUT_SECONDS = 60


def _tls_context(verify_setting: object) -> ssl.SSLContext:
    """Return the context for `ssl_verify`: True, False, or a path of certificates."""
    if verify_setting is False:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if isinstance(verify_setting, str) and verify_setting != "truststore":
        path = Path(verify_setting)
        if not path.exists():
            raise CondaError("CondaSSLError", f"ssl_verify names {path}, which does not exist")
        if path.is_dir():
            return ssl.create_default_context(capath=verify_setting)
        return ssl.create_default_context(cafile=verify_setting)
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Transport:
    """Downloads as the configuration says, and the package cache they go to."""

    condarc: Condarc
    cache: Path

    def read(self, url: str) -> bytes:
        """Return a URL's content.

        Raises:
            CondaError: CondaHTTPError with the status (000 without an answer).
        """
        proxies = self.condarc.value("proxy_servers")
        handlers: list[urllib.request.BaseHandler] = []
        if url.startswith("https:"):
            context = _tls_context(self.condarc.value("ssl_verify"))
            handlers.append(urllib.request.HTTPSHandler(context=context))
        # Without proxy_servers urllib takes http_proxy and no_proxy from the environment.
        if proxies:
            handlers.append(urllib.request.ProxyHandler(proxies))
        try:
            opener = urllib.request.build_opener(*handlers)
            with opener.open(url, timeout=TIMEOUT_SECONDS) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            raise _http_error(error.code, error.reason, url) from error
        except OSError as error:  # URLError is one
            raise _http_error(0, f"CONNECTION FAILED ({error})", url) from error

    def fetch(self, package: Pinned) -> Path:
        """Return a package file in the cache, downloaded and verified unless it is there.

        Raises:
            CondaError: ChecksumMismatchError, or the download failed.
        """
        target = self.cache / package.file_name
        if target.is_file() and (package.sha256 or package.md5):
            try:
                verify(target.read_bytes(), package)
            except CondaError:
                target.unlink()  # another channel's file of the same name: fetch this one's
            else:
                return target
        content = self.read(package.url)
        verify(content, package)
        write_whole(target, content)
        return target

    def repodata(self, channel: str, subdir: str) -> Path:
        """Return a platform's repodata as a file.

        Raises:
            CondaError: UnavailableInvalidChannel where the server has none, CondaError
                where it is no repodata.
        """
        url = f"{channel}/{subdir}/repodata.json"
        try:
            content = self.read(url)
        except CondaError as error:
            if "HTTP 404" not in error.message and not url.startswith("file:"):
                raise
            raise CondaError(
                "UnavailableInvalidChannel",
                f"HTTP 404 NOT FOUND for channel {channel} <{channel}>\n\n"
                "The channel is not accessible or is invalid.\n",
            ) from error
        _require_repodata(content, url)
        name = hashlib.sha256(url.encode()).hexdigest()[:8]
        target = self.cache / "cache" / f"{name}.json"
        write_whole(target, content)
        return target


def write_whole(target: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of it or none: rename(2)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    Path(name).chmod(0o644)
    Path(name).rename(target)


def _require_repodata(content: bytes, url: str) -> None:
    """Raise CondaError unless the content is a JSON object, as repodata is."""
    try:
        is_index = isinstance(json.loads(content), dict)
    except ValueError as error:  # no JSON, or no UTF-8
        raise CondaError("CondaError", f"Invalid index file: {url}: {error}\n") from error
    if not is_index:
        raise CondaError("CondaError", f"Invalid index file: {url}: no JSON object\n")


def _http_error(status: int, reason: str, url: str) -> CondaError:
    return CondaError(
        "CondaHTTPError",
        f"HTTP {status:03d} {reason.upper()} for url <{url}>\n\n"
        "An HTTP error occurred when trying to retrieve this URL.\n",
    )
