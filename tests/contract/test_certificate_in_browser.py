"""The certificate in a real browser: on a desk, on a phone, in the dark, on paper, by keyboard.

What hosts said in it is made up (tests/unit/certificate/samples.py). Every measure has a spoiled
page that it must notice.
"""

import json
import re
from dataclasses import replace

import pytest

from deeprig.certificate.build import certificate_of
from deeprig.certificate.page import to_page
from deeprig.report import store
from deeprig.report.model import HostVerification
from tests.contract import chromium
from tests.contract.page_measures import (
    OPEN_ALL,
    low_contrast,
    sticking_out,
    unnamed,
    unreachable_by_keyboard,
)
from tests.unit.certificate import samples

DESK, PHONE = 1280, 400
LONG = "libcublasLt.so.13.0.2.14-" * 20


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    program = chromium.find()
    if program is None:
        pytest.skip("there is no chromium here (Debian's package; Ubuntu has it as a snap only)")
    with chromium.Browser(program, tmp_path_factory.mktemp("browser") / "profile") as running:
        yield running


def certificate(request):
    """A fleet with every verdict, texts that are far too long, and an inspection."""
    recorded = request.config.rootpath / "tests/unit/report/recorded/inspect.json"
    (inspection,) = store.load(recorded).hosts
    slow = samples.burn("fail", gpus=8)
    long = samples.document(samples.case(LONG, outcome="fail", reason=LONG), device=LONG)
    bad = samples.host(
        samples.setup("unknown"),
        samples.carrying(samples.acceptance()),
        samples.carrying(slow, "burn"),
        samples.carrying(samples.baselines(samples.comparison("fail", reason=LONG)), "baselines"),
        samples.carrying(long, LONG),
        name="rig2",
    )
    hosts = (
        samples.full_host("rig1"),
        bad,
        HostVerification("rig3", "unreachable", LONG, "is it switched on?"),
        samples.host(samples.setup(simulated=True), samples.carrying(samples.acceptance()),
                     samples.carrying(samples.burn(), "burn"), name="rig4"),
        samples.host(samples.setup(), samples.carrying(samples.smoke()), name="rig5",
                     facts=samples.CPU_FACTS),
    )  # fmt: skip
    inspections = {"rig1": inspection, "rig2": replace(inspection, host="rig2")}
    return certificate_of(samples.report(*hosts), inspections)


@pytest.fixture(scope="module")
def pages(request, tmp_path_factory):
    """The files of the fleet and of each machine, by name."""
    directory = tmp_path_factory.mktemp("pages")
    made = certificate(request)
    texts = {"fleet": to_page(made)}
    texts |= {host.host: to_page(made.of_hosts((host.host,))) for host in made.hosts}
    for name, text in texts.items():
        (directory / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: directory / f"{name}.html" for name in texts}


PAGES = ("fleet", "rig1", "rig2", "rig3", "rig4")
every_page = pytest.mark.parametrize("name", PAGES)


@pytest.fixture
def spoiled(pages, tmp_path):
    """Return a page with one thing spoiled."""

    def spoil(style="", **replaced):
        text = pages["rig1"].read_text()
        for before, after in replaced.values():
            assert before in text
            text = text.replace(before, after)
        target = tmp_path / "spoiled.html"
        target.write_text(text.replace("</style>", f"{style}</style>"))
        return target

    return spoil


@every_page
@pytest.mark.parametrize("width", [DESK, PHONE])
def test_it_fits_the_window_closed_and_open(browser, pages, name, width):
    browser.show(pages[name], width)
    assert sticking_out(browser) == []
    browser.evaluate(OPEN_ALL)
    assert sticking_out(browser) == []


def test_a_page_that_is_too_wide_is_noticed(browser, spoiled):
    browser.show(spoiled("h1 { width: 1400px }"), DESK)
    assert sticking_out(browser)
    browser.show(spoiled(".stack th, .stack td { white-space: nowrap !important }"), PHONE)
    assert sticking_out(browser)


@every_page
def test_it_asks_for_nothing_and_complains_of_nothing(browser, pages, name):
    browser.show(pages[name], DESK)
    browser.evaluate(OPEN_ALL)
    assert browser.requests() == [pages[name].as_uri()]
    assert browser.complaints() == []


def test_a_page_that_wants_something_is_noticed(browser, spoiled):
    picture = ("<body>", '<body><img src="https://192.0.2.1/x.png" alt="x">')
    browser.show(spoiled(picture=picture), DESK)
    assert browser.complaints()  # its own policy forbids it
    browser.show(spoiled(script=("<body>", "<body><script>window.x = 1</script>")), DESK)
    assert browser.complaints()
    assert browser.evaluate("window.x") is None


@every_page
@pytest.mark.parametrize("is_dark", [False, True])
def test_every_text_has_contrast(browser, pages, name, is_dark):
    browser.show(pages[name], DESK, is_dark=is_dark)
    browser.evaluate(OPEN_ALL)
    assert low_contrast(browser) == []


def test_a_text_without_contrast_is_noticed(browser, spoiled):
    for style in ("dt { color: #a0a0a0 }", "svg.figure text { fill: #b0b0b0 !important }"):
        browser.show(spoiled(style), DESK)
        assert low_contrast(browser), style


@every_page
def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(browser, pages, name):
    browser.show(pages[name], DESK)
    if name != "fleet":  # a fleet's are hundreds; its closed page has all kinds of them
        browser.evaluate(OPEN_ALL)
    assert unreachable_by_keyboard(browser) == []


def test_what_the_keyboard_does_not_reach_or_show_is_noticed(browser, spoiled):
    browser.show(spoiled(":focus-visible { outline: none !important }"), DESK)
    assert any("has no ring" in wrong for wrong in unreachable_by_keyboard(browser))
    browser.show(spoiled(order=('class="skip"', 'class="skip" tabindex="-1"')), DESK)
    assert any("leads to" in wrong for wrong in unreachable_by_keyboard(browser))


def test_the_first_tab_skips_to_the_content_and_enter_opens_details(browser, pages):
    browser.show(pages["rig1"], DESK)
    browser.press("Tab", code=9)
    assert browser.evaluate("document.activeElement.className") == "skip"
    browser.press("Enter", code=13, text="\r")
    assert browser.evaluate("location.hash") == "#main"
    browser.press("Tab", code=9)
    assert browser.evaluate("document.activeElement.closest('main') !== null")
    assert browser.evaluate("document.activeElement.tagName") == "SUMMARY"
    browser.press("Enter", code=13, text="\r")
    assert browser.evaluate("document.activeElement.parentElement.open")


@every_page
def test_a_screen_reader_is_told_everything(browser, pages, name):
    browser.show(pages[name], DESK)
    assert unnamed(browser) == []
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    images = [node for node in nodes if node.get("role", {}).get("value") == "image"]
    assert all(node["name"]["value"].strip() for node in images)
    assert bool(images) == (name != "rig3")


def test_a_picture_without_a_name_is_noticed(browser, spoiled):
    browser.show(spoiled(name=("aria-labelledby", "aria-nothing")), DESK)
    assert unnamed(browser)
    browser.show(spoiled(heading=("<h1>", "<h6>"), end=("</h1>", "</h6>")), DESK)
    assert unnamed(browser)


@every_page
def test_on_paper_it_is_a4_and_dark_on_white_whatever_the_screen_likes(
    browser, pages, name, tmp_path
):
    browser.show(pages[name], DESK, is_dark=True)
    browser.paper(tmp_path / "page.pdf")
    boxes = re.findall(rb"/MediaBox \[([^]]+)\]", (tmp_path / "page.pdf").read_bytes())
    sizes = {tuple(round(float(number)) for number in box.split()) for box in boxes}
    assert sizes == {(0, 0, 595, 842)}
    if name != "fleet":
        assert len(boxes) <= 14
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.call("Emulation.setEmulatedMedia", media="print", features=dark)
    assert low_contrast(browser, is_paper=True) == []
    assert sticking_out(browser) == []


def test_it_says_the_same_without_colours_and_to_the_accessibility_tree(browser, pages):
    """The verdict is a word that a screen reader reads, the sign beside it is not."""
    browser.show(pages["rig2"], DESK)
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    texts = [node["name"]["value"] for node in nodes if node.get("name", {}).get("value")]
    assert "failed" in [text.lower() for text in texts]
    assert "\u2715" not in "".join(
        json.dumps(text, ensure_ascii=False) for text in texts if len(text) == 1
    )
