"""Only good, whole and real runs become a baseline, and only they are compared."""

import pytest

from deeprig.baselines.judge import compare_host
from deeprig.report.model import CheckResult
from tests.unit.baselines.runs import NEW_YEAR, Rig, document, host, trained


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    rig.history(*[100.0] * 5)
    return rig


def failed_case():
    data = document(50.0)
    data["cases"][0] |= {"outcome": "fail", "reason": "it does not learn"}
    return data


def with_data(**data):
    told = document(50.0)
    told["cases"][0]["data"] = data
    return told


@pytest.mark.parametrize(
    ("data", "more", "reason"),
    [
        (document(50.0, is_cut=True), {}, "the run was cut"),
        (document(50.0, outcome="fail"), {"outcome": "fail"}, "the run did not pass"),
        (document(50.0), {"outcome": "unknown"}, "the run did not pass"),
        (document(50.0, outcome="splendid"), {}, "the run did not pass"),
        (failed_case(), {}, "the run did not pass: cnn"),
        (document(50.0, simulated=True), {}, "the run was simulated"),
        (with_data(simulated=True), {}, "the run was simulated"),
        (document(50.0), {"simulated": True}, "the run was simulated"),
        (document(50.0, cases=3), {}, "the document is not understood: cases: must be a list"),
        (document(50.0, cuda=None), {}, "do not name the hardware"),
        (document(50.0, cuda={"names": []}), {}, "do not name the hardware"),
    ],
)
@pytest.mark.parametrize("accepts", [False, True])
def test_a_run_that_proves_nothing_is_not_compared_and_not_kept(rig, data, more, reason, accepts):
    before = rig.path.read_bytes()
    (check,) = compare_host(rig.lab, host(trained(data, **more)), NEW_YEAR, accepts=accepts)
    assert check.outcome == "not applicable"
    assert reason in check.evidence
    assert rig.path.read_bytes() == before


def test_an_environment_with_a_simulated_part_is_simulated(rig):
    conda = CheckResult("rig1", "conda", "the environment is as declared", "pass",
                        environment="torch", simulated=True)  # fmt: skip
    (check,) = compare_host(rig.lab, host(conda, trained(document(50.0))), NEW_YEAR)
    assert check.outcome == "not applicable"
    assert "the run was simulated" in check.evidence
    assert rig.rates == [100.0] * 5


def test_a_machine_whose_cpu_is_unknown_has_no_history_on_the_cpu(rig):
    (check,) = rig.checks(50.0, device="cpu", cuda=None, facts={"cpu": None})
    assert "do not name the hardware" in check.evidence


def test_a_case_that_was_skipped_gives_no_number(rig):
    data = document()
    data["cases"][0] |= {"outcome": "skip", "reason": "it needs a GPU"}
    (check,) = compare_host(rig.lab, host(trained(data)), NEW_YEAR)
    assert check.outcome == "not applicable"
    assert "it was not measured now" in check.evidence


def test_a_host_that_trains_nothing_has_no_comparison_and_no_history(tmp_path):
    checks = (CheckResult("rig1", "base", "the time is right", "pass"),)
    assert compare_host(tmp_path, host(*checks), NEW_YEAR) == ()
    assert not (tmp_path / ".deeprig").exists()


def test_environments_have_a_line_together_and_a_history_each(tmp_path):
    rig = Rig(tmp_path)

    def verify(first: float, second: float):
        checks = (
            trained(document(first)),
            trained(document(second, framework="jax"), environment="jax"),
        )
        return compare_host(rig.lab, host(*checks), NEW_YEAR)

    for _ in range(5):
        verify(100.0, 10.0)
    assert [len(line["runs"]) for line in rig.lines] == [2] * 5
    torch, jax = verify(100.0, 5.0)
    assert (torch.outcome, jax.outcome) == ("pass", "fail")
    assert (jax.name, jax.environment) == ("it is as fast as before (jax)", "jax")
    assert len(rig.lines) == 5, "a machine with a drop may be slower in everything: nothing is kept"


def test_of_two_numbers_with_one_name_the_first_counts(tmp_path):
    data = document(100.0)
    data["cases"][0]["measurements"].append(
        {"name": "samples", "value": 1.0, "unit": "1/s", "better": "higher"}
    )
    compare_host(tmp_path, host(trained(data)), NEW_YEAR)
    assert Rig(tmp_path).rates == [100.0]
