"""The proxy answers from a bundle alone, also under names of servers that want TLS."""

import base64
import socket
import ssl

import pytest
import requests

from deeprig.bundle.authority import Authority
from deeprig.bundle.model import Manifest
from deeprig.bundle.proxy import MOST_NOTED, replaying
from deeprig.bundle.store import Store
from deeprig.errors import DeeprigError


@pytest.fixture
def replay(tmp_path):
    """A proxy over a bundle with a few files."""
    store = Store(tmp_path / "b")
    store.write(
        "deb", "g++_12.deb", b"g" * 100_000, host="rig1", urls=("http://m.test/g++_12.deb",)
    )
    store.write("wheel", "six.whl", b"six", host="rig1", urls=("https://index.test/six.whl",))
    store.write("wheel", "ten.whl", b"ten", host="rig1", urls=("https://192.0.2.7:8443/ten.whl",))
    manifest = Manifest("", "", (), store.files)
    with replaying(
        manifest.files, lambda file: store.path(file).open("rb"), Authority(tmp_path)
    ) as server:
        yield server


def proxy_of(server, token="0a" * 16):
    """Return the URL with which one may ask."""
    server.admit("0a" * 16)
    return f"http://deeprig:{token}@127.0.0.1:{server.port}"


@pytest.fixture
def get(replay, tmp_path):
    """Return a function that asks through the proxy, trusting its authority alone."""
    certificate = tmp_path / "ca.pem"
    certificate.write_text(replay.authority.pem)
    proxy = proxy_of(replay)
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(certificate)
        session.proxies = {"http": proxy, "https": proxy}
        yield lambda url, method="GET": session.request(method, url, timeout=20)


def test_files_are_had_under_their_urls(get):
    assert get("http://m.test/g%2b%2b_12.deb").content == b"g" * 100_000
    assert get("https://index.test/six.whl").content == b"six"
    assert get("https://192.0.2.7:8443/ten.whl").content == b"ten"
    head = get("https://index.test/six.whl", "HEAD")
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "3", b"")


def test_several_requests_go_over_one_connection(get, replay):
    for _ in range(20):
        assert get("https://index.test/six.whl").status_code == 200
    assert len(replay.clients) <= 2  # the connection, and itself inside TLS


def test_what_is_not_in_it_is_told_and_remembered(get, replay):
    for url in ("http://m.test/other.deb", "https://elsewhere.test/six.whl"):
        answer = get(url)
        assert answer.status_code == 404
        assert f"{url} is not in this bundle" in answer.text
    assert replay.lacked == {"http://m.test/other.deb", "https://elsewhere.test/six.whl"}
    assert get("https://index.test/six.whl").content == b"six"


def test_nobody_trusts_it_who_was_not_told_to(replay):
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"https": proxy_of(replay)}
        with pytest.raises(requests.exceptions.SSLError):
            session.get("https://index.test/six.whl", timeout=20)


def test_a_certificate_is_for_one_name(tmp_path):
    authority = Authority(tmp_path)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cadata=authority.pem)
    client = context.wrap_bio(to_client, to_server, server_hostname="other.test")
    server = authority.context_for("index.test").wrap_bio(to_server, to_client, server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    with pytest.raises(ssl.SSLWantReadError):
        server.do_handshake()
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        client.do_handshake()


def test_an_open_connection_does_not_hold_up_the_end(tmp_path):
    with replaying((), lambda file: None, Authority(tmp_path)) as server:
        idle = socket.create_connection(("127.0.0.1", server.port))
        half = socket.create_connection(("127.0.0.1", server.port))
        server.admit("t")
        login = base64.b64encode(b"deeprig:t")
        half.sendall(
            b"CONNECT index.test:443 HTTP/1.1\r\nProxy-Authorization: Basic " + login + b"\r\n\r\n"
        )
        assert half.recv(100).startswith(b"HTTP/1.1 200")
    assert idle.recv(1) == b""
    idle.close()
    half.close()


def test_a_fault_of_the_bundle_itself_is_noted(tmp_path):
    store = Store(tmp_path / "b")
    store.write("deb", "a.deb", b"a", host="rig1", urls=("http://m.test/a.deb",))

    def fail(file):
        raise DeeprigError("it is not whole", place=file.path)

    with replaying(store.files, fail, Authority(tmp_path)) as server:
        proxies = {"http": proxy_of(server)}
        with pytest.raises(requests.RequestException):
            requests.get("http://m.test/a.deb", timeout=20, proxies=proxies)
    assert "it is not whole" in server.failures[0]


def ask_raw(server, request):
    """Send bytes as any user of a host can; return the whole answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(1 << 16), b""))


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET http://m.test/g++_12.deb HTTP/1.1",
        b"HEAD http://m.test/\x1b]0;owned\x07 HTTP/1.1",
        b"CONNECT index.test:443 HTTP/1.1",
        b"GET http://x:99999/ HTTP/1.1",
        b"GET /etc/passwd HTTP/1.1",
    ],
)
@pytest.mark.parametrize("login", [b"", b"Proxy-Authorization: Basic ZGVlcHJpZzp4\r\n"])
def test_whoever_was_not_told_the_token_has_nothing_and_leaves_nothing(replay, request_line, login):
    proxy_of(replay)
    answer = ask_raw(replay, request_line + b"\r\nHost: m.test\r\n" + login + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 407 ")
    assert b"ggg" not in answer
    assert (replay.lacked, replay.failures) == (set(), [])


def test_a_wrong_token_is_no_login(replay):
    answer = requests.get(
        "http://m.test/g++_12.deb", timeout=20, proxies={"http": proxy_of(replay, "0b" * 16)}
    )
    assert answer.status_code == 407


def test_what_is_no_url_is_only_lacked(get, replay):
    proxy_of(replay)
    login = base64.b64encode(b"deeprig:" + b"0a" * 16)
    head = b" HTTP/1.1\r\nConnection: close\r\nProxy-Authorization: Basic " + login + b"\r\n\r\n"
    for url in (b"http://x:99999/", b"http://[", b"/etc/passwd"):
        assert ask_raw(replay, b"GET " + url + head).startswith(b"HTTP/1.1 404 ")
    assert replay.lacked == {"http://x:99999/", "http://[", "/etc/passwd"}
    assert replay.failures == []


@pytest.mark.parametrize("now", [b"g" * 300_000 + b"!" * 300_000, b"g" * 10, b"!" * 900_000])
def test_what_changed_since_it_was_checked_is_not_had(tmp_path, now):
    store = Store(tmp_path / "b")
    store.write("deb", "a.deb", b"g" * 600_000, host="rig1", urls=("http://m.test/a.deb",))
    opener = lambda file: store.path(file).open("rb")  # noqa: E731
    with replaying(store.files, opener, Authority(tmp_path)) as server, requests.Session() as asks:
        asks.trust_env = False
        asks.proxies = {"http": proxy_of(server)}
        assert asks.get("http://m.test/a.deb", timeout=20).content == b"g" * 600_000
        store.path(store.files[0]).write_bytes(now)
        with pytest.raises(requests.RequestException):
            asks.get("http://m.test/a.deb", timeout=20)
    assert "it has changed since" in server.failures[0]


def test_what_is_noted_is_bounded(replay):
    for number in range(MOST_NOTED + 5):
        replay.note_lacked(f"http://m.test/{number}/{'x' * 10_000}")
    assert len(replay.lacked) == MOST_NOTED
    assert max(map(len, replay.lacked)) < 10_000
