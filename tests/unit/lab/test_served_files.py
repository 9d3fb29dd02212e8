"""Directories are served read-only, each under its name, and nothing outside them."""

import socket
import urllib.error
import urllib.request

import pytest

from deeprig.lab.served_files import serve, served_path


@pytest.fixture
def url(tmp_path):
    """Serve tmp_path/dist as `dist`; yield the URL."""
    (tmp_path / "dist/sub").mkdir(parents=True)
    (tmp_path / "dist/a+b.whl").write_bytes(b"wheel" * 1_000_000)
    (tmp_path / "secret").write_text("secret")
    listening = socket.create_server(("127.0.0.1", 0))
    logged = []
    stop = serve(listening, {"dist": str(tmp_path / "dist")}, logged.append)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    stop()
    assert logged


def fetch(url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=20) as answer:
        return answer.read()


def test_files_arrive_whole_and_listings_link_them(url):
    assert fetch(f"{url}/dist/a%2Bb.whl") == b"wheel" * 1_000_000
    listing = fetch(f"{url}/dist/").decode()
    assert 'href="a%2Bb.whl"' in listing
    assert 'href="sub/"' in listing


@pytest.mark.parametrize(
    "path", ["/", "/other/x", "/dist/../secret", "/dist/%2e%2e/secret", "/dist/x"]
)
def test_nothing_else_is_served(url, path):
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(url + path)
    assert caught.value.code == 404
    caught.value.close()


def test_a_name_that_is_served_later_is_found():
    directories = {}
    assert served_path("/late/x", directories) == "/nonexistent/"
    directories["late"] = "/srv/late"
    assert served_path("/late/x?y", directories) == "/srv/late/x"
    assert served_path("/late/", directories) == "/srv/late/"
