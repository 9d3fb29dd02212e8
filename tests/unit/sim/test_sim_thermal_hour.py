"""The issue's hour: the real daemon in closed loop, in virtual time, beside two others."""

import pytest

from tests.sim.thermal.cards import OPEN_AIR_350, Machine
from tests.sim.thermal.controllers import CoolGpus, Firmware, coolgpus_percent, our_daemon
from tests.sim.thermal.hour import HOUR_SECONDS, PROFILE, SCENARIOS, Scenario, load_at, run_hour
from tests.sim.thermal.hour_picture import draw
from tests.sim.thermal.measures import TOLERANCE_C, measure, settled

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
POSSIBLE = [scenario.name for scenario in SCENARIOS if scenario.is_possible]

pytestmark = pytest.mark.usefixtures("nvml")


def run_ours(plant, name):
    with our_daemon(BY_NAME[name].target_c) as daemon:
        return run_hour(plant, BY_NAME[name], daemon)


@pytest.fixture(scope="module")
def traces():
    return {}


@pytest.fixture
def hour(plant, traces):
    """Return a function that gives our daemon's hour of a scenario; each is run once."""

    def of(name):
        if name not in traces:
            traces[name] = run_ours(plant, name)
        return traces[name]

    return of


@pytest.mark.parametrize("name", POSSIBLE)
def test_once_settled_the_daemon_holds_the_hottest_card_and_nothing_slows_down(hour, name):
    trace = hour(name)
    its = measure(trace)
    assert len(settled(trace)) > 900
    assert its.settled_error_c <= TOLERANCE_C
    assert its.hottest_c < trace.scenario.machine.cards[0].values.get("maximum_operating_c", 87)
    assert its.slowed_seconds == 0
    assert its.hardware_slowed_seconds == 0
    assert its.work_share == 1


@pytest.mark.parametrize(
    "kind",
    [
        {"sink_joules_per_kelvin": 400},
        {"sink_joules_per_kelvin": 1800, "spin_up_seconds": 5, "spin_down_seconds": 8},
        {
            "full_watts": 575,
            "default_limit_watts": 575,
            "maximum_limit_watts": 600,
            "blown_watts_per_kelvin": 26,
            "die_to_sink_kelvin_per_watt": 0.03,
        },
    ],
    ids=("little heatsink", "large heatsink and slow fans", "575 W"),
)
def test_a_card_of_another_kind_is_held_as_well(plant, kind):
    machine = Machine((OPEN_AIR_350.but(**kind),), {"is_virtual": 1})
    scenario = Scenario("other", "another card", machine, target_c=75)
    with our_daemon(scenario.target_c) as daemon:
        its = measure(run_hour(plant, scenario, daemon))
    assert its.settled_error_c <= TOLERANCE_C
    assert its.slowed_seconds == 0


def test_where_physics_do_not_allow_it_the_daemon_gives_all_the_air_there_is(hour):
    trace = hour("hot")
    under_load = settled(trace)
    assert min(min(sample.fan_percent) for sample in under_load) == 100
    assert min(sample.hottest_c for sample in under_load) > trace.scenario.target_c
    assert measure(trace).hardware_slowed_seconds == 0
    assert measure(trace).work_share < 0.95


def test_where_the_card_s_own_control_gives_too_little_air_work_is_lost_and_not_with_ours(
    plant, hour
):
    own = measure(run_hour(plant, BY_NAME["blowers"], Firmware()))
    ours = measure(hour("blowers"))
    assert own.slowed_seconds > 600
    assert own.work_share < 0.995
    assert ours.work_share == 1


def test_the_daemon_is_quieter_than_coolgpus_curve_and_none_of_both_slows_down(plant, hour):
    published = measure(run_hour(plant, BY_NAME["four"], CoolGpus()))
    ours = measure(hour("four"))
    assert ours.mean_fan_percent < published.mean_fan_percent - 10
    assert published.slowed_seconds == ours.slowed_seconds == 0


def test_a_controller_that_does_nothing_after_full_speed_is_caught_by_the_measures(plant):
    """The measures can fail: fans left at their least slow the card down."""

    class Asleep(CoolGpus):
        def turn(self, seconds):
            if seconds == 0:
                super().turn(seconds)

    its = measure(run_hour(plant, BY_NAME["one"], Asleep()))
    assert its.settled_error_c > TOLERANCE_C
    assert its.slowed_seconds > 600
    assert its.work_share < 0.99
    assert its.above_seconds > 1000


def test_the_same_hour_twice_is_the_same(plant, hour):
    assert run_ours(plant, "one").samples == hour("one").samples


@pytest.mark.parametrize(
    ("celsius", "percent"), [(20, 30), (55, 30), (60, 43), (67.5, 64), (80, 99), (95, 99)]
)
def test_coolgpus_line_is_as_published(celsius, percent):
    assert coolgpus_percent(celsius) == percent


def test_the_profile_is_an_hour_with_steps():
    begins = [begin for begin, _ in PROFILE]
    assert begins == sorted(set(begins))
    assert begins[-1] < HOUR_SECONDS
    assert [load_at(second) for second in (0, 119, 120, 1079, 1080, 3599)] == [
        0,
        0,
        100,
        100,
        40,
        100,
    ]


def test_the_picture_names_every_controller_and_machine(plant):
    traces = {}
    for scenario in SCENARIOS:
        trace = run_hour(plant, scenario, Firmware())
        traces[scenario.name] = {"first": trace, "second": trace}
    drawn = draw(traces)
    assert drawn.startswith("<svg")
    assert "Simulated" in drawn
    for words in ("first", "second", *(scenario.title[1:] for scenario in SCENARIOS)):
        assert words in drawn
