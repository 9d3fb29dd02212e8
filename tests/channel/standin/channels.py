"""From a channel's name to the URL below which its platforms lie."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .condarc import Condarc

SUBDIRS = ("linux-64", "noarch")


def channel_urls(names: Iterable[str], condarc: Condarc) -> tuple[str, ...]:
    """Return the base URLs of channels in order, `defaults` replaced by what it stands for."""
    urls: list[str] = []
    for name in names:
        members = condarc.value("default_channels") if name == "defaults" else [name]
        urls += [_url(member, condarc) for member in members]
    return tuple(dict.fromkeys(urls))


def _url(name: str, condarc: Condarc) -> str:
    """Return one channel's URL: itself, a path's, a custom channel's, or below the alias."""
    if "://" in name:
        return name.rstrip("/")
    if name.startswith(("/", "./", "../", "~")):
        return Path(name).expanduser().resolve().as_uri()
    custom = condarc.value("custom_channels")
    # A custom channel may be the whole name or its first part: `lab/label/dev`.
    parts = name.split("/")
    for length in range(len(parts), 0, -1):
        prefix = "/".join(parts[:length])
        if prefix in custom:
            return f"{str(custom[prefix]).rstrip('/')}/{name}"
    return f"{str(condarc.value('channel_alias')).rstrip('/')}/{name}"


def channel_name(url: str, condarc: Condarc) -> str:
    """Return the short name conda shows for a channel's URL, else the URL itself."""
    bases = [str(base) for base in condarc.value("custom_channels").values()]
    for base in (*bases, str(condarc.value("channel_alias"))):
        if url.startswith(f"{base.rstrip('/')}/"):
            return url[len(base.rstrip("/")) + 1 :].rstrip("/")
    return url.rstrip("/")
