"""What is asked of a host, and what its answers mean: the programs that are sent run here."""

import os
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from roles.monitoring.checks.samples import samples, value_of
from roles.monitoring.facts import HasOldConfiguration

RELOADED = "prometheus_config_last_reload_success_timestamp_seconds"


def answer(command, **environment):
    done = subprocess.run(
        ["sh", "-c", str(command)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def file_of_age(path, seconds):
    path.write_text("x")
    os.utime(path, (time.time() - seconds,) * 2)
    return str(path)


@pytest.fixture
def server():
    """A server that says when it last read its configuration: ``told`` is its answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.server.told.encode())

        def log_message(self, *arguments):
            pass

    found = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


@pytest.mark.parametrize(("age", "is_old"), [(100, True), (1000, False)])
def test_a_configuration_is_old_where_the_file_is_younger_than_its_reading(
    server, tmp_path, age, is_old
):
    head = f"# HELP {RELOADED} Timestamp.\n# TYPE {RELOADED} gauge\n"
    server.told = f"{head}{RELOADED} {time.time() - 500}\nother 1\n"
    file = file_of_age(tmp_path / "prometheus.yml", age)
    fact = HasOldConfiguration()
    url = f"http://127.0.0.1:{server.server_port}/metrics"
    # A proxy of the environment is not for the machine's own addresses.
    lines = answer(fact.command(url, (file,)), http_proxy="http://127.0.0.1:9")
    assert fact.process(lines) is is_old


def test_a_server_that_does_not_answer_reads_it_when_it_starts(tmp_path):
    file = file_of_age(tmp_path / "prometheus.yml", 0)
    assert answer(HasOldConfiguration().command("http://127.0.0.1:9/metrics", (file,))) == []


TEXT = """# HELP deeprig_x Something with a value: 7
# TYPE deeprig_x gauge
deeprig_x{part="a",where="with } and \\" in it"} 1.5
deeprig_x{part="b"} NaN
deeprig_xy 3
deeprig_one 1.7e+09
deeprig_timed 4 1700000000000
"""


def test_samples_of_a_metric_are_read_with_their_labels():
    first, second = samples(TEXT, "deeprig_x")
    assert first.labels == {"part": "a", "where": 'with } and \\" in it'}
    assert first.value == 1.5
    assert second.value != second.value
    assert value_of(TEXT, "deeprig_one") == 1.7e9
    assert value_of(TEXT, "deeprig_timed") == 4


def test_a_metric_without_one_value_has_none():
    assert value_of(TEXT, "deeprig_x") is None
    assert value_of(TEXT, "deeprig_no") is None
