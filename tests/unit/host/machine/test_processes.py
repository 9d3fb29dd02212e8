"""What /proc says of a process, by fixtures of /proc."""

from deeprig_host.machine.processes import age_text, describe_process


def test_ages_are_told_in_one_unit():
    assert [age_text(s) for s in (40, 180, 90_000, 200_000)] == ["40 s", "3 min", "25 h", "2 days"]


def test_a_process_that_cannot_be_seen_is_said_so(machine):
    assert describe_process(machine, 0) == "a process that cannot be seen from here"
