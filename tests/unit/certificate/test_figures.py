"""Curves as lines: which belong together, over what, and which numbers stand beside them."""

import pytest

from deeprig.certificate.figures import figures_of
from deeprig.certificate.notes import notes_of
from deeprig.certificate.numbers import duration, number, percent
from deeprig.certificate.series import groups_of
from deeprig.certificate.training import Case, Curve


def case(**curves):
    lines = tuple(Curve(name, tuple(line)) for name, line in curves.items())
    return Case("cnn", "life", "skip", "a reason", 0.0, curves=lines)


def test_training_and_validation_are_lines_of_one_quantity():
    (loss,) = groups_of(case(loss=[2.0, 1.0], validation_loss=[2.5, 1.5]))
    assert (loss.quantity.title, loss.is_over_time) == ("Loss", False)
    assert [(line.name, line.points) for line in loss.series] == [
        ("training", ((0.0, 2.0), (1.0, 1.0))),
        ("validation", ((0.0, 2.5), (1.0, 1.5))),
    ]


def test_every_device_has_its_own_clock():
    lines = (
        Curve("GPU 0 seconds", (0.0, 1.0, 2.0)), Curve("GPU 0 power_w", (1.0, 2.0, 3.0)),
        Curve("GPU 1 seconds", (5.0, 6.0, 7.0)), Curve("GPU 1 power_w", (4.0, 5.0, 6.0)),
    )  # fmt: skip
    (power,) = groups_of(Case("burn", "burn", "skip", "why", 9.0, curves=lines))
    assert [(line.name, line.points[0][0]) for line in power.series] == [
        ("GPU 0", 0.0),
        ("GPU 1", 5.0),
    ]


def test_a_worker_that_told_more_often_than_the_sensors_is_spread_over_their_time():
    lines = (
        Curve("GPU 0 seconds", (5.0, 7.0, 9.0)),
        Curve("GPU 0 throughput_tflops", (1.0, 2.0, 3.0, 4.0, 5.0)),
    )
    (rate,) = groups_of(Case("burn", "burn", "skip", "why", 9.0, curves=lines))
    assert [x for x, _ in rate.series[0].points] == [5.0, 6.0, 7.0, 8.0, 9.0]


def test_without_a_clock_a_burn_lasts_as_long_as_its_case():
    lines = (Curve("CPU throughput_tflops", (1.0, 2.0, 3.0)),)
    (rate,) = groups_of(Case("burn", "burn", "skip", "why", 30.0, curves=lines))
    assert (rate.is_over_time, [x for x, _ in rate.series[0].points]) == (True, [0.0, 15.0, 30.0])


@pytest.mark.parametrize(("device", "is_judged"), [("GPU 0", True), ("CPU", False)])
def test_the_least_rate_is_marked_where_a_burn_is_judged_by_it(device, is_judged):
    lines = (Curve(f"{device} throughput_tflops", (100.0,) * 60),)
    (rate,) = figures_of(Case("burn", "burn", "skip", "why", 60.0, curves=lines), "x")
    assert ("90 % of the start: 90 TFLOP/s" in rate.svg) == is_judged


def test_a_curve_of_a_single_number_shows_nothing():
    assert groups_of(case(loss=[1.0], accuracy=[None, None, 2.0])) == ()


def test_peaks_of_heat_and_dips_of_rate_survive_a_long_burn():
    count = 4000
    heat, rate = [50.0] * count, [100.0] * count
    heat[1234], rate[2345] = 99.0, 3.0
    lines = (
        Curve("GPU 0 temperature_c", tuple(heat)),
        Curve("GPU 0 throughput_tflops", tuple(rate)),
    )
    drawn = figures_of(Case("burn", "burn", "skip", "why", float(count), curves=lines), "x")
    told = [figure.description for figure in drawn]
    assert "highest 99 \u00b0C" in told[0]
    assert "lowest 3 TFLOP/s" in told[1]
    for figure in drawn:
        path = figure.svg.split('class="line c0" d="')[1].split('"')[0]
        heights = [float(part.split(" ")[1]) for part in path.lstrip("M").split("L")]
        assert len(heights) <= 241
        assert sum(y != heights[0] for y in heights) == 1


def test_a_flat_line_and_a_gap_can_be_drawn():
    (figure,) = figures_of(case(loss=[0.0, 0.0, None, 0.0, 0.0]), "x")
    assert "1 without a number" in figure.description
    assert figure.svg.count("M") >= 2
    assert figure.rows[2] == ("2", "\u2013")


def test_long_lines_have_a_table_of_sixteen_rows_from_end_to_end():
    (figure,) = figures_of(case(loss=[float(n) for n in range(1000)]), "x")
    assert len(figure.rows) == 16
    assert (figure.rows[0], figure.rows[-1]) == (("0", "0"), ("999", "999"))


def test_more_lines_than_can_be_told_apart_are_counted():
    lines = tuple(Curve(f"GPU {n} power_w", (1.0, 2.0)) for n in range(16))
    (figure,) = figures_of(Case("burn", "burn", "skip", "why", 9.0, curves=lines), "x")
    assert "8 more lines are left out" in figure.description
    assert len(figure.columns) == 9


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "\u2013"), (0.0, "0"), (0.97777, "0.9778"), (0.00042, "0.00042"), (2565.0, "2565"),
     (48210.4, "48\u202f210"), (-12.5, "-12.5")],
)  # fmt: skip
def test_numbers_have_the_digits_that_tell_something(value, told):
    assert number(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "\u2013"), (-0.04, "\u00b10.0 %"), (-12.44, "\u221212.4 %"), (3.21, "+3.2 %")],
)
def test_differences_always_have_a_sign(value, told):
    assert percent(value) == told


@pytest.mark.parametrize(
    ("seconds", "told"), [(1.25, "1.25 s"), (761.0, "12 min 41 s"), (8100.0, "2 h 15 min")]
)
def test_durations_are_told_in_the_units_that_matter(seconds, told):
    assert duration(seconds) == told


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"optimiser": "adam", "is_good": True}, {"optimiser": "adam", "is good": "yes"}),
        ({"none": None, "nothing": [None, None], "empty": []}, {"empty": "none"}),
        ({"per_gpu": {"GPU 0": 1, "GPU 1": [2, None]}}, {"per gpu": "GPU 0 1, GPU 1 2, not told"}),
        ({"log": "x" * 500, "confusion_matrix": [[1]], "devices": {}}, {}),
        ({"gpus": {"GPU 0": "lost"}, "xids": None}, {"GPU 0": "lost", "Xid errors": "not told"}),
        ({"gpus": {"GPU 0": {}}}, {"GPU 0": "not told; clocks held down by (samples): not told"}),
        ({"gpus": [[1]], "trials": [["a", 1], ["b", 2]]}, {"gpus": "1", "trials": "a, 1, b, 2"}),
    ],
)
def test_small_facts_are_told_and_large_ones_are_not(data, told):
    assert {note.name: note.text for note in notes_of(data)} == told


@pytest.mark.parametrize(
    "clock", [(0.0,) * 300, (*map(float, range(299)), 5e-324), (*map(float, range(299, -1, -1)),)]
)
def test_a_clock_that_does_not_rise_is_none(clock):
    lines = (Curve("GPU 0 seconds", clock), Curve("GPU 0 power_w", tuple(map(float, range(300)))))
    burnt = Case("burn", "burn", "skip", "why", 9.0, curves=lines)
    (power,) = groups_of(burnt)
    times = [x for x, _ in power.series[0].points]
    assert times[0] < times[1] < times[-1]
    assert figures_of(burnt, "f")


def test_a_burn_of_no_length_and_a_clock_far_out_can_be_drawn():
    power = Curve("GPU 0 power_w", tuple(map(float, range(300))))
    assert figures_of(Case("burn", "burn", "skip", "why", 0.0, curves=(power,)), "f")
    clock = Curve("GPU 0 seconds", (1e17, 1e17 + 16))
    assert figures_of(Case("burn", "burn", "skip", "why", 9.0, curves=(clock, power)), "f")
