"""The lab's proxy, against real servers on the loopback."""

import asyncio

import pytest

from deeprig.lab.proxy import Proxy
from deeprig.lab.proxy_request import parse_head
from deeprig.lab.streams import close
from deeprig.lab.upstream import Upstream, upstream_for
from tests.unit.lab.loopback import answering, exchange, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch):
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def through_proxy(origin, *sent, allowed=("127.0.0.1",), before=None):
    """Run a proxy and an origin; return what the client got, with {port} filled in."""
    logged = []

    async def run():
        proxy = Proxy(set(allowed), logged.append)
        async with serving(origin) as port, serving(proxy.answer) as proxy_port:
            if before:
                before(port)
            parts = [part.replace(b"{port}", str(port).encode()) for part in sent]
            return await exchange(proxy_port, *parts)

    return asyncio.run(run()), logged


def test_a_plain_request_reaches_its_origin_in_origin_form():
    seen = []
    request = (
        b"GET http://127.0.0.1:{port}/a?b=c HTTP/1.1\r\nHost: x\r\nProxy-Connection: y\r\n\r\n"
    )
    got, _ = through_proxy(answering(OK, seen), request)
    assert got == OK
    assert seen == [b"GET /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]


def test_a_body_is_passed_on_and_what_follows_it_is_not():
    seen = []
    post = b"POST http://127.0.0.1:{port}/ HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
    smuggled = b"GET http://not-allowed.example/ HTTP/1.1\r\n\r\n"
    got, _ = through_proxy(answering(OK, seen), post + smuggled)
    assert got == OK
    assert len(seen) == 1
    assert seen[0].endswith(b"\r\n\r\nhello")


def test_a_large_answer_arrives_whole_though_requests_are_pipelined():
    """apt sends its next requests ahead: closing over them must not cut the answer."""
    body = b"x" * 30_000_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n" + body
    request = b"GET http://127.0.0.1:{port}/ HTTP/1.1\r\n\r\n"
    got, _ = through_proxy(answering(answer, []), request * 400)
    assert len(got) == len(answer)


def test_a_tunnel_carries_bytes_both_ways():
    async def echo(reader, writer):
        writer.write((await reader.readexactly(4)).upper())
        await close(writer)

    got, _ = through_proxy(echo, b"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n", b"ping")
    assert got == b"HTTP/1.1 200 Connection established\r\n\r\nPING"


@pytest.mark.parametrize("request_line", [b"GET http://evil.example/", b"CONNECT evil.example:443"])
def test_a_host_that_is_not_on_the_list_is_refused_with_the_remedy(request_line):
    seen = []
    got, logged = through_proxy(answering(OK, seen), request_line + b" HTTP/1.1\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"evil.example is not on this lab's list" in got
    assert b"--allow-host evil.example" in got
    assert seen == []
    assert "403" in logged[-1]


def test_a_host_that_does_not_answer_is_a_bad_gateway():
    got, _ = through_proxy(answering(OK, []), b"GET http://127.0.0.1:1/ HTTP/1.1\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 502 ")
    assert b"127.0.0.1:1 cannot be reached" in got


@pytest.mark.parametrize(
    "head",
    [
        b"nonsense",
        b"GET /no-proxy-request HTTP/1.1",
        b"GET https://127.0.0.1/ HTTP/1.1",
        b"GET http://127.0.0.1:99999/ HTTP/1.1",
        b"POST http://127.0.0.1/ HTTP/1.1\r\nTransfer-Encoding: chunked",
        b"POST http://127.0.0.1/ HTTP/1.1\r\nContent-Length: -1",
        b"GET http://127.0.0.1/" + b"a" * 200_000,
    ],
)
def test_what_is_no_proxy_request_is_a_bad_request(head):
    got, _ = through_proxy(answering(OK, []), head + b"\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 400 ")


def test_the_controllers_own_proxy_is_used(monkeypatch):
    """A controller behind a proxy passes requests on to it, whole and with its login."""
    seen = []

    def before(port):
        monkeypatch.setenv("http_proxy", f"http://ann:s%40crt@127.0.0.1:{port}")

    request = b"GET http://archive.example/x HTTP/1.1\r\nProxy-Authorization: no\r\n\r\n"
    origin = answering(OK, seen)
    got, _ = through_proxy(origin, request, allowed=["archive.example"], before=before)
    assert got == OK
    assert seen == [
        b"GET http://archive.example/x HTTP/1.1\r\n"
        b"Proxy-Authorization: Basic YW5uOnNAY3J0\r\nConnection: close\r\n\r\n"
    ]


@pytest.mark.parametrize(("status", "expected"), [(b"200 OK", b"200 "), (b"407 Login", b"502 ")])
def test_a_tunnel_goes_through_the_controllers_own_proxy(monkeypatch, status, expected):
    seen = []

    def before(port):
        monkeypatch.setenv("https_proxy", f"127.0.0.1:{port}")

    origin = answering(b"HTTP/1.1 " + status + b"\r\n\r\n", seen)
    connect = b"CONNECT index.example:443 HTTP/1.1\r\n\r\n"
    got, _ = through_proxy(origin, connect, allowed=["index.example"], before=before)
    assert got.startswith(b"HTTP/1.1 " + expected)
    assert seen[0].startswith(b"CONNECT index.example:443 HTTP/1.1\r\n")


def test_no_proxy_is_honoured(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert upstream_for("http", "outside.example") == Upstream("proxy.example", 3128)
    assert upstream_for("http", "inside.example") is None
    assert upstream_for("https", "outside.example") is None


def test_a_host_name_is_compared_without_regard_to_case():
    assert parse_head(b"CONNECT Mirror.Example:443 HTTP/1.1\r\n\r\n").host == "mirror.example"
