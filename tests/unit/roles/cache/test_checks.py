"""Each check of a cache and of its clients: good where it should be, and a case that fails it."""

import importlib
import json
from types import SimpleNamespace

import pytest

from deeprig.verify.checks import Checks
from roles.cache import verify as client_checks
from roles.cache.places import FOR_APT
from roles.cache.settings import CacheSettings
from roles.cache_server.checks import keeping, serving
from roles.cache_server.checks.keeping import totals
from roles.cache_server.places import WEB_CONFIGURATION
from roles.cache_server.settings import CacheServerSettings
from tests.unit.roles.cache.declared_caches import settings, used
from tests.unit.roles.cache.test_placed import rendered

DEBIAN_FILE = "http://archive.example/debian/dists/stable/InRelease"
FROM_CACHE = f"GET {DEBIAN_FILE}\nHTTP/1.1 200 OK\nX-Deeprig-Cache: HIT\n"
UPSTREAMS_OWN = "HTTP/1.1 405 Not Allowed\r\nX-Deeprig-Upstream: 405\r\n"
STALE = "HTTP/1.1 200 OK\r\nX-Deeprig-Cache: STALE\r\nX-Deeprig-Upstream: 502\r\n"
LINE = {"id": "a", "sent_bytes": 900, "outside_bytes": "300"}


class Host:
    """Answers commands by a part of their text; the last that fits wins."""

    def __init__(self, answers=(), files=None):
        self.answers = dict(answers)
        self.files = {WEB_CONFIGURATION: rendered(WEB_CONFIGURATION, settings())} | (files or {})

    def run(self, command, *arguments):
        words = command % arguments if arguments else command
        found = [name for name in self.answers if name in words]
        assert found, words
        code, text = self.answers[found[-1]]
        return SimpleNamespace(rc=code, stdout=text, stderr="")

    def file(self, path):
        text = self.files.get(path)
        return SimpleNamespace(exists=text is not None, content_string=text)


def answers(**changes):
    """What a cache that is well says, from its own machine."""
    found = {
        "systemctl is-active": (0, "active\nenabled\n"),
        "deeprig_host.environment": (0, json.dumps({"current": "abc", "python": "3.13"})),
        "alive": (0, "HTTP/1.1 204 No Content\r\n"),
        '"GET /': (0, "HTTP/1.1 200 OK\r\n"),
        "GET /deeprig-cache/alive": (0, "HTTP/1.1 204 No Content\r\n"),
        "deeprig-no-upstream": (0, "HTTP/1.1 403 Forbidden\r\n"),
        "POST": (0, "HTTP/1.1 403 Forbidden\r\n"),
        "%2e%2e": (0, "HTTP/1.1 400 Bad Request\r\n"),
        "du -s": (0, f"{1 << 30}\t/srv\n"),
        "df ": (0, f"{50 << 30}\n"),
        "tail -n 20000": (0, json.dumps(LINE) + "\n"),
    }
    return found | changes


def outcomes(test, host, declared=None):
    check = Checks()
    test(host, declared or settings(), check)
    return {one.name: one.outcome for one in check.recorded}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    """The environment of deeprig's programs has checks, and tests, of its own."""
    monkeypatch.setattr(serving, "check_host_environment", lambda host, check: None)


ALL = (
    serving.test_the_cache_is_at_work,
    serving.test_upstreams_answer_through_it,
    serving.test_it_is_no_way_out_for_others,
    serving.test_only_the_declared_hosts_may_ask,
    keeping.test_it_keeps_within_its_bounds,
    keeping.test_what_it_saved_is_told,
)
LOG = {"/var/log/deeprig-cache/access.log": "there"}


@pytest.mark.parametrize("test", ALL)
def test_a_cache_that_is_well_passes(test):
    found = outcomes(test, Host(answers(), LOG))
    assert found
    assert set(found.values()) == {"pass"}


@pytest.mark.parametrize(
    ("test", "change", "name", "outcome"),
    [
        (ALL[0], {"is-enabled": (0, "active\ndisabled\n")}, "is at work", "fail"),
        (ALL[0], {"cache/alive": (0, "HTTP/1.1 502 Bad\r\n")}, "the cache answers", "fail"),
        (ALL[1], {"/index/": (0, "HTTP/1.1 502 Bad\r\n")}, "upstream index answers", "fail"),
        (ALL[1], {"/index/": (0, STALE)}, "upstream index answers", "fail"),
        (ALL[1], {"/index/": (124, "")}, "upstream index answers", "unknown"),
        (ALL[2], {"CONNECT": (0, "HTTP/1.1 200 OK\r\n")}, "it refuses a tunnel", "fail"),
        (ALL[2], {"CONNECT": (1, "")}, "it refuses a tunnel", "unknown"),
        (ALL[2], {"GET http": (0, "HTTP/1.1 200 OK\r\n")}, "it refuses an undeclared", "fail"),
        (ALL[2], {"GET http": (0, "HTTP/1.1 502 X\r\n")}, "it refuses an undeclared", "fail"),
        (ALL[2], {"POST": (0, "HTTP/1.1 200 OK\r\n")}, "it refuses what changes", "fail"),
        (ALL[2], {"POST": (0, UPSTREAMS_OWN)}, "it refuses what changes", "fail"),
        (ALL[2], {"%2e": (0, "HTTP/1.1 200 OK\r\n")}, "it refuses a path", "fail"),
        (ALL[4], {"du -s": (0, f"{200 << 30}\t/x\n")}, "the cache is within its size", "fail"),
        (ALL[4], {"du -s": (1, "")}, "the cache is within its size", "unknown"),
        (ALL[4], {"df ": (0, "1\n")}, "its disk has room", "fail"),
        (ALL[4], {"df ": (1, "")}, "its disk has room", "unknown"),
        (ALL[5], {"tail": (0, "nonsense\n")}, "the cache writes its log", "fail"),
        (ALL[5], {"tail": (0, "{}\n")}, "the cache writes its log", "fail"),
    ],
)
def test_what_is_wrong_with_a_cache_is_seen(test, change, name, outcome):
    found = outcomes(test, Host(answers(**change), LOG))
    assert {value for key, value in found.items() if name in key} >= {outcome}


def test_a_log_that_is_not_there_is_unknown():
    assert outcomes(ALL[5], Host(answers())) == {"the cache writes its log": "unknown"}


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        (("allow 192.0.2.0/24;", "allow 0.0.0.0/0;"), "the declared hosts may ask"),
        (("        deny all;\n", ""), "nobody else may ask"),
    ],
)
def test_a_cache_that_lets_others_in_is_seen(damage, name):
    text = rendered(WEB_CONFIGURATION, settings()).replace(*damage)
    found = outcomes(ALL[3], Host(answers(), {WEB_CONFIGURATION: text}))
    assert found[name] == "fail"


def test_slices_of_one_answer_count_once_as_sent_and_all_as_fetched():
    lines = [
        {"id": "a", "sent_bytes": 100, "outside_bytes": "60"},
        {"id": "a", "sent_bytes": 200, "outside_bytes": "50"},
        {"id": "b", "sent_bytes": 10, "outside_bytes": ""},
        {"id": "c", "sent_bytes": 5, "outside_bytes": "0, 7"},
        {"id": "d", "sent_bytes": 5, "outside_bytes": "-"},
    ]
    assert totals([json.dumps(line) for line in lines]) == (220, 117)


def test_a_host_that_is_no_cache_has_nothing_running():
    none = CacheServerSettings()
    for test in ALL:
        with pytest.raises(pytest.skip.Exception):
            outcomes(test, Host(answers()), none)
    runs = keeping.test_nothing_is_served_where_nothing_is_declared
    assert outcomes(runs, Host({"--quiet": (3, "")}), none) == {"no cache runs": "pass"}
    assert outcomes(runs, Host({"--quiet": (0, "")}), none) == {"no cache runs": "fail"}
    assert outcomes(runs, Host(), settings()) == {}


def client(**changes):
    """What a client that uses its cache says."""
    found = {
        "cache_answers": (0, ""),
        "cache_port=1": (1, ""),
        "apt-config dump": (0, f'Acquire::http::Proxy-Auto-Detect "{FOR_APT}";\n'),
        f"{FOR_APT} ": (0, "http://192.0.2.5:3142\n"),
        "--print-uris": (0, f"'{DEBIAN_FILE}' archive_InRelease 0 \n'https://a.example/x' b 0\n"),
        "apt-helper": (0, FROM_CACHE),
    }
    return found | changes


def seen(test, host, monkeypatch):
    monkeypatch.setattr(client_checks, "_used", lambda declared, request: used())
    check = Checks()
    test(host, None, None, check)
    return {one.name: one.outcome for one in check.recorded}


@pytest.mark.parametrize(
    "test", [client_checks.test_the_cache_answers, client_checks.test_apt_asks_the_cache]
)
def test_a_client_that_uses_its_cache_passes(test, monkeypatch):
    found = seen(test, Host(client()), monkeypatch)
    assert len(found) >= 2
    assert set(found.values()) == {"pass"}


@pytest.mark.parametrize(
    ("test", "change", "name", "outcome"),
    [
        ("answers", {"cache_answers": (1, "")}, "answers this host", "fail"),
        ("answers", {"cache_port=1": (0, "")}, "a cache that is down", "fail"),
        ("apt", {"apt-config": (0, "")}, "apt asks before", "fail"),
        ("apt", {f"{FOR_APT} ": (0, "")}, "archive.example is asked", "fail"),
        ("apt", {"apt-helper": (0, "HTTP/1.1 200 OK\n")}, "apt's source", "fail"),
        ("apt", {"apt-helper": (100, "Err:1 no route")}, "apt's source", "unknown"),
        (
            "apt",
            {"--print-uris": (0, "'http://o/x' y 0\n")},
            "apt has a source",
            "unknown",
        ),
        (
            "apt",
            {"--print-uris": (0, "'https://nvidia.example/compute/x' y 0 \n")},
            "apt's source",
            "fail",
        ),
    ],
)
def test_what_is_wrong_with_a_client_is_seen(test, change, name, outcome, monkeypatch):
    tests = {
        "answers": client_checks.test_the_cache_answers,
        "apt": client_checks.test_apt_asks_the_cache,
    }
    # What is asked last wins: a change comes after what it changes.
    host = Host({k: v for k, v in client().items() if k not in change} | change)
    found = seen(tests[test], host, monkeypatch)
    assert {value for key, value in found.items() if name in key} == {outcome}


def test_what_is_left_of_a_cache_that_is_declared_no_more_is_seen():
    test = client_checks.test_nothing_leads_to_a_cache_that_is_not_declared
    assert outcomes(test, Host(), CacheSettings()) == {"nothing leads to a cache": "pass"}
    left = outcomes(test, Host(files={FOR_APT: "x"}), CacheSettings())
    assert left == {"nothing leads to a cache": "fail"}
    assert outcomes(test, Host(files={FOR_APT: "x"}), CacheSettings(server="nas")) == {}


def test_every_test_of_the_checks_is_run_by_the_role():
    for name, modules in {"cache_server": (serving, keeping)}.items():
        collected = vars(importlib.import_module(f"roles.{name}.verify"))
        for module in modules:
            there = {key for key in vars(module) if key.startswith("test_")}
            assert there <= collected.keys()
