"""Which repository a host gets, what proves it genuine, and what is refused."""

import http.server
import threading

import pytest

from deeprig.errors import DeeprigError
from deeprig.facts import HostFacts
from deeprig.tasks import nvidia_apt
from deeprig.tasks.nvidia_apt import AptFiles, fetch_key
from deeprig.tasks.nvidia_repository import (
    BARE_KEY,
    BASE_URL,
    PACKAGED_KEY,
    NvidiaRepositorySettings,
    choose_repository,
)

SUM = "ab" * 32
PRINT = "CD" * 20


def facts(distribution="ubuntu", release="24.04", machine="x86_64"):
    pretty = f"{distribution} {release}"
    return HostFacts(distribution, release, "c", pretty, "6", machine, "b", None, "none", ())


def choose(where, **settings):
    return choose_repository(NvidiaRepositorySettings(**settings), where)


def test_the_keyring_package_is_taken_where_its_checksum_is_known():
    chosen = choose(facts())
    assert chosen.url == f"{BASE_URL}/ubuntu2404/x86_64"
    assert chosen.keyring_url == f"{chosen.url}/cuda-keyring_1.1-1_all.deb"
    assert (chosen.is_packaged, chosen.key_path) == (True, PACKAGED_KEY)
    assert f"Signed-By: {PACKAGED_KEY}\n" in chosen.source("amd64")


def test_without_a_known_checksum_the_bare_key_is_taken_by_its_fingerprint():
    chosen = choose(facts("debian", "12"))
    assert (chosen.is_packaged, chosen.key_path) == (False, BARE_KEY)
    assert chosen.fingerprint is not None
    assert chosen.key_url == f"{BASE_URL}/debian12/x86_64/cuda-archive-keyring.gpg"
    assert f"Signed-By: {BARE_KEY}\n" in chosen.source("amd64")


@pytest.mark.parametrize(
    ("where", "settings"),
    [
        (facts(machine="aarch64"), {}),
        (facts(), {"architecture": "sbsa"}),
        (facts(), {"directory": "ubuntu2204"}),
        (facts(), {"keyring_url": "http://mirror.lab/keyring.deb"}),
    ],
)
def test_the_known_checksum_is_of_the_releases_own_package_only(where, settings):
    assert choose(where, **settings).keyring_sha256 is None


def test_a_mirror_has_nvidias_layout_and_its_package_nvidias_checksum():
    chosen = choose(facts(), base_url="http://mirror.lab/nvidia/")
    assert chosen.url == "http://mirror.lab/nvidia/ubuntu2404/x86_64"
    assert chosen.keyring_sha256 == choose(facts()).keyring_sha256


@pytest.mark.parametrize(
    "where", [facts("ubuntu", "20.04"), facts("fedora", "43"), facts(machine="riscv64")]
)
def test_a_host_without_a_known_repository_is_refused(where):
    with pytest.raises(DeeprigError, match="set directory and architecture"):
        choose(where)


def test_a_repository_that_nothing_proves_genuine_is_refused():
    unverified = facts("ubuntu", "26.04")
    with pytest.raises(DeeprigError, match="set keyring_sha256"):
        choose(unverified)
    assert choose(unverified, fingerprint=PRINT).key_path == BARE_KEY
    assert choose(unverified, keyring_sha256=SUM).key_path == PACKAGED_KEY


def test_an_unknown_release_may_be_declared_whole():
    declared = {"directory": "debian14", "architecture": "x86_64", "fingerprint": PRINT}
    assert choose(facts("debian", "14"), **declared).url == f"{BASE_URL}/debian14/x86_64"


# The bare key, fetched from a server of the test's own on loopback.


@pytest.fixture
def serve():
    """Return a function that serves bytes (or a status without any) and gives their URL."""
    answers = {}

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = answers[self.path]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def add(body, status=200):
        answers["/key"] = (status, body)
        return f"http://127.0.0.1:{server.server_port}/key"

    yield add
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.mark.parametrize("armoured", [False, True])
def test_a_bare_key_comes_binary_when_it_is_the_declared_one(serve, keys, armoured):
    url = serve(keys.gpg.export(keys.new, armoured=armoured))
    assert fetch_key(url, keys.new) == keys.gpg.export(keys.new)


def test_another_key_is_refused_and_named(serve, keys):
    with pytest.raises(DeeprigError, match=f"{keys.other}, expected {keys.new}"):
        fetch_key(serve(keys.gpg.export(keys.other)), keys.new)


def test_a_second_key_beside_the_declared_one_is_refused(serve, keys):
    with pytest.raises(DeeprigError, match="expected"):
        fetch_key(serve(keys.gpg.export(keys.new, keys.other)), keys.new)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 404, "cannot be fetched"),
        (b"<html>a login page of the proxy</html>", 200, "this is no key"),
        (b"", 200, "no key, expected"),
    ],
)
def test_what_is_no_key_is_refused(serve, body, status, reason):
    with pytest.raises(DeeprigError, match=reason):
        fetch_key(serve(body, status), PRINT)


def test_an_endless_answer_is_not_read_to_its_end(serve, monkeypatch):
    monkeypatch.setattr(nvidia_apt, "_KEY_BYTES_AT_MOST", 100)
    with pytest.raises(DeeprigError, match="too long for a key"):
        fetch_key(serve(b"x" * 101), PRINT)


def test_an_unreachable_server_is_told():
    with pytest.raises(DeeprigError, match="check the URL and the network"):
        fetch_key("http://127.0.0.1:1/key", PRINT)


# Files as the fact reads them.


def test_files_come_whole_and_paths_with_spaces_too():
    lines = ["=ZGViIHg= /etc/apt/sources.list.d/my list.list", "= /etc/apt/sources.list"]
    assert AptFiles().process(lines) == (
        ("/etc/apt/sources.list.d/my list.list", b"deb x"),
        ("/etc/apt/sources.list", b""),
    )


@pytest.mark.parametrize("line", ["=ZGV /etc/x", "=ZGViIHg="])
def test_a_damaged_answer_is_a_surprise(line):
    from pyinfra.api.exceptions import FactProcessError

    with pytest.raises(FactProcessError):
        AptFiles().process([line])
