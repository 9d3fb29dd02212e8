"""The page: whole, self-contained, escaped, and telling every outcome in words."""

import copy
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from deeprig.certificate.build import certificate_of
from deeprig.certificate.model import Certificate, Source
from deeprig.certificate.page import to_page
from deeprig.report import store
from deeprig.report.model import HostVerification
from tests.unit.certificate import samples

RECORDED = Path(__file__).parents[1] / "report" / "recorded"
SCRIPT = "<script>alert('x')</script> & \"quoted\" \x1b[31mred\x1b[0m"
SEEN = "<script>alert('x')</script> & \"quoted\" red"
#: HTML has no end for these; of SVG the page closes each.
VOID = {"meta"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that tags are closed in order."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.texts, self._open = [], [], [], []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def inspection():
    (host,) = store.load(RECORDED / "inspect.json").hosts
    return host


def fleet():
    """Six machines: proven, failed, unreachable, simulated, without GPU, not trained."""
    slow = samples.burn("fail")
    hosts = (
        samples.full_host("rig1"),
        samples.host(samples.setup(), samples.carrying(samples.acceptance()),
                     samples.carrying(slow, "burn"), name="rig2"),
        HostVerification("rig3", "unreachable", "no answer within 10 s", "is it switched on?"),
        samples.host(samples.setup(simulated=True), samples.carrying(samples.acceptance()),
                     samples.carrying(samples.burn(), "burn"), name="rig4"),
        samples.host(samples.setup(), samples.carrying(samples.smoke()), name="rig5",
                     facts=samples.CPU_FACTS),
        samples.host(samples.setup(), name="rig6"),
    )  # fmt: skip
    sources = (Source("verify", "20261121T200000Z-verify.json", "ab" * 32),)
    return certificate_of(samples.report(*hosts), {"rig1": inspection()}, sources)


def one(name="rig1"):
    return fleet().of_hosts((name,))


every_page = pytest.mark.parametrize("make", [fleet, one, lambda: one("rig3"), lambda: one("rig6")])


@every_page
def test_the_page_is_whole_and_loads_nothing(make):
    text = to_page(make())
    page = Page(text)
    assert text.startswith("<!doctype html>")
    assert not {"src", "action", "srcset", "data", "xlink:href"} & {n for n, _ in page.attributes}
    assert all(value.startswith("#") for name, value in page.attributes if name == "href")
    assert not {"script", "link", "img", "iframe", "object", "use"} & set(page.tags)
    assert "url(" not in text
    assert "@import" not in text
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


@every_page
def test_ids_are_unique_and_every_reference_leads_somewhere(make):
    attributes = Page(to_page(make())).attributes
    ids = [value for name, value in attributes if name == "id"]
    assert len(ids) == len(set(ids))
    wanted = {value[1:] for name, value in attributes if name == "href"}
    wanted |= {i for name, value in attributes if name == "aria-labelledby" for i in value.split()}
    assert wanted <= set(ids)


def everywhere(value, path=()):
    """Yield the place of every text of a document that is free to say anything."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from everywhere(inner, (*path, key))
    elif isinstance(value, str) and path[-1] not in ("schema", "outcome", "better"):
        yield path


def test_scripts_of_hosts_are_text_wherever_they_stand():
    for make in (samples.acceptance, samples.burn):
        document = make()
        for path in everywhere(document):
            target = document
            for key in path[:-1]:
                target = target[key]
            target[path[-1]] = SCRIPT
        curves = document["cases"][1 if make is samples.acceptance else 0]["curves"]
        document["cases"][0]["curves"] = {SCRIPT + name: line for name, line in curves.items()}
        document["versions"] = {SCRIPT: SCRIPT}
        document["cases"][0]["data"] = {SCRIPT: SCRIPT}
        check = samples.carrying(document, SCRIPT, evidence=SCRIPT)
        comparison = samples.comparison(test=SCRIPT, reason=SCRIPT, change=SCRIPT, against=SCRIPT)
        facts = dict.fromkeys(samples.FACTS, SCRIPT)
        host = samples.host(check, samples.carrying(samples.baselines(comparison), SCRIPT),
                            name=SCRIPT, facts=facts)  # fmt: skip
        sources = (Source("verify", SCRIPT, SCRIPT),)
        for hosts in ((host,), (host, host)):
            text = to_page(certificate_of(samples.report(*hosts), {}, sources))
            assert "<script" not in text
            assert "\x1b" not in text
            assert SEEN in Page(text).text


def test_the_verdict_comes_first_and_says_on_what():
    text = Page(to_page(one())).text
    assert text.index("proven 25 checks passed, none failed") < text.index("What is proven")
    assert "pytorch trained on cuda:0 NVIDIA GeForce RTX 4090" in text
    assert "Its hardware, for use \u201cexperiment\u201d: \u2715 does not fit" in text


def test_every_case_stands_there_with_its_outcome_in_words():
    text = Page(to_page(one())).text
    for name in (*samples.LIFE, *samples.GPU):
        assert re.search(rf"{name}.{{0,60}}(pass|skip)", text), name
    assert "the cards have no peer access (chipset)" in text


def test_what_failed_is_told_before_what_was_skipped():
    text = Page(to_page(one("rig2"))).text
    told = text[text.index("What is not, and why") :]
    assert told.index("burn fail: a reason") < told.index("the cards have no peer access")


def test_a_set_up_that_fails_is_told_and_what_does_not_apply_is_folded():
    idle = samples.setup("not applicable", environment="idle")
    host = samples.host(samples.setup("fail"), idle, samples.carrying(samples.acceptance()))
    text = Page(to_page(certificate_of(samples.report(host), {}))).text
    told = text[text.index("What is not, and why") : text.index("Hardware")]
    assert "nvidia_driver: the driver is loaded \u2715 fail 580.105.08 is loaded" in told
    assert "One check of the set-up does not apply to this machine" in told


def test_simulated_parts_are_named_beside_the_verdict():
    text = Page(to_page(one("rig4"))).text
    assert "Simulated, not real: these prove nothing about this machine." in text
    assert text.index("nvidia_driver: the driver is loaded") < text.index("What is proven")
    assert "Simulated, not real" not in Page(to_page(one())).text


def test_curves_have_names_descriptions_and_tables():
    page = Page(to_page(one()))
    assert page.tags.count("svg") == page.tags.count("desc") == page.tags.count("figure")
    text = page.text
    assert "training: from 2.33 to 0.05163, lowest 0.05163, highest 2.33" in text
    assert "GPU 1: from 38 \u00b0C to 76 \u00b0C" in text
    assert "Loss in numbers" in text
    assert "Temperature in numbers" in text


def test_the_burn_is_told_by_its_start_and_its_end():
    text = Page(to_page(one())).text
    assert "GPU 0 158.4 TFLOP/s 157.7 TFLOP/s \u22120.5 % 72 \u00b0C 2565 MHz 434 W" in text
    assert (
        "GPU 1 NVIDIA GeForce RTX 4090; clocks held down by (samples): software_power_cap 212"
        in text
    )
    assert "90 % of the start: 142.5 TFLOP/s" in text


def test_comparisons_name_what_changed_since():
    text = Page(to_page(one())).text
    assert "158.2 TFLOP/s 158.9 TFLOP/s median of 6, spread 1.4 \u22120.4 %" in text
    assert "since then: driver 580.95 -> 580.105" in text


def test_the_stack_is_told_from_the_driver_to_the_packages():
    text = Page(to_page(one())).text
    told = text[text.index("Software system Debian GNU/Linux 13 (trixie) kernel 6.12.48-amd64") :]
    assert "nvidia_driver: the driver is loaded \u2713 pass 580.105.08 is loaded" in told
    assert "CUDA it was built with 13.0 GPUs it sees NVIDIA GeForce RTX 4090, NVIDIA" in told
    assert "torch 2.13.0 numpy 2.4.1 nvidia-cudnn-cu13 9.13.0.50" in told


def test_sources_can_be_checked():
    certificate = one()
    text = Page(to_page(certificate)).text
    assert f"20261121T200000Z-verify.json SHA-256 {'ab' * 32}" in text
    assert certificate.hosts[0].trainings[0].sha256 in text


def test_the_fleet_has_the_odd_ones_first_and_every_machine():
    page = to_page(fleet())
    order = re.findall(r'<a href="#host-\d+">(rig\d)', page)
    assert order == ["rig2", "rig3", "rig6", "rig4", "rig1", "rig5"]
    assert "Of 6 machines: 2 proven, 1 simulated, 2 not proven, 1 failed." in Page(page).text
    opened = re.findall(r'<details class="host-block" id="host-(\d)"( open)?', page)
    assert [bool(is_open) for _, is_open in opened] == [True] * 4 + [False] * 2


def test_the_slower_twin_is_told_by_its_distance_to_the_median():
    slow = samples.burn()
    curves = slow["cases"][0]["curves"]
    curves["GPU 1 throughput_tflops"] = [v * 0.9 for v in curves["GPU 1 throughput_tflops"]]
    odd = samples.host(samples.setup(), samples.carrying(samples.acceptance()),
                       samples.carrying(slow, "burn"), name="rig9")  # fmt: skip
    hosts = (samples.full_host("rig1"), samples.full_host("rig2"), odd)
    page = to_page(certificate_of(samples.report(*hosts), {}))
    assert re.findall(r'<a href="#host-\d+">(rig\d)', page) == ["rig9", "rig1", "rig2"]
    assert "141.9 TFLOP/s \u221210.0 %" in Page(page).text


def test_machines_with_other_gpus_are_no_twins():
    other = samples.acceptance()
    other["device"] = "cuda:0 NVIDIA L4"
    checks = (samples.setup(), samples.carrying(other), samples.carrying(samples.burn(), "burn"))
    hosts = (samples.full_host("rig1"), samples.host(*checks, name="rig2"))
    page = to_page(certificate_of(samples.report(*hosts), {}))
    assert page.count('data-label="difference">\u2013</td>') == 2


def test_no_machine_is_no_proof_and_has_a_page():
    text = Page(to_page(certificate_of(samples.report(), {}))).text
    assert "not proven No machine was verified." in text


def test_a_stored_certificate_makes_the_same_page():
    certificate = fleet()
    again = Certificate.from_json(copy.deepcopy(certificate.to_json()))
    assert to_page(again) == to_page(certificate)


def test_a_document_full_of_strange_numbers_has_a_page():
    document = samples.burn()
    case = document["cases"][0]
    case["curves"] = {
        "GPU 0 seconds": [0, 1, None, "nan", 4, 4, 2],
        "GPU 0 temperature_c": [None, None, None, None, None],
        "GPU 0 power_w": [300.0, 300.0, 300.0],
        "GPU 0 clock_mhz": [1e300, -1e300, 0.0, float("inf"), 5.0],
        "GPU 0 throughput_tflops": [0.0, 0.0],
        "odd one": [1, 2, 3],
        "empty": [],
        "text": "no list",
    }
    host = samples.host(samples.setup(), samples.carrying(document, "burn"))
    certificate = certificate_of(samples.report(host), {})
    assert certificate.verdict == "not proven"
    assert "text: must be a list of numbers" in Page(to_page(certificate)).text


def test_surrogates_can_be_written():
    host = replace(samples.full_host(), host="rig\udcff")
    to_page(certificate_of(samples.report(host), {})).encode()


def test_a_burn_in_a_frameworks_document_has_its_own_part():
    document = samples.acceptance()
    document["cases"] += samples.burn()["cases"]
    host = samples.host(samples.setup(), samples.carrying(document))
    page = to_page(certificate_of(samples.report(host), {}))
    titles = re.findall(r"<h2>([^<]+)</h2>", page)
    runs = ["pytorch 2.13.0 in environment torch", "Under load"]
    assert [title for title in titles if title in runs] == runs
    text = Page(page).text
    assert text.index("All 21 cases") < text.index("GPU 1 158") < text.index("The case, with")
    assert text.count("raw data: note 1") == 2


@pytest.mark.parametrize("number", [10**400, -(10**400), 1e308, float("inf")], ids=range(4))
def test_a_number_of_one_host_never_keeps_the_others_from_their_page(number):
    document = samples.smoke(samples.DEVICE)
    document |= {"seed": number}
    document["cases"][2] |= {
        "seconds": number,
        "curves": {"loss": [number, 1.0, -number], "seconds": [0.0, 1.0, number]},
        "measurements": [{"name": "accuracy", "value": number, "unit": "", "better": "higher"}],
    }
    strange = samples.host(samples.setup(), samples.carrying(document), name="rig2")
    certificate = certificate_of(samples.report(samples.full_host(), strange), {})
    assert certificate.hosts[0].verdict == "proven"
    assert (certificate.hosts[1].verdict == "proven") is (number == 1e308)
    assert "rig1" in Page(to_page(certificate)).text
