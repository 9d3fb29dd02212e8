"""pip's part of a bundle: the files whose checksums a lock names, and pages that lead to them.

A page lists only what the bundle has. It is no proof of anything: the lock's checksums are, and
pip on the host demands them (--require-hashes).
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

from packaging.utils import canonicalize_name

from deeprig.bundle.downloading import NotThere, Wanted, WrongFile, read_url
from deeprig.bundle.licences import wheel_licence
from deeprig.bundle.model import BundleFile
from deeprig.bundle.pip_index import Index, default_index
from deeprig.bundle.store import Store
from deeprig.errors import DeeprigError

_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)\s*==")
_HTML = "text/html; charset=utf-8"
_ACCEPT = "text/html, application/vnd.pypi.simple.v1+html;q=0.9"


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that pip on a host reads at ``url``; ``links`` are what its source has there."""

    url: str
    links: tuple[str, ...]


class ShownPages:
    """The pages that pip on hosts will read; several hosts may ask for one."""

    def __init__(self) -> None:
        self._files: defaultdict[str, dict[str, BundleFile]] = defaultdict(dict)
        self._hosts: defaultdict[str, set[str]] = defaultdict(set)

    def show(self, url: str, host: str, *files: BundleFile) -> None:
        """Have a page, with these files among others."""
        self._hosts[url].add(host)
        self._files[url].update((file.path, file) for file in files)

    def write(self, store: Store) -> None:
        """Put the pages into the bundle."""
        for url, hosts in self._hosts.items():
            name = f"{urlsplit(url).path.strip('/').replace('/', '-') or 'list'}.html"
            text = _page_text(tuple(self._files[url].values())).encode("utf-8")
            for host in sorted(hosts):
                store.write("page", name, text, host=host, urls=(url,), media_type=_HTML)


def add_pip_lock(
    store: Store, pages: ShownPages, host: str, lock: str, settings: Any, environment: Any
) -> None:
    """Add the files of a lock. Raise DeeprigError for one that no source has."""
    lists = (*settings.pip.find_links, *environment.pip.find_links)
    no_index = settings.pip.no_index or environment.pip.no_index
    indexes = () if no_index else _indexes(settings, environment)
    for url in lists:
        pages.show(url, host)
    for project, digests in _requirements(lock):
        sources = tuple(_pages(project, lists, indexes))
        for url, file in _fetch(store, host, project, digests, sources):
            pages.show(url, host, file)


def _requirements(lock: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for line in lock.replace("\\\n", " ").splitlines():
        match = _NAME.match(line.strip())
        if match is not None:
            yield canonicalize_name(match[1]), tuple(_HASH.findall(line))


def _indexes(settings: Any, environment: Any) -> tuple[Index, ...]:
    declared = environment.pip.index_url or settings.pip.index_url
    more = (*settings.pip.extra_index_urls, *environment.pip.extra_index_urls)
    main = Index(declared, declared) if declared else default_index()
    return (main, *(Index(url, url) for url in more))


def _pages(project: str, lists: tuple[str, ...], indexes: tuple[Index, ...]) -> Iterator[_Page]:
    urls = [(url, url) for url in lists]
    urls += [(i.page_of(project), Index(i.read_at, i.read_at).page_of(project)) for i in indexes]
    for url, read_at in urls:
        try:
            text = read_url(read_at, _ACCEPT).decode("utf-8", errors="replace")
        except NotThere:
            continue  # another source has the project
        yield _Page(url, _links_of(text, read_at))


def _fetch(
    store: Store, host: str, project: str, digests: tuple[str, ...], pages: tuple[_Page, ...]
) -> Iterator[tuple[str, BundleFile]]:
    """Yield the files of a project, each with the page that is to name it."""
    found = [
        (page, link, digest)
        for page in pages
        for link in page.links
        for digest in digests
        if _is_of(link, project) and urldefrag(link)[1] in ("", f"sha256={digest}")
    ]
    found.sort(key=lambda entry: urldefrag(entry[1])[1] == "")  # first what tells its checksum
    done: set[str] = set()
    for page, link, digest in found:
        file = None if digest in done else _fetch_one(store, host, page, link, digest)
        if file is not None:
            done.add(digest)
            yield page.url, file
    if not done:
        raise DeeprigError(
            f"no source has a file of {project} with a checksum of the lock",
            place=project,
            remedy="write the lock again ('deeprig lock'), from the sources declared now",
        )


def _fetch_one(store: Store, host: str, page: _Page, link: str, digest: str) -> BundleFile | None:
    """Return a file; None where a page without checksums led to another."""
    address, told = urldefrag(link)
    name = unquote(urlsplit(address).path).rpartition("/")[2]
    if not name.endswith(".whl"):
        raise DeeprigError(
            "it is no wheel: to build it, pip would need more than the lock names",
            place=address,
            remedy="lock a release that has wheels, or build one and serve it (find_links)",
        )
    try:
        wanted = Wanted(address, digest)
        file = store.fetch("wheel", wanted, host=host, urls=(urljoin(page.url, name),))
    except WrongFile:
        if told:
            raise
        return None
    licence = wheel_licence(store.path(file))
    if licence is not None:
        store.note_licence(file, licence)
    return file


def _is_of(link: str, project: str) -> bool:
    name = unquote(urlsplit(link).path).rpartition("/")[2]
    return canonicalize_name(name.partition("-")[0]) == project


def _page_text(files: tuple[BundleFile, ...]) -> str:
    names = sorted({(file.name, file.sha256) for file in files})
    rows = [f'<a href="{quote(n)}#sha256={digest}">{html.escape(n)}</a><br>' for n, digest in names]
    return "\n".join(("<!DOCTYPE html><html><body>", *rows, "</body></html>", ""))


def _links_of(text: str, url: str) -> tuple[str, ...]:
    reader = _LinkReader()
    reader.feed(text)
    return tuple(urljoin(url, link) for link in reader.links)


class _LinkReader(HTMLParser):
    """Collects where a page's links lead (the simple repository API of PyPA)."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a link."""
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]
