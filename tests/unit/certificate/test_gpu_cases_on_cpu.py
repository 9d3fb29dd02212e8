"""A case of what GPUs are bought for that ran on a CPU speaks for no GPU."""

import pytest

from deeprig.certificate.build import host_certificate
from tests.unit.certificate import samples


def _certificate(outcome, facts):
    told = {} if outcome == "pass" else {"reason": "float16 is wrong"}
    smoke = samples.smoke()
    smoke["cases"].append(samples.case("mixed_bf16", "gpu", outcome, **told))
    host = samples.host(samples.setup(), samples.carrying(smoke), facts=facts)
    return host_certificate(host, None)


def _answer(certificate, key):
    return next(claim.answer for claim in certificate.claims if claim.key == key)


def test_on_a_machine_without_gpu_it_is_proof_of_the_framework_alone():
    certificate = _certificate("pass", samples.CPU_FACTS)
    assert _answer(certificate, "gpu") == "does not apply"
    assert _answer(certificate, "training") == "proven"
    assert certificate.verdict == "proven"


def test_on_a_machine_with_a_gpu_that_was_not_used_it_proves_no_gpu():
    certificate = _certificate("pass", samples.FACTS)
    assert _answer(certificate, "gpu") != "proven"
    assert certificate.verdict == "not proven"


@pytest.mark.parametrize("facts", [samples.CPU_FACTS, samples.FACTS])
def test_its_failure_is_one(facts):
    assert _certificate("fail", facts).verdict == "failed"
