"""A host's history and status, as they come: whole, cut off, or something else."""

import pytest

from deeprig.cooling.fetch import cards_of, parse_told
from deeprig.cooling.history import COLUMNS, read_history
from deeprig.cooling.offline import read_recorded
from deeprig.errors import UsageProblem
from tests.unit.cooling.samples import UUIDS

HEAD = ",".join(COLUMNS)
ROWS = f"""{HEAD}
1000,{UUIDS[0]},61,,56,1700,300.5,99
1000,{UUIDS[1]},,,,,,
1010,{UUIDS[0]},62,90,57,1710,301.0,100
"""


def test_rows_are_read_and_what_is_empty_is_not_known():
    history = read_history(ROWS.splitlines())
    assert history.uuids == UUIDS
    assert [sample.temperature_c for sample in history.of(UUIDS[0])] == [61, 62]
    (unknown,) = history.of(UUIDS[1])
    assert unknown.temperature_c is None
    assert unknown.load_percent is None
    assert history.unreadable == 0
    assert len(history.since(1005).samples) == 1


@pytest.mark.parametrize("line", ["1020,GPU", f"x,{UUIDS[0]},1,1,1,1,1,1", "1,,1,1,1,1,1,1"])
def test_a_line_that_was_cut_off_is_counted_and_costs_no_other(line):
    history = read_history((*ROWS.splitlines(), line, HEAD))
    assert len(history.samples) == 3
    assert history.unreadable == 1


def test_both_halves_of_a_history_are_one_in_the_order_of_time():
    later, earlier = ROWS.splitlines()[3], ROWS.splitlines()[:3]
    history = read_history((HEAD, later, *earlier))
    assert [sample.time for sample in history.samples] == [1000, 1000, 1010]


def test_cards_have_the_names_of_the_status_and_its_order():
    history = read_history(ROWS.splitlines())
    status = (
        f'{{"gpus": [{{"uuid": "{UUIDS[1]}", "index": 0, "name": "NVIDIA X", "slowdown_c": 93}}, '
        '{"uuid": null, "index": 1, "name": "lost"}]}'
    )
    first, second = cards_of(history, status)
    assert (first.uuid, first.label, first.name, first.slowdown_c) == (UUIDS[1], "GPU 0", "X", 93)
    assert (second.uuid, second.label) == (UUIDS[0], "GPU-51a0dee9")


@pytest.mark.parametrize("status", ["", "{", "[]", '{"gpus": 5}', '{"gpus": ["x"]}'])
def test_without_a_status_the_history_has_the_cards(status):
    assert [card.uuid for card in cards_of(read_history(ROWS.splitlines()), status)] == list(UUIDS)


def test_a_hosts_answer_has_three_parts():
    told = parse_told(
        f"motd\n@@deeprig:now\n1234\n@@deeprig:status\n{{}}\n\n@@deeprig:history\n{ROWS}"
    )
    assert told is not None
    assert (told.now, told.status.strip()) == (1234.0, "{}")
    assert len(read_history(told.history).samples) == 3
    assert parse_told("nothing") is None
    assert parse_told("@@deeprig:now\nnever\n@@deeprig:status\n@@deeprig:history\n") is None


def test_a_file_is_read_back_from_its_last_row(tmp_path):
    file = tmp_path / "history.csv"
    file.write_text(ROWS)
    whole = read_recorded(file, 1.0)
    assert (whole.now, len(whole.history.samples)) == (1010.0, 3)
    assert len(read_recorded(file, 5 / 3600).history.samples) == 1


@pytest.mark.parametrize("text", [None, "", "no history\n", HEAD])
def test_a_file_that_is_no_history_is_told(tmp_path, text):
    file = tmp_path / "history.csv"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UsageProblem) as caught:
        read_recorded(file, 1.0)
    assert str(file) in str(caught.value.problems[0])
