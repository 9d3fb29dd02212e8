"""Downloads are verified against a checksum; a wrong one leaves nothing behind."""

import functools
import hashlib
import http.server
import threading

import pytest

from deeprig.errors import DeeprigError
from deeprig.fetch import fetch

DATA = b"installer" * 1000
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "site"
    root.mkdir()
    (root / "a.sh").write_bytes(DATA)
    (root / "a.sh.sha256").write_text(f"{SHA}  a.sh\n")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(root))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield root, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_stated_checksum_is_verified(site, tmp_path):
    path = fetch(f"{site[1]}/a.sh", SHA, tmp_path / "cache")
    assert path.read_bytes() == DATA


def test_the_publishers_checksum_is_used_where_none_is_stated(site, tmp_path):
    assert fetch(f"{site[1]}/a.sh", None, tmp_path / "cache").read_bytes() == DATA


def test_a_second_fetch_takes_the_cached_file(site, tmp_path):
    first = fetch(f"{site[1]}/a.sh", SHA, tmp_path / "cache")
    (site[0] / "a.sh").unlink()
    assert fetch(f"{site[1]}/a.sh", SHA, tmp_path / "cache") == first


def test_a_spoilt_cached_file_is_fetched_again(site, tmp_path):
    fetch(f"{site[1]}/a.sh", SHA, tmp_path / "cache").write_bytes(b"spoilt")
    assert fetch(f"{site[1]}/a.sh", SHA, tmp_path / "cache").read_bytes() == DATA


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(site, tmp_path):
    with pytest.raises(DeeprigError, match="expected 0000"):
        fetch(f"{site[1]}/a.sh", "0" * 64, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_changed_file_beside_its_old_checksum_is_refused(site, tmp_path):
    (site[0] / "a.sh").write_bytes(DATA + b"evil")
    with pytest.raises(DeeprigError, match="thrown away"):
        fetch(f"{site[1]}/a.sh", None, tmp_path / "cache")


def test_a_missing_file_names_the_url_and_a_remedy(site, tmp_path):
    with pytest.raises(DeeprigError, match=r"b\.sh") as caught:
        fetch(f"{site[1]}/b.sh", SHA, tmp_path / "cache")
    assert "check the URL" in str(caught.value)


def test_a_checksum_file_without_a_checksum(site, tmp_path):
    (site[0] / "a.sh.sha256").write_text("<html>not found</html>")
    with pytest.raises(DeeprigError, match="no SHA-256"):
        fetch(f"{site[1]}/a.sh", None, tmp_path / "cache")
