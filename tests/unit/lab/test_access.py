"""What the hosts may reach and must trust comes from the controller's own configuration."""

import http.server
import subprocess
import threading

import pytest

from deeprig.lab import access

PAGE = """<a href="https://files.example/packages/pip-1.whl#sha256=0">pip-1.whl</a>
<A HREF='../../local/pip-2.whl'>x</A> <a href="https://cdn.example:8443/p?a=1&amp;b=2">y</a>"""


def test_indexes_are_read_from_pips_configuration():
    configured = (
        ":env:.index-url='https://one.example/simple'\n"
        "global.extra-index-url='file:///opt/simple https://two.example/simple'\n"
        "user.extra-index-url='\\nhttps://three.example/simple\\nhttp://four.example/simple'\n"
        "global.find-links='https://no.example/'\nglobal.proxy='http://no.example'\n"
    )
    assert access.index_urls(configured) == (
        "https://one.example/simple",
        "https://two.example/simple",
        "https://three.example/simple",
        "http://four.example/simple",
    )


def test_an_index_page_tells_where_the_files_are():
    hosts = access.linked_hosts(PAGE, "https://index.example/simple/pip/")
    assert hosts == {"files.example", "index.example", "cdn.example"}


class Index(http.server.BaseHTTPRequestHandler):
    """Serves the page of the project that every index has."""

    def do_GET(self):
        is_known = self.path == "/simple/pip/"
        self.send_response(200 if is_known else 404)
        self.end_headers()
        self.wfile.write(PAGE.encode() if is_known else b"")

    def log_message(self, *arguments):
        """Keep the test's output clean."""


@pytest.fixture
def index():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def allowed_with(monkeypatch, configured):
    notes = []
    answers = {"-m": configured, "-c": "default.example files.default.example\n"}
    monkeypatch.setattr(access, "_ask_pip", lambda *arguments: answers[arguments[0]])
    monkeypatch.setattr(access, "run", lambda command, what: "http://apt.example/debian\n")
    return access.allowed_hosts(notes.append), notes


def test_the_file_hosts_of_a_configured_index_are_learnt_from_it(monkeypatch, index):
    hosts, notes = allowed_with(monkeypatch, f"global.index-url='{index}/simple/'\n")
    assert hosts == (
        *("127.0.0.1", "apt.example", "cdn.example", "default.example"),
        *("files.default.example", "files.example"),
    )
    assert notes == []


def test_an_index_that_cannot_be_read_is_told_and_still_allowed(monkeypatch, index):
    hosts, notes = allowed_with(monkeypatch, f"global.index-url='{index}/private'\n")
    assert "127.0.0.1" in hosts
    assert "where 127.0.0.1 keeps its files is not known" in notes[0]
    assert "--allow-host" in notes[0]


def test_the_controllers_own_package_sources_are_allowed():
    subprocess.run(["apt-get", "--version"], check=True, capture_output=True)
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(URI)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    hosts = access.allowed_hosts()
    assert hosts
    assert all(url.split("/")[2] in hosts for url in targets.split() if url.startswith("http"))


def test_source_hosts_of_an_image(tmp_path):
    sources = tmp_path / "etc/apt/sources.list.d"
    sources.mkdir(parents=True)
    (tmp_path / "etc/apt/sources.list").write_text("deb http://one.example/debian x main\n")
    (sources / "two.sources").write_text("URIs: https://two.example:8080/debian\n")
    assert access.source_hosts(tmp_path) == ("one.example", "two.example")


def test_extra_certificates_are_those_the_distribution_does_not_ship(tmp_path):
    pem = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----"
    (tmp_path / "known").mkdir()
    (tmp_path / "known/a.crt").write_text(pem.format("AAAA"))
    bundle = tmp_path / "bundle.crt"
    bundle.write_text("\n".join(pem.format(body) for body in ("AAAA", "BBBB")))
    assert access.extra_certificates(bundle, tmp_path / "known") == (pem.format("BBBB"),)
    assert access.extra_certificates(tmp_path / "none", tmp_path) == ()


@pytest.mark.parametrize(("capabilities", "is_free"), [("000001ffffffffff", True), ("0", False)])
def test_limits_are_stated_only_where_hosts_cannot_exceed_them(tmp_path, capabilities, is_free):
    status = tmp_path / "status"
    status.write_text(f"Name:\tx\nCapEff:\t{capabilities}\n")
    assert (access.highest_limits(status) == {}) is is_free
