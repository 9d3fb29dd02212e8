"""The page: complete, self-contained, and obeying nothing that a host printed."""

import re
from html.parser import HTMLParser

import pytest

from deeprig.report.html import to_page
from deeprig.report.model import HostRun, HostVerification
from tests.unit.report import samples

SCRIPT = "<script>alert('x')</script> & \"quoted\" \x1b[31mred\x1b[0m"
VOID = {"meta", "br"}
every_report = pytest.mark.parametrize(
    "make", [samples.full_apply, samples.full_plan, samples.full_verify]
)


class Page(HTMLParser):
    """Collects tags, attributes and visible text, and checks that tags are closed in order."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.texts, self._open = [], [], [], []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


@every_report
def test_the_page_is_whole_and_loads_nothing(make):
    text = to_page(make())
    page = Page(text)
    names = {name for name, _ in page.attributes}
    assert not {"src", "href", "action", "srcset", "data"} & names
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert "url(" not in text
    assert "@import" not in text
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_it_suits_phones_printers_and_dark_rooms():
    text = to_page(samples.full_verify())
    assert 'name="viewport"' in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_scripts_of_hosts_are_text():
    check = samples.check("fail", SCRIPT, evidence=SCRIPT, environment=SCRIPT,
                          data={"device": SCRIPT, "metrics": {SCRIPT: SCRIPT}})  # fmt: skip
    passed = samples.check("pass", evidence=SCRIPT)
    run = HostRun(
        SCRIPT, "failed", reason=SCRIPT, remedy=SCRIPT, in_operation=SCRIPT, simulated=(SCRIPT,),
        facts={"pretty_name": SCRIPT},
        operations=(
            samples.operation("failed", SCRIPT, commands=(SCRIPT,), output=SCRIPT),
            samples.operation("not run", SCRIPT),
        ),
    )  # fmt: skip
    for report in (samples.verify_report(samples.verified(check, passed)), samples.run_report(run)):
        text = to_page(report)
        assert "<script" not in text
        assert "\x1b" not in text
        assert "<script>alert('x')</script> & \"quoted\" red" in Page(text).text


def test_verify_shows_checks_evidence_metrics_and_what_is_simulated():
    text = Page(to_page(samples.full_verify())).text
    assert "1 passed 1 failed 1 unreachable 3 checks pass 1 fail 1 unknown 1 not applicable" in text
    assert "base: conda works simulated 26.3.2" in text
    assert "device cuda:0 accuracy 0.978 macro recall 0.977 macro f1 0.978" in text
    assert "loss final 0.00042" in text
    assert "is UTC, declared Europe/Berlin" in text
    assert samples.LONG_EVIDENCE.strip() in text
    assert f"{samples.UNREACHABLE_REASON} → {samples.UNREACHABLE_REMEDY}" in text
    assert "Debian GNU/Linux 12 (bookworm) · 6.1.0-32-amd64 · x86_64 · 20.0 s" in text
    assert "exit code 1" in text


def test_apply_shows_roles_failures_and_what_was_not_run():
    text = Page(to_page(samples.full_apply())).text
    assert "1 ok 1 failed 1 unreachable 1 interrupted 3 changed" in text
    assert "role changed failed unchanged seconds base 1 0 1 9.8 conda 1 0 0 12.0" in text
    assert "$ mkdir -p /opt/conda $ /opt/conda/bin/conda create -p /opt/conda/g/1" in text
    assert "simulated conda: the conda command is the tests' stand-in" in text
    assert "interrupted while in base: Install packages" in text
    assert "not run: Say hello" in text


def test_failures_and_planned_diffs_are_open_and_the_rest_is_folded():
    def is_open(report):
        found = re.findall(r"<details( open)?><summary>(.+)", to_page(report))
        return {name: bool(state) for state, name in found}

    assert is_open(samples.full_apply())["conda: Build an environment"]
    assert not is_open(samples.full_apply())["conda: Install conda"]
    assert is_open(samples.full_plan())["base: Say who manages it"]


def test_a_diff_is_coloured_line_by_line():
    text = to_page(samples.full_plan())
    assert '<span class="added">+managed by us</span>' in text
    assert '<span class="removed">-managed by hand</span>' in text
    assert '<span class="place">@@ -1,2 +1,2 @@</span>' in text
    assert '<span class="same"> Welcome</span>' in text


@pytest.mark.parametrize(
    "facts", [{}, {"pretty_name": "Debian"}, {"kernel": "6.1"}, {"kernel": None, "items": 1}]
)
def test_missing_facts_do_not_matter(facts):
    hosts = (HostVerification.of_checks("rig1", (samples.check("pass"),), facts=facts),)
    assert "rig1" in Page(to_page(samples.verify_report(*hosts))).text


def test_no_host_is_said():
    assert "No host was asked." in Page(to_page(samples.verify_report())).text
    assert "No host was asked." in Page(to_page(samples.run_report())).text


def test_undecodable_bytes_can_be_written_as_utf8():
    check = samples.check("fail", evidence="byte \udcff")
    to_page(samples.verify_report(samples.verified(check))).encode("utf-8")
