"""pip's files are found by the checksums of the lock, and shown on pages that pip can read."""

import hashlib
import io
import zipfile
from types import SimpleNamespace

import pytest
import requests

from deeprig.bundle.authority import Authority
from deeprig.bundle.pip_index import Index
from deeprig.bundle.pip_part import ShownPages, add_pip_lock
from deeprig.bundle.proxy import replaying
from deeprig.bundle.store import Store
from deeprig.errors import DeeprigError


def wheel(text, licence="License-Expression: MIT"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("six-1.dist-info/METADATA", f"Name: six\n{licence}\n\n{text}")
    return buffer.getvalue()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def lock(*rows):
    return "".join(f"{name} \\\n    --hash=sha256:{digest}\n" for name, digest in rows)


def sources(**values):
    defaults = {"find_links": (), "no_index": False, "index_url": None, "extra_index_urls": ()}
    return SimpleNamespace(pip=SimpleNamespace(**(defaults | values)))


def add(tmp_path, text, settings, environment=None, host="rig1"):
    store, pages = Store(tmp_path / "b"), ShownPages()
    add_pip_lock(store, pages, host, text, settings, environment or sources())
    pages.write(store)
    return store


GOOD, OTHER = wheel("good"), wheel("other", "Classifier: License :: OSI Approved :: BSD License")


@pytest.fixture
def index(web):
    """A project's page with two files, and one whose checksum the page does not tell."""
    web.files |= {
        "/files/six-1.17.0-py2.py3-none-any.whl": GOOD,
        "/files/six-1.18.0-py3-none-any.whl": OTHER,
        "/simple/six/": (
            f'<a href="../../files/six-1.18.0-py3-none-any.whl#sha256={sha256(OTHER)}">b</a>'
            f'<a href="../../files/six-1.17.0-py2.py3-none-any.whl#sha256={sha256(GOOD)}">a</a>'
        ).encode(),
        "/list/": b'<a href="six-1.18.0-py3-none-any.whl">b</a> '
        b'<a href="s1/six-1.17.0-py3-none-any.whl">a</a>',
        "/list/six-1.18.0-py3-none-any.whl": OTHER,
        "/list/s1/six-1.17.0-py3-none-any.whl": GOOD,
    }
    return web


def test_the_file_of_the_lock_is_taken_and_shown(index, tmp_path):
    settings = sources(index_url=f"{index.url}/simple")
    store = add(tmp_path, lock(("Six==1.17.0", sha256(GOOD))), settings)
    page, file = store.files
    assert file.name == "six-1.17.0-py2.py3-none-any.whl"
    assert file.licence == "MIT"
    assert f"{index.url}/simple/six/{file.name}" in file.urls
    assert page.urls == (f"{index.url}/simple/six/",)
    shown = store.path(page).read_text()
    assert f'href="{file.name}#sha256={sha256(GOOD)}"' in shown
    assert "1.18.0" not in shown


def test_a_list_without_checksums_is_tried_file_by_file(index, tmp_path):
    settings = sources(no_index=True, find_links=(f"{index.url}/list/",))
    store = add(tmp_path, lock(("six==1.17.0", sha256(GOOD))), settings)
    assert [f.sha256 for f in store.files if f.kind == "wheel"] == [sha256(GOOD)]


def test_a_mirror_of_the_controllers_is_read_and_the_hosts_own_index_shown(
    index, tmp_path, monkeypatch
):
    known = Index("https://index.invalid/simple", f"{index.url}/simple")
    monkeypatch.setattr("deeprig.bundle.pip_part.default_index", lambda: known)
    store = add(tmp_path, lock(("six==1.17.0", sha256(GOOD))), sources())
    urls = {url for file in store.files for url in file.urls}
    name = "six-1.17.0-py2.py3-none-any.whl"
    assert {f"{known.url}/six/", f"{known.url}/six/{name}"} < urls


def test_two_hosts_with_other_locks_have_one_page(index, tmp_path):
    store, pages = Store(tmp_path / "b"), ShownPages()
    settings = sources(index_url=f"{index.url}/simple")
    for host, data in (("rig1", GOOD), ("rig2", OTHER)):
        text = lock(("six==1", sha256(data)))
        add_pip_lock(store, pages, host, text, settings, sources())
    pages.write(store)
    (page,) = (file for file in store.files if file.kind == "page")
    assert page.hosts == ("rig1", "rig2")
    assert store.path(page).read_text().count("<a ") == 2
    with (
        replaying(store.files, lambda f: store.path(f).open("rb"), Authority(tmp_path)) as replay,
        requests.Session() as session,
    ):
        session.trust_env = False
        replay.admit("token")
        session.proxies = {"http": f"http://deeprig:token@127.0.0.1:{replay.port}"}
        assert session.get(page.urls[0], timeout=20).text.count("<a ") == 2


def test_a_checksum_that_nobody_has_is_told(index, tmp_path):
    settings = sources(index_url=f"{index.url}/simple")
    with pytest.raises(DeeprigError, match="no source has a file of six"):
        add(tmp_path, lock(("six==1.17.0", "0" * 64)), settings)
    with pytest.raises(DeeprigError, match="no source has a file of absent"):
        add(tmp_path, lock(("absent==1", "0" * 64)), settings)


def test_a_source_archive_is_refused(web, tmp_path):
    data = b"sdist"
    web.files |= {
        "/simple/six/": f'<a href="six-1.tar.gz#sha256={sha256(data)}">a</a>'.encode(),
        "/simple/six/six-1.tar.gz": data,
    }
    settings = sources(index_url=f"{web.url}/simple")
    with pytest.raises(DeeprigError, match="no wheel"):
        add(tmp_path, lock(("six==1", sha256(data))), settings)
