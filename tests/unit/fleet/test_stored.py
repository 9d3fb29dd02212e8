"""A comparison is kept as every report is, and shown again in every format."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from deeprig.cli import cli
from deeprig.fleet.model import FleetReport, HostState
from deeprig.report import store
from deeprig.report.html import to_page
from tests.unit.fleet.test_compare import LOST, NAMES, ODD, fleet, host, report, shown
from tests.unit.report.test_html import SCRIPT, Page

GONE = HostState("gone", "unreachable", "no connection", "is it on?")


def full():
    made = report(fleet(gpu07=ODD, gpu08=LOST), sections=("packages", "files", "cuda"))
    noted = HostState("gpu09", "read", note="without root")
    return replace(made, hosts=(*made.hosts[:8], noted, made.hosts[9], GONE), exit_code=1)


def test_what_is_stored_is_found_again(tmp_path):
    path = store.save(full(), tmp_path)
    assert path.name == "20261122T000000Z-diff-fleet.json"
    assert store.load(path) == full()
    assert store.newest(tmp_path, "diff-fleet") == path
    assert store.newest(tmp_path) == path


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": "deeprig.diff-fleet/2"}, "unknown schema"),
        ({"command": "apply"}, "unknown schema"),
        ({"hosts": [{"host": "a", "status": "well"}]}, "hosts\\[0\\].status"),
        ({"compared": "3"}, "compared: must be a whole number"),
    ],
)
def test_what_is_no_report_of_this_deeprig_is_refused_with_its_place(change, told):
    with pytest.raises(ValueError, match=told):
        FleetReport.from_json({**full().to_json(), **change})


@pytest.fixture
def again(tmp_path):
    (tmp_path / "inventory").mkdir()
    store.save(full(), tmp_path)

    def run(*arguments):
        inventory = str(tmp_path / "inventory" / "lab.py")
        done = CliRunner().invoke(cli, ["report", "-i", inventory, *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def test_it_is_shown_again_in_every_format(again):
    assert again() == shown(full())
    assert json.loads(again("--json")) == full().to_json()
    root = ElementTree.fromstring(again("--format", "junit").encode())  # noqa: S314 - our own XML
    assert root.get("name") == "deeprig diff-fleet"
    assert again("--command", "diff-fleet", "--format", "html") == to_page(full()) + "\n"


def test_the_page_has_everything_that_was_found_and_what_was_not():
    text = Page(to_page(full())).text
    for told in (
        "deeprig diff-fleet",
        "10 read",
        "1 unreachable",
        "1 of 2 keys differ",
        "1 not known",
        "gone unreachable no connection → is it on?",
        "gpu09 read without root",
        "gpu08: files: /etc/x is unknown because",
        "packages 1 differ gpu07 unlike gpu[01-06,08-10] (9 hosts)",
        "key gpu[01-06,08-10] gpu07 curl 7 8",
    ):
        assert told in text, told
    assert text.endswith("alike: cuda")  # files are not: there is one that is not known


def test_sections_that_are_alike_and_those_that_were_not_compared_are_told_apart():
    text = Page(to_page(report(fleet(), ignored=("files",)))).text
    assert "alike: packages" in text
    assert "files: not compared" in text
    assert "0 of 2 keys differ" in text


def test_more_values_than_fit_side_by_side_are_below_their_key():
    hosts = [host(name, {"packages": {"curl": f"v{name}"}}) for name in NAMES]
    page = Page(to_page(report(hosts)))
    assert "10 hosts in 10 ways" in page.text
    for name in NAMES:
        assert f"{name} v{name}" in page.text
    assert "dl" in page.tags


def test_the_page_is_whole_loads_nothing_and_runs_nothing_that_a_host_told():
    odd = host("gpu07", {"packages": {"curl": SCRIPT, SCRIPT: "1"}})
    made = report(fleet(gpu07=odd), hosts=(HostState(SCRIPT, "failed", SCRIPT, SCRIPT, SCRIPT),))
    text = to_page(made)
    page = Page(text)
    assert "<script" not in text
    assert "alert('x')" in page.text
    assert not {"src", "href", "action"} & {name for name, _ in page.attributes}
