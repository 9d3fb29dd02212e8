"""``deeprig verify`` run whole: a drop fails the host, an accepted baseline does not."""

import json

import pytest

from tests.unit.baselines.runs import document

CHECK = """
import json

def test_training(host, check):
    data = json.loads({data!r})
    check("it trains (pytorch)", True, "trained", environment="torch", data=data)
"""


@pytest.fixture
def trains(bench):
    """Verify a host whose suite measured a rate, and return the check of the comparison."""

    def verify(rate: float, *options: str, code: int):
        data = json.dumps(document(rate, device="cpu", cuda=None))
        bench.checks(CHECK.format(data=data))
        (host,) = bench.json(*options, code=code)["hosts"]
        assert host["checks"][0]["name"] == "it trains (pytorch)"
        return host["checks"][1]

    return verify


def repeat_history(directory, times: int) -> None:
    """Write the one line of the history again, as so many more runs would have."""
    (path,) = (directory / ".deeprig" / "baselines").glob("*.jsonl")
    (line,) = path.read_text().splitlines()
    lines = [{**json.loads(line), "sequence": number} for number in range(1, times + 1)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_a_drop_fails_the_host_until_a_person_accepts_it(bench, trains):
    first = trains(100.0, code=0)
    assert (first["name"], first["outcome"]) == (
        "it is as fast as before (pytorch)",
        "not applicable",
    )
    assert (first["role"], first["environment"]) == ("probe", "torch")
    repeat_history(bench.lab.directory, 5)

    dropped = trains(85.0, code=1)
    assert dropped["outcome"] == "fail"
    assert "85 1/s, before 100 1/s" in dropped["evidence"]
    assert "changed since the last good run: nothing that is known" in dropped["evidence"]
    assert dropped["data"]["schema"] == "deeprig.baselines/1"

    assert trains(85.0, "--accept-baseline", code=0)["outcome"] == "pass"
    assert "no verdict yet: 1 of 5" in trains(85.0, code=0)["evidence"]
