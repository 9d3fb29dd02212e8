"""The verdict: a skipped case is no pass, unknown is no pass, and every worsening changes it."""

import copy
from dataclasses import replace
from pathlib import Path

import pytest

from deeprig.certificate.build import certificate_of, host_certificate
from deeprig.certificate.claim import VERDICTS, Claim
from deeprig.certificate.model import Certificate
from deeprig.certificate.read_training import read_training
from deeprig.report import store
from deeprig.report.model import HostVerification
from tests.unit.certificate import samples

RECORDED = Path(__file__).parents[1] / "report" / "recorded"


def verdict(*checks, facts=samples.FACTS):
    return host_certificate(samples.host(*checks, facts=facts), None).verdict


def acceptance(change=lambda document: None, *, burn=None, setup=None):
    """Return the verdict over full evidence, after a change of its training document."""
    document = samples.acceptance()
    change(document)
    return verdict(
        setup or samples.setup(),
        samples.carrying(document, outcome="pass"),
        samples.carrying(burn or samples.burn(), "burn", outcome="pass"),
    )


def named(document, name):
    return next(case for case in document["cases"] if case["name"] == name)


def test_all_evidence_of_an_acceptance_is_proof():
    assert acceptance() == "proven"
    assert host_certificate(samples.full_host(), None).verdict == "proven"


def test_a_smoke_on_a_machine_without_gpu_is_proof_of_its_cpu():
    checks = (samples.setup(), samples.carrying(samples.smoke()))
    assert verdict(*checks, facts=samples.CPU_FACTS) == "proven"


ALL_CASES = [case["name"] for case in samples.acceptance()["cases"]]


@pytest.mark.parametrize("name", ALL_CASES)
def test_a_case_that_fails_fails_the_machine(name):
    def fail(document):
        found = named(document, name)
        found.update(outcome="fail", reason="the loss does not fall")

    assert acceptance(fail) == "failed"


@pytest.mark.parametrize("name", ALL_CASES)
@pytest.mark.parametrize("word", ["passed", "PASS", "ok", "", None, True, 1, ["pass"], "unknown"])
def test_an_outcome_that_is_no_outcome_is_never_a_pass(name, word):
    def garble(document):
        named(document, name)["outcome"] = word

    assert acceptance(garble) == "not proven"


@pytest.mark.parametrize("name", ["cnn", "reload", "device_use"])
def test_without_what_is_essential_nothing_is_proven(name):
    def skip(document):
        named(document, name).update(outcome="skip", reason="no reason to run it", checks=[])

    def leave_out(document):
        document["cases"].remove(named(document, name))

    assert acceptance(skip) == "not proven"
    assert acceptance(leave_out) == "not proven"


def test_a_skipped_case_never_counts_as_a_pass():
    def skip_all(document):
        for case in document["cases"]:
            case.update(outcome="skip", reason="it cannot run here", checks=[])

    assert acceptance(skip_all) == "not proven"
    assert acceptance(burn=samples.burn("skip")) == "not proven"


def test_what_is_not_essential_may_be_skipped_and_is_told():
    def skip(document):
        named(document, "export").update(outcome="skip", reason="no onnx here", checks=[])

    assert acceptance(skip) == "proven"
    document = samples.acceptance()
    skip(document)
    host = samples.host(samples.setup(), samples.carrying(document),
                        samples.carrying(samples.burn(), "burn"))  # fmt: skip
    made = host_certificate(host, None)
    skipped = [item for claim in made.claims for item in claim.of("skip")]
    assert [(item.name, item.evidence) for item in skipped] == [
        ("export", "no onnx here"),
        ("peer_to_peer", "the cards have no peer access (chipset)"),
    ]
    assert "2 could not run here and prove nothing" in made.summary


@pytest.mark.parametrize(
    "change",
    [
        {"is_cut": True}, {"is_cut": None}, {"outcome": "fail"}, {"outcome": "pass?"},
        {"cases": []}, {"cases": None}, {"cases": ["cnn"]}, {"cases": {}}, {"versions": []},
        {"device": None}, {"device": "cpu"}, {"profile": None}, {"profile": 3},
    ],
)  # fmt: skip
def test_a_document_that_is_cut_or_strange_proves_nothing(change):
    assert acceptance(lambda document: document.update(change)) in ("failed", "not proven")


@pytest.mark.parametrize("name", ["cnn", "sgd", "device_use", "compile"])
def test_a_pass_that_its_checks_do_not_prove_is_none(name):
    assert acceptance(lambda d: named(d, name).update(checks=[])) == "not proven"
    assert acceptance(lambda d: named(d, name)["checks"][0].update(is_good=False)) == "failed"
    for word in (1, "true", None):
        changed = acceptance(lambda d, w=word: named(d, name)["checks"][0].update(is_good=w))
        assert changed == "failed"


def test_a_skip_with_a_bad_check_is_a_fail():
    assert acceptance(lambda d: named(d, "export").update(
        outcome="skip", reason="not today", checks=[samples.check(is_good=False)]
    )) == "failed"  # fmt: skip


@pytest.mark.parametrize("word", [True, None, 0, "no"])
def test_only_a_plain_no_is_a_run_that_was_not_cut(word):
    assert read_training({**samples.smoke(), "is_cut": word}, None).is_cut
    assert not read_training({**samples.smoke(), "is_cut": False}, None).is_cut


def test_a_skip_or_a_fail_without_a_reason_is_no_skip():
    empty = {"outcome": "skip", "reason": "", "checks": []}
    assert acceptance(lambda d: named(d, "export").update(empty)) == "not proven"
    assert acceptance(lambda d: named(d, "export").update(outcome="fail", reason="")) == "failed"


@pytest.mark.parametrize(("outcome", "expected"), [("fail", "failed"), ("unknown", "not proven")])
def test_the_set_up_counts(outcome, expected):
    assert acceptance(setup=samples.setup(outcome)) == expected


def test_a_profile_that_nobody_knows_has_to_prove_as_much_as_acceptance():
    document = samples.smoke(samples.DEVICE)
    assert verdict(samples.setup(), samples.carrying(document)) == "proven"
    document["profile"] = "quick"
    assert verdict(samples.setup(), samples.carrying(document)) == "not proven"


def test_an_acceptance_without_its_burn_is_not_proven():
    assert verdict(samples.setup(), samples.carrying(samples.acceptance())) == "not proven"


def test_a_burn_of_the_cpu_is_none_of_a_machine_with_gpus():
    checks = [samples.check("CPU: worked to the end")]
    assert acceptance(burn=samples.burn(checks=checks)) == "not proven"


def test_a_burn_may_stand_in_the_document_of_a_framework():
    """As 'deeprig verify' puts it (deeprig/verify/training/burn.py)."""
    document = samples.acceptance()
    document["cases"] += samples.burn()["cases"]
    checks = (samples.setup(), samples.carrying(document))
    made = host_certificate(samples.host(*checks), None)
    assert made.verdict == "proven"
    assert {claim.key: claim.answer for claim in made.claims}["burn"] == "proven"
    assert [part.name for part in made.trainings[0].parts()] == [
        "pytorch in environment torch",
        "burn in environment torch",
    ]
    document["cases"][-1].update(outcome="unknown", reason="the burn gave no answer", checks=[])
    assert verdict(samples.setup(), samples.carrying(document, outcome="unknown")) == "not proven"


def test_a_machine_with_a_gpu_that_trained_on_its_cpu_is_not_proven():
    assert verdict(samples.setup(), samples.carrying(samples.smoke())) == "not proven"


def inspected(outcome):
    """Return the recorded inspection, with this outcome of its rule on GPUs."""
    (recorded,) = store.load(RECORDED / "inspect.json").hosts
    remedy = None if outcome == "pass" else "add a GPU"
    findings = tuple(
        replace(f, outcome=outcome, remedy=remedy) if f.rule == "gpu.present" else f
        for f in recorded.audit.findings
    )
    return replace(recorded, audit=replace(recorded.audit, findings=findings))


@pytest.mark.parametrize(
    ("facts", "rule", "device", "has_gpu"),
    [
        ({}, "fail", "cpu", None), ({}, "pass", "cpu", True), ({}, "unknown", "cpu", None),
        (samples.CPU_FACTS, "pass", "cpu", True), (samples.CPU_FACTS, "fail", "cpu", None),
        (samples.CPU_FACTS, "unknown", "cpu", False),
        (samples.CPU_FACTS, "fail", samples.DEVICE, True), (samples.FACTS, "fail", "cpu", True),
    ],
)  # fmt: skip
def test_any_evidence_of_a_gpu_is_enough_and_none_needs_somebodys_word(
    facts, rule, device, has_gpu
):
    checks = (samples.setup(), samples.carrying(samples.smoke(device)))
    made = host_certificate(samples.host(*checks, facts=facts), inspected(rule))
    assert made.has_gpu is has_gpu


@pytest.mark.parametrize(
    ("facts", "count", "rule", "has_gpu"),
    [
        (samples.CPU_FACTS, 1, "unknown", True), (samples.CPU_FACTS, 2, "fail", True),
        ({}, 1, "unknown", True), ({}, 0, "unknown", False), (samples.CPU_FACTS, 0, "fail", False),
        (samples.FACTS, 0, "fail", True),
    ],
)  # fmt: skip
def test_the_inventory_says_whether_there_should_be_a_gpu(facts, count, rule, has_gpu):
    checks = (samples.setup(), samples.carrying(samples.smoke()))
    host = replace(samples.host(*checks, facts=facts), gpu_count=count)
    made = host_certificate(host, inspected(rule))
    assert made.has_gpu is has_gpu
    assert made.verdict == ("not proven" if has_gpu else "proven")


def test_a_documents_digest_does_not_depend_on_the_order_of_its_keys():
    document = samples.smoke()
    turned = dict(reversed(document.items()))
    digest = read_training(document, None).sha256
    assert read_training(turned, None).sha256 == digest
    assert read_training({**document, "seed": 21}, None).sha256 != digest


def test_where_nobody_can_tell_whether_there_is_a_gpu_nothing_is_proven():
    checks = (samples.setup(), samples.carrying(samples.smoke()))
    assert verdict(*checks, facts={}) == "not proven"
    assert verdict(*checks, facts={"nvidia_devices": None}) == "not proven"
    made = host_certificate(samples.host(*checks, facts={}), None)
    assert "whether it has a GPU is not known: declare gpu_count, 0 for none" in made.summary


def test_the_summary_names_what_is_required_and_missing():
    made = host_certificate(samples.host(samples.setup(), facts=samples.CPU_FACTS), None)
    assert made.summary == (
        "Nothing failed, and not everything is proven: every framework trains a model: not tested."
    )


def test_no_training_is_no_proof():
    assert verdict(samples.setup()) == "not proven"
    assert verdict() == "not proven"
    assert verdict(samples.setup(), facts=samples.CPU_FACTS) == "not proven"


def test_an_unreachable_host_is_not_proven_and_says_why():
    host = HostVerification("rig3", "unreachable", "no answer within 10 s", "switch it on")
    made = host_certificate(host, None)
    assert (made.verdict, made.remedy) == ("not proven", "switch it on")
    assert "unreachable: no answer within 10 s" in made.summary


def test_a_verification_that_failed_is_believed_though_no_check_says_why():
    good = samples.host(samples.setup(), samples.carrying(samples.smoke(samples.DEVICE)))
    assert host_certificate(good, None).verdict == "proven"
    made = host_certificate(replace(good, status="failed"), None)
    assert made.verdict == "not proven"
    assert "it failed, and no check says why" in made.summary
    nothing = host_certificate(samples.host(), None)
    assert "no check ran" in nothing.summary


def test_the_check_that_holds_a_document_may_say_worse_than_the_document():
    worse = samples.carrying(samples.smoke(samples.DEVICE), outcome="fail")
    assert verdict(samples.setup(), worse) == "failed"
    worse = samples.carrying(samples.smoke(samples.DEVICE), outcome="unknown")
    assert verdict(samples.setup(), worse) == "not proven"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "proven"),
        ({"outcome": "fail", "reason": "12 % slower than its spread"}, "failed"),
        ({"outcome": "better"}, "not proven"),
        ({"value": None}, "not proven"),
        ({"reference": None}, "not proven"),
        ({"outcome": "skip", "reason": "", "reference": None}, "not proven"),
        ({"outcome": "skip", "reason": "the first run", "reference": None}, "proven"),
    ],
)
def test_comparisons_count_once_they_fail_or_are_unknown(change, expected):
    data = samples.baselines(samples.comparison(**change))
    checks = (samples.carrying(samples.acceptance()), samples.carrying(samples.burn(), "burn"))
    assert verdict(samples.setup(), *checks, samples.carrying(data, "baselines")) == expected


@pytest.mark.parametrize(
    ("data", "outcome", "expected"),
    [
        (samples.baselines({"test": 3}), "pass", "not proven"),
        ({"schema": "deeprig.baselines/1"}, "pass", "not proven"),
        (samples.baselines(samples.comparison(test=None)), "pass", "not proven"),
        (samples.baselines(samples.comparison(value="fast")), "pass", "not proven"),
        (samples.baselines(samples.comparison()), "fail", "failed"),
        (samples.baselines(samples.comparison()), "unknown", "not proven"),
    ],
)
def test_comparisons_that_are_none_or_whose_check_says_worse_count_too(data, outcome, expected):
    checks = (samples.setup(), samples.carrying(samples.smoke(samples.DEVICE)))
    compared = samples.carrying(data, "baselines", outcome=outcome)
    assert verdict(*checks) == "proven"
    assert verdict(*checks, compared) == expected


def test_stand_ins_prove_the_toolkit_and_not_the_machine():
    assert acceptance(setup=samples.setup(simulated=True)) == "simulated"
    assert acceptance(lambda d: named(d, "sgd")["data"].update(simulated=True)) == "simulated"
    assert acceptance(lambda d: d.update(simulated=True)) == "simulated"
    document = samples.carrying(samples.smoke(samples.DEVICE), simulated=True)
    assert verdict(samples.setup(), document) == "simulated"
    made = host_certificate(samples.host(samples.setup(simulated=True)), None)
    assert made.simulated == ("nvidia_driver: the driver is loaded",)


def test_what_was_skipped_on_a_stand_in_makes_nothing_simulated():
    idle = samples.setup("not applicable", simulated=True)
    checks = (samples.setup(), idle, samples.carrying(samples.smoke(samples.DEVICE)))
    assert verdict(*checks) == "proven"


@pytest.mark.parametrize(
    ("facts", "is_required"), [(samples.FACTS, True), (samples.CPU_FACTS, False), ({}, True)]
)
def test_the_gpu_is_required_wherever_there_may_be_one(facts, is_required):
    made = host_certificate(samples.host(samples.setup(), facts=facts), None)
    assert [claim.is_required for claim in made.claims if claim.key == "gpu"] == [is_required]


def test_a_claim_cannot_be_required_and_not_apply():
    with pytest.raises(ValueError, match="required, and does not apply"):
        Claim("gpu", "a question", "does not apply", is_required=True, items=())


def test_the_summary_is_short_and_the_whole_reason_stands_in_its_item():
    long = "libcublas " * 100
    host = samples.host(samples.setup("fail"), samples.setup("unknown"))
    made = host_certificate(host, None)
    assert made.summary.startswith("One thing failed: nvidia_driver: the driver is loaded (580")
    failed = samples.document(samples.case("cnn", outcome="fail", reason=long))
    made = host_certificate(samples.host(samples.carrying(failed)), None)
    assert len(made.summary) < 300
    assert "\u2026" in made.summary
    assert long in [item.evidence for claim in made.claims for item in claim.items]
    many = [samples.case(f"case{n}", outcome="fail") for n in range(5)]
    made = host_certificate(samples.host(samples.carrying(samples.document(*many))), None)
    assert made.summary.endswith("; and 2 more.")


def test_the_worst_host_decides_a_fleet():
    good, bad = samples.full_host("rig1"), samples.host(samples.setup("fail"), name="rig2")
    assert certificate_of(samples.report(good), {}).verdict == "proven"
    assert certificate_of(samples.report(good, bad), {}).verdict == "failed"
    assert certificate_of(samples.report(), {}).verdict == "not proven"


def test_the_same_evidence_makes_the_same_certificate():
    first = certificate_of(samples.report(samples.full_host()), {})
    assert certificate_of(samples.report(samples.full_host()), {}) == first
    assert Certificate.from_json(copy.deepcopy(first.to_json())) == first


REFUSED = r"is not what its items prove|say otherwise|must be|its checks do not prove"


def test_a_certificate_that_claims_more_than_its_items_prove_is_refused():
    good = certificate_of(samples.report(samples.full_host()), {}).to_json()
    item = good["hosts"][0]["claims"][1]["items"][0]

    def refused(change):
        changed = copy.deepcopy(good)
        change(changed)
        with pytest.raises(ValueError, match=REFUSED):
            Certificate.from_json(changed)

    assert item["outcome"] == "pass"
    for outcome in ("fail", "unknown"):
        refused(
            lambda d, o=outcome: d["hosts"][0]["claims"][1]["items"][0].update(
                outcome=o, evidence="x"
            )
        )
    refused(lambda d: d["hosts"][0]["claims"][1]["items"][0].update(outcome="good"))
    refused(lambda d: d["hosts"][0]["claims"][1].update(answer="failed"))
    refused(lambda d: d["hosts"][0].update(verdict="failed"))
    refused(lambda d: d.update(verdict="simulated"))
    refused(lambda d: d["hosts"][0]["trainings"][0]["cases"][0].update(checks=[]))


def _places(value, path=()):
    """Yield the place of everything in a document."""
    if path:
        yield path
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            if key not in ("curves", "confusion_matrix"):
                yield from _places(inner, (*path, key))


def _put(document, path, value):
    *way, last = path
    for key in way:
        document = document[key]
    document[last] = value


def test_no_single_change_makes_a_failed_run_better():
    """Whatever is overwritten, a run with two failures is not proven."""
    cases = (samples.case("sgd", outcome="fail"), samples.case("device_use", "gpu"))
    document = samples.document(samples.cnn("fail"), samples.case("reload"), *cases)
    for path in _places(document):
        for value in (None, True, "pass", [], {}, 1, "skip", [{}]):
            changed = copy.deepcopy(document)
            _put(changed, path, value)
            found = verdict(samples.setup(), samples.carrying(changed, outcome="pass"))
            assert found in VERDICTS[:2], (path, value)
