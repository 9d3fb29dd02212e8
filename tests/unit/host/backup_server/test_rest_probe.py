"""What is asked of a REST server, of stand-ins that are good and bad in each way."""

import base64
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from deeprig_host.backup_server.places import HTPASSWD_FILE, OPEN_HTPASSWD_FILE, PROBE_FILE
from deeprig_host.backup_server.rest_probe import USER, ask_rest, open_rest
from deeprig_host.machine.refusal import Refused


class StandIn(BaseHTTPRequestHandler):
    """A REST server; ``allows`` are faults: nobody, change, delete, others, losing."""

    def log_message(self, *arguments):
        """Print nothing."""

    def answer(self, code, body=b""):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refusal(self):
        allows, files = self.server.allows, self.server.files
        is_other = not self.path.startswith(f"/{USER}/")
        if self.headers["Authorization"] != self.server.token and "nobody" not in allows:
            return 401
        if is_other and "others" not in allows:
            return 403
        if self.command == "DELETE" and "delete" not in allows:
            return 403
        if self.command == "POST" and self.path in files and "change" not in allows:
            return 403
        return None

    def do_GET(self):
        found = self.server.files.get(self.path)
        self.answer(self.refusal() or (200 if found is not None else 404), found or b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        code = self.refusal()
        if code is None and "losing" not in self.server.allows:
            self.server.files[self.path] = body
        self.answer(code or 200)

    def do_DELETE(self):
        code = self.refusal()
        if code is None:
            self.server.files.pop(self.path, None)
        self.answer(code or 200)


@pytest.fixture
def server(machine):
    path = machine.path(HTPASSWD_FILE)
    path.parent.mkdir(parents=True)
    path.write_text("rig3:$2b$05$x\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as made:
        made.daemon_threads = False
        made.allows, made.files = set(), {f"/{USER}/config": b"", "/another-client/config": b"x"}
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        made.url = f"http://127.0.0.1:{made.server_port}"
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def opened(machine, server, monkeypatch):
    """The server, after its unit wrote who may come in; the group is the machine's business."""
    monkeypatch.setattr("deeprig_host.backup_server.rest_probe.os.geteuid", lambda: 1000)
    open_rest(machine)
    password = machine.text(PROBE_FILE)
    token = base64.b64encode(f"{USER}:{password}".encode()).decode()
    server.token = f"Basic {token}"
    return server


def bad(machine, server):
    return [one.what for one in ask_rest(machine, server.url) if not one.is_good]


def test_a_server_that_only_adds_is_good_each_time(machine, opened):
    assert bad(machine, opened) == []
    assert bad(machine, opened) == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("nobody", ["it asks for a password"]),
        ("delete", ["it adds", "it changes nothing", "it deletes nothing"]),
        ("change", ["it adds", "it changes nothing", "it deletes nothing"]),
        ("losing", ["it adds", "it changes nothing", "it deletes nothing"]),
        ("others", ["others' repositories are closed"]),
    ],
)
def test_each_fault_is_found(machine, opened, fault, expected):
    opened.allows = {fault}
    assert bad(machine, opened) == expected


def test_who_may_come_in_is_the_declared_and_the_probe(machine, opened):
    declared, probe = machine.path(OPEN_HTPASSWD_FILE).read_text().splitlines()
    assert declared == "rig3:$2b$05$x"
    password = machine.text(PROBE_FILE)
    digest = base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()  # noqa: S324
    assert probe == f"{USER}:{{SHA}}{digest}"
    modes = {p: machine.path(p).stat().st_mode & 0o777 for p in (PROBE_FILE, OPEN_HTPASSWD_FILE)}
    assert modes == {PROBE_FILE: 0o600, OPEN_HTPASSWD_FILE: 0o640}
    open_rest(machine)
    assert machine.text(PROBE_FILE) != password


def test_a_server_that_does_not_answer_or_was_not_started_is_told(machine, server, monkeypatch):
    monkeypatch.setattr("deeprig_host.backup_server.rest_probe._START_SECONDS", 0)
    with pytest.raises(Refused, match="was not started by its unit"):
        ask_rest(machine, server.url)
    machine.path(PROBE_FILE).parent.mkdir(parents=True)
    machine.path(PROBE_FILE).write_text("x\n")
    with pytest.raises(Refused, match="does not answer"):
        ask_rest(machine, "http://127.0.0.1:1")
    machine.path(HTPASSWD_FILE).unlink()
    with pytest.raises(Refused, match="is not there"):
        open_rest(machine)
