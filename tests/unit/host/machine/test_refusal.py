"""A refusal is told with all that helps."""

from deeprig_host.machine.refusal import Refused


def test_the_answer_has_every_field_and_nothing_was_changed_unless_said():
    assert Refused("no").answer() == {
        "outcome": "refused",
        "reason": "no",
        "evidence": [],
        "remedy": "",
    }
    told = Refused("no", evidence=("a", "b"), remedy="do this", outcome="failed")
    assert str(told) == "no"
    assert told.answer() == {
        "outcome": "failed",
        "reason": "no",
        "evidence": ["a", "b"],
        "remedy": "do this",
    }
