"""Real servers on loopback that take what the notifier sends."""

import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class WebServer(ThreadingHTTPServer):
    """Takes requests; ``status``, ``headers`` and ``hangs_up`` say how it answers."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Take)
        self.requests = []
        self.status = 200
        self.headers = {}
        self.hangs_up = False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Take(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        if self.server.hangs_up:
            return
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_GET(self):
        self.do_POST()

    def log_message(self, *_):
        """Say nothing."""


class MailServer(socketserver.ThreadingTCPServer):
    """A small SMTP server (RFC 5321): enough of it for smtplib to deliver, or to be refused."""

    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Smtp)
        self.letters = []
        self.recipients = []
        self.refuses = {}

    @property
    def port(self):
        return self.server_address[1]


class _Smtp(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 simulated mail server")
        for line in self.rfile:
            words = line.decode().strip()
            verb = words.split()[0].upper() if words else ""
            told = next((t for key, t in self.server.refuses.items() if words.startswith(key)), "")
            if told:
                self.say(told)
            elif verb == "EHLO":
                self.say("250 simulated")
            elif verb == "DATA":
                self.say("354 go on")
                self.server.letters.append(self.letter())
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                if verb == "RCPT":
                    self.server.recipients.append(words)
                self.say("250 ok")

    def letter(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line)
        return b"".join(lines)


def _served(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def web():
    yield from _served(WebServer())


@pytest.fixture
def other_web():
    yield from _served(WebServer())


@pytest.fixture
def smtp():
    yield from _served(MailServer())


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """What the machine of the tests has of proxies is none of theirs."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
