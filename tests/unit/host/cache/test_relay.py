"""The cache's way out, between real sockets: directly, and through a proxy that tells its part."""

import asyncio
import json
import threading
from contextlib import suppress

import pytest
from deeprig_host.cache import outside
from deeprig_host.cache.__main__ import BAD_DECLARATION, FAILED, main
from deeprig_host.cache.declared import BadDeclaration, SiteProxy, Upstream, upstreams_of
from deeprig_host.cache.outside import head_for_proxy, open_upstream
from deeprig_host.cache.relay import answering, say_alive

BODY = b"x" * 300_000


def declaration(**changes):
    told = {
        "http_proxy": "http://ada:h%40sh@proxy.example:3128",
        "https_proxy": None,
        "no_proxy": ["near.example", ".lab.example"],
        "upstreams": {"debian": "http://archive.example/debian", "index": "https://index.example"},
    }
    return json.dumps(told | changes)


def test_a_declaration_says_which_way_leads_to_an_upstream():
    debian, index = upstreams_of(declaration())
    assert (debian.authority, debian.is_tls, index.authority) == (
        "archive.example:80",
        False,
        "index.example:443",
    )
    assert debian.proxy == SiteProxy("proxy.example", 3128, "ada:h@sh")
    assert debian.proxy.authorization == ("Proxy-Authorization: Basic YWRhOmhAc2g=",)
    assert index.proxy is None


@pytest.mark.parametrize(
    ("host", "is_near"),
    [
        ("near.example", True),
        ("a.near.example", True),
        ("x.lab.example", True),
        ("unnear.example", False),
        ("near.example.org", False),
    ],
)
def test_who_is_near_is_asked_without_the_proxy(host, is_near):
    (found,) = upstreams_of(declaration(upstreams={"x": f"http://{host}/y"}))
    assert (found.proxy is None) is is_near


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        declaration(upstreams={"../x": "http://a.example"}),
        declaration(upstreams={"x": "ftp://a.example"}),
        declaration(http_proxy="https://p.example"),
        '{"upstreams": {"x": "http://a.example"}}',
    ],
)
def test_a_bad_declaration_is_refused(text):
    with pytest.raises(BadDeclaration):
        upstreams_of(text)


def test_the_program_tells_a_bad_declaration_and_a_missing_one(tmp_path, capsys):
    file = tmp_path / "way-out.json"
    assert main([str(file), str(tmp_path)]) == FAILED
    file.write_text("{}", encoding="utf-8")
    assert main([str(file), str(tmp_path)]) == BAD_DECLARATION
    assert "cannot be read" in capsys.readouterr().err


def test_a_request_for_a_proxy_names_the_whole_url():
    (debian,) = upstreams_of(declaration(upstreams={"debian": "http://archive.example/debian"}))
    head = b"GET /debian/a%2Bb HTTP/1.1\r\nHost: archive.example\r\nConnection: close\r\n\r\n"
    first, second, *rest = head_for_proxy(head, debian).split(b"\r\n")
    assert first == b"GET http://archive.example/debian/a%2Bb HTTP/1.1"
    assert second.startswith(b"Proxy-Authorization: Basic ")
    assert rest == [b"Host: archive.example", b"Connection: close", b"", b""]
    with pytest.raises(ValueError, match="no request for a path"):
        head_for_proxy(b"CONNECT a:443 HTTP/1.1\r\n\r\n", debian)


class Server:
    """Answers each connection once, and remembers what it was asked."""

    def __init__(self, answer):
        self.answer = answer
        self.seen = []

    async def take(self, reader, writer):
        with suppress(asyncio.IncompleteReadError):
            self.seen.append(await reader.readuntil(b"\r\n\r\n"))
            for part in self.answer:
                if part is None:
                    self.seen.append(await reader.readuntil(b"\r\n\r\n"))
                else:
                    writer.write(part)
                    await writer.drain()
        writer.close()


async def asked(tmp_path, upstream, request=b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n"):
    """Ask the relay of an upstream, and return all that comes back."""
    path = str(tmp_path / "x.sock")
    server = await asyncio.start_unix_server(answering(upstream), path)
    try:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(request)
        found = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        return found
    finally:
        server.close()


async def listening(stand_in):
    server = await asyncio.start_server(stand_in.take, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


def run(coroutine):
    """Run in a thread of its own: the tests' event loop may be another's."""
    found = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(coroutine)))
    thread.start()
    thread.join()
    return found[0]


def test_an_upstream_is_reached_directly(tmp_path):
    async def scene():
        stand_in = Server([b"HTTP/1.1 200 OK\r\n\r\n", BODY])
        server, port = await listening(stand_in)
        async with server:
            found = await asked(tmp_path, Upstream("x", "127.0.0.1", port, False, None))
        return found, stand_in.seen

    found, seen = run(scene())
    assert found.endswith(BODY)
    assert seen[0].startswith(b"GET /x HTTP/1.1")


def test_plain_http_goes_through_the_sites_proxy_by_its_url(tmp_path):
    async def scene():
        stand_in = Server([b"HTTP/1.1 200 OK\r\n\r\n", BODY])
        server, port = await listening(stand_in)
        proxy = SiteProxy("127.0.0.1", port, "ada:hush")
        async with server:
            found = await asked(tmp_path, Upstream("x", "archive.example", 80, False, proxy))
        return found, stand_in.seen

    found, seen = run(scene())
    assert found.endswith(BODY)
    assert seen[0].startswith(b"GET http://archive.example/x HTTP/1.1\r\nProxy-Authorization: ")


def test_tls_goes_through_the_sites_proxy_in_a_tunnel_untouched(tmp_path):
    async def scene():
        stand_in = Server([b"HTTP/1.1 200 Connection established\r\n\r\n", None, BODY])
        server, port = await listening(stand_in)
        proxy = SiteProxy("127.0.0.1", port)
        async with server:
            upstream = Upstream("x", "index.example", 443, True, proxy)
            found = await asked(tmp_path, upstream, b"not http: \x16\x03\x01\r\n\r\n")
        return found, stand_in.seen

    found, seen = run(scene())
    assert found == BODY
    assert seen == [
        b"CONNECT index.example:443 HTTP/1.1\r\nHost: index.example:443\r\n\r\n",
        b"not http: \x16\x03\x01\r\n\r\n",
    ]


def test_what_cannot_be_reached_ends_the_connection_with_its_reason(tmp_path, capsys):
    async def scene():
        refusing = Server([b"HTTP/1.1 403 Forbidden\r\n\r\n"])
        server, port = await listening(refusing)
        proxy = SiteProxy("127.0.0.1", port)
        async with server:
            first = await asked(tmp_path, Upstream("x", "index.example", 443, True, proxy))
        second = await asked(tmp_path, Upstream("y", "127.0.0.1", port, False, None))
        return first, second

    assert run(scene()) == (b"", b"")
    told = capsys.readouterr().err.splitlines()
    assert "403 Forbidden" in told[0]
    assert told[1].startswith("y: ")


def test_a_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    async def never(*_):
        await asyncio.Event().wait()

    monkeypatch.setattr(outside, "CONNECT_SECONDS", 0.01)
    monkeypatch.setattr(outside, "_open", never)

    async def scene():
        with pytest.raises(OSError, match="does not answer"):
            await open_upstream(Upstream("x", "127.0.0.1", 1, False, None))
        return True

    assert run(scene())


def test_whoever_asks_learns_that_there_is_a_way_out(tmp_path):
    async def scene():
        path = str(tmp_path / "is.alive")
        server = await asyncio.start_unix_server(say_alive, path)
        async with server:
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            found = await reader.read()
            writer.close()
        return found

    assert run(scene()).startswith(b"HTTP/1.1 204 ")
