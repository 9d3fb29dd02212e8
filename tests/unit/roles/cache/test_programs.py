"""The programs on a client, run by the real bash against a stand-in of the cache on loopback."""

import http.server
import os
import socket
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from roles.cache.places import ANSWERS, CONDARC, FOR_APT, THROUGH_CACHE, TOLD
from roles.cache.used import told_to_programs
from roles.cache_server.places import ALIVE
from tests.unit.roles.cache.declared_caches import settings, used, with_tls

ROOT = Path(__file__).parents[4] / "templates" / "cache"
SHA = "a" * 64
LOCK = f"""# solved
@EXPLICIT
https://channels.example/conda-forge/noarch/idna-3.6.conda#sha256:{SHA}
https://elsewhere.example/x-1.conda#{SHA}
"""


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers as the cache does when it is asked whether it is there."""

    def do_GET(self):
        self.send_response(self.server.status if self.path == ALIVE else 404)
        self.end_headers()

    def log_message(self, *arguments):
        """Say nothing."""


@contextmanager
def listening(status=204):
    """A stand-in on a port of its own."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.status = status
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def client(tmp_path):
    return Client(tmp_path)


class Client:
    """A machine whose files lie in a directory of the test."""

    def __init__(self, directory):
        self.directory = directory

    def place(self, port, found=None, patience_seconds=25):
        # The machine that runs this may be slow.
        cache = used(found or settings(port=port), patience_seconds=patience_seconds)
        cache = replace(cache, address="127.0.0.1")
        for path in (ANSWERS, FOR_APT, THROUGH_CACHE):
            self._write(path, (ROOT / path.lstrip("/")).read_text(encoding="utf-8"))
        self._write(TOLD, told_to_programs(cache))

    def _write(self, path, text):
        target = Path(f"{self.directory}{path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        for name in (ANSWERS, TOLD, CONDARC):
            text = text.replace(name, f"{self.directory}{name}")
        target.write_text(text, encoding="utf-8")
        target.chmod(0o755)

    def run(self, program, *words, **environment):
        clean = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        return subprocess.run(
            [f"{self.directory}{program}", *words],
            capture_output=True,
            text=True,
            env=clean | environment,
            timeout=60,
            check=False,
        )

    def tell(self, name, *words, **environment):
        """Run a command of this name through the cache; return its words and variables."""
        tool = self.directory / name
        tool.write_text(
            '#!/bin/bash\nfor f in "$@"; do if [ -f "$f" ]; then cat "$f"; fi; done\n'
            'printf "%s\\n" "$@" | sed "s/^/word /"; env | sed "s/^/env /"\n',
            encoding="utf-8",
        )
        tool.chmod(0o755)
        done = self.run(THROUGH_CACHE, str(tool), *words, **environment)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        variables = dict(line[4:].split("=", 1) for line in lines if line.startswith("env "))
        return [line[5:] for line in lines if line.startswith("word ")], variables, done.stdout


def test_apt_is_told_the_cache_for_its_upstreams_only(client):
    with listening() as port:
        client.place(port)
        told = {
            url: client.run(FOR_APT, url).stdout
            for url in (
                "http://archive.example/debian/dists/x",
                "http://ARCHIVE.example",
                "http://archive.example:80/",
                "http://other.example/debian",
                "http://archive.example.evil/",
            )
        }
    cache = f"http://127.0.0.1:{port}\n"
    assert list(told.values()) == [cache, cache, cache, "", ""]


@pytest.mark.parametrize("status", [403, 502, 200])
def test_a_cache_that_refuses_or_has_no_way_out_is_none(client, status):
    with listening(status) as port:
        client.place(port)
        done = client.run(FOR_APT, "http://archive.example/")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_port_at_which_nobody_answers_is_no_cache(client):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # It takes the connection, and says nothing: as a machine that hangs.
        port = silent.getsockname()[1]
        client.place(port, patience_seconds=1)
        done = client.run(FOR_APT, "http://archive.example/")
        assert (done.returncode, done.stdout) == (0, "")
    client.place(port)
    words, variables, _ = client.tell("pip", "http://lab.example:8000/dist/x")
    assert words == ["http://lab.example:8000/dist/x"]
    assert "CONDARC" not in variables


def test_a_lock_with_checksums_is_led_through_the_cache(client, tmp_path):
    lock = tmp_path / "env.lock"
    lock.write_text(LOCK, encoding="utf-8")
    with listening() as port:
        client.place(port)
        words, variables, seen = client.tell("conda", "create", "-p", "/x", "--file", str(lock))
    assert words[:4] == ["create", "-p", "/x", "--file"]
    assert Path(words[4]).name.endswith("env.lock")
    assert not Path(words[4]).exists()
    led = f"http://127.0.0.1:{port}/channels/conda-forge/noarch/idna-3.6.conda#sha256:{SHA}"
    assert led in seen.splitlines()
    assert f"https://elsewhere.example/x-1.conda#{SHA}" in seen.splitlines()
    assert variables["CONDARC"].endswith(CONDARC)
    assert variables["no_proxy"] == "127.0.0.1"


@pytest.mark.parametrize("line", ["https://channels.example/a-1.conda", "{}#" + "a" * 32])
def test_a_lock_without_every_checksum_has_its_files_from_the_source(client, tmp_path, line):
    url = "https://channels.example/a-1.conda"
    lock = tmp_path / "env.lock"
    lock.write_text(LOCK + line.format(url) + "\n", encoding="utf-8")
    with listening() as port:
        client.place(port)
        _, _, seen = client.tell("conda", "create", "--file", str(lock))
    assert "127.0.0.1" not in "".join(r for r in seen.splitlines() if ".conda" in r)


def pip_words(*more):
    return ("-m", "pip", "install", *more, "-r")


def test_pip_goes_through_without_tls_only_with_hashes(client, tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"six==1.17.0 --hash=sha256:{SHA}\n", encoding="utf-8")
    index = "--index-url=https://index.example/simple"
    with listening() as port:
        client.place(port)
        plain, variables, _ = client.tell("python", *pip_words(index), str(requirements))
        assert plain[3] == index
        hashed, variables, seen = client.tell(
            "python",
            *pip_words("--require-hashes", index),
            str(requirements),
            PIP_TRUSTED_HOST="mine.example",
            no_proxy="near.example",
        )
    assert hashed[3:5] == ["--require-hashes", f"--index-url=http://127.0.0.1:{port}/index"]
    assert variables["PIP_TRUSTED_HOST"] == f"mine.example 127.0.0.1:{port}"
    assert variables["PIP_CONFIG_FILE"] == "/dev/null"
    assert variables["no_proxy"] == variables["NO_PROXY"] == "near.example,127.0.0.1"
    assert f"six==1.17.0 --hash=sha256:{SHA}" in seen.splitlines()


def test_pip_has_its_default_index_through_tls_and_trusts_nobody_blindly(client, tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("six\n", encoding="utf-8")
    with listening() as port:
        client.place(port, with_tls(settings(port=port)))
        words, variables, _ = client.tell("python", *pip_words(), str(requirements))
        own, chosen, _ = client.tell(
            "python", *pip_words("--index-url=https://own.example"), str(requirements)
        )
    assert variables["PIP_INDEX_URL"] == "https://127.0.0.1:3143/index"
    assert "PIP_TRUSTED_HOST" not in variables
    assert "PIP_INDEX_URL" not in chosen
    assert "--index-url=https://own.example" in own
    assert words[:3] == ["-m", "pip", "install"]


def test_what_is_led_nowhere_keeps_the_sites_own_settings_and_lies_where_it_was(client, tmp_path):
    """A site's pip.conf names an index of its own: nothing here has another one to ask."""
    (tmp_path / "here.txt").write_text("six==1.17.0\n", encoding="utf-8")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("-r here.txt\n", encoding="utf-8")
    with listening() as port:
        client.place(port)
        words, variables, _ = client.tell("python", *pip_words(), str(requirements))
    assert words[-1] == str(requirements)
    told = {name: value for name, value in variables.items() if name.startswith("PIP_")}
    assert told == {name: os.environ[name] for name in os.environ if name.startswith("PIP_")}


def test_a_requirement_that_is_led_has_no_other_sources_beside(client, tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("x @ http://lab.example:8000/dist/x.whl\n", encoding="utf-8")
    with listening() as port:
        client.place(port)
        words, variables, seen = client.tell("python", *pip_words(), str(requirements))
    assert words[-1] != str(requirements)
    assert f"x @ http://127.0.0.1:{port}/lab/x.whl" in seen.splitlines()
    assert variables["PIP_CONFIG_FILE"] == "/dev/null"


def test_a_failure_is_tried_again_at_the_source_only_when_the_cache_is_gone(client, tmp_path):
    tool = tmp_path / "tool"
    tool.write_text(f'#!/bin/bash\necho "$1" >>{tmp_path}/asked\nexit 7\n', encoding="utf-8")
    tool.chmod(0o755)
    url = "http://lab.example:8000/dist/x"
    with listening() as port:
        client.place(port)
        assert client.run(THROUGH_CACHE, str(tool), url).returncode == 7
    led = f"http://127.0.0.1:{port}/lab/x"
    assert (tmp_path / "asked").read_text(encoding="utf-8").splitlines() == [led]

    class Once(Answers):
        """Answers one question, and then no more: as a machine that went down meanwhile."""

        def do_GET(self):
            self.server.status, told = 503, self.server.status
            self.send_response(told)
            self.end_headers()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Once) as server:
        server.status = 204
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        client.place(server.server_address[1])
        done = client.run(THROUGH_CACHE, str(tool), url)
        led = f"http://127.0.0.1:{server.server_address[1]}/lab/x"
        server.shutdown()
        thread.join()
    assert done.returncode == 7
    assert "it stopped answering" in done.stderr
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert asked[1:] == [led, url]


def test_the_words_of_a_command_stay_what_they_were(client):
    odd = ["a b", "$(touch x)", "*", "", "--file=x", "https://index.example/simple2"]
    with listening() as port:
        client.place(port)
        words, _, _ = client.tell("conda", *odd)
    assert words == odd
