"""The physics of the simulated cards: what must hold whatever the chosen numbers are."""

from itertools import pairwise

import pytest

from tests.sim.thermal.api import NoPlant
from tests.sim.thermal.cards import BLOWER_250, OPEN_AIR_350, PASSIVE_300

STILL = OPEN_AIR_350.but(blown_watts_per_kelvin=0, still_watts_per_kelvin=8)
#: So slow in slowing down that a test sees what temperature alone does.
TOUGH = OPEN_AIR_350.but(maximum_operating_c=400, slowdown_c=400, shutdown_c=500)


def card(plant, index=0):
    return plant.truth()["gpus"][index]


def test_more_load_is_hotter(machine_of):
    temperatures = []
    for load in (0, 25, 50, 75, 100):
        plant = machine_of(STILL)
        plant.set_load(0, load)
        plant.step(3600)
        temperatures.append(card(plant)["die_c"])
    assert temperatures == sorted(set(temperatures))


@pytest.mark.usefixtures("nvml")
def test_more_fan_is_cooler_by_less_and_less(machine_of, fans_at):
    temperatures = []
    for percent in (30, 50, 70, 90):
        plant = machine_of(TOUGH)
        plant.set_load(0, 100)
        fans_at(percent)
        plant.step(7200)
        temperatures.append(card(plant)["die_c"])
    gains = [hot - cool for hot, cool in pairwise(temperatures)]
    assert gains == sorted(gains, reverse=True)
    assert gains[-1] > 1


def test_at_rest_what_goes_in_as_power_goes_out_as_heat(machine_of):
    plant = machine_of(OPEN_AIR_350, other_watts=100)
    plant.set_load(0, 80)
    plant.step(6 * 3600)
    before = plant.truth()
    plant.step(600)
    after = plant.truth()
    energy = after["gpus"][0]["energy"] - before["gpus"][0]["energy"]
    heat = after["gpus"][0]["heat_to_air"] - before["gpus"][0]["heat_to_air"]
    assert heat == pytest.approx(energy, rel=1e-4)
    out = after["case_heat_out"] - before["case_heat_out"]
    assert out == pytest.approx(energy + 100 * 600, rel=1e-4)


def test_on_the_way_no_heat_is_lost(machine_of):
    """What went in and did not come out is in the die, the memory and the heatsink."""
    plant = machine_of(OPEN_AIR_350)
    plant.set_load(0, 100)
    plant.step(37)
    now = card(plant)
    warmth = sum(
        capacity * (now[node] - 24)
        for node, capacity in (("die_c", 60), ("memory_c", 80), ("sink_c", 900))
    )
    assert warmth == pytest.approx(now["energy"] - now["heat_to_air"], rel=1e-6)


def test_a_step_of_load_warms_the_die_in_seconds_and_the_heatsink_in_minutes(machine_of):
    plant = machine_of(STILL)
    plant.set_load(0, 100)
    plant.step(6)
    soon = card(plant)
    plant.step(3600)
    late = card(plant)
    share_of_die = (soon["die_c"] - soon["sink_c"]) / (late["die_c"] - late["sink_c"])
    share_of_sink = (soon["sink_c"] - 24) / (late["sink_c"] - 24)
    assert share_of_die > 0.8  # two time constants of 3 s
    assert share_of_sink < 0.15


def test_a_step_at_once_is_the_same_as_many_small_ones(machine_of):
    plant = machine_of(OPEN_AIR_350)
    plant.set_load(0, 70)
    plant.step(600)
    at_once = card(plant)["die_c"]
    plant = machine_of(OPEN_AIR_350)
    plant.set_load(0, 70)
    for _ in range(600):
        plant.step(1)
    assert card(plant)["die_c"] == pytest.approx(at_once, abs=0.001)


def test_a_card_between_two_others_is_hotter_and_a_blower_heats_its_neighbours_less(machine_of):
    differences, cases = [], []
    for kind in (OPEN_AIR_350, BLOWER_250):
        plant = machine_of(*(kind.but(maximum_operating_c=400, slowdown_c=400),) * 4)
        for index in range(4):
            plant.set_load(index, 60)
        plant.step(7200)
        inlets = [gpu["inlet_c"] for gpu in plant.truth()["gpus"]]
        assert inlets[:2] == pytest.approx(inlets[:1:-1])
        assert inlets[1] > inlets[0]
        differences.append(inlets[1] - inlets[0])
        cases.append(plant.truth()["case_c"])
    assert differences[1] < differences[0] / 2
    assert cases[1] < cases[0] - 5


def test_a_stuck_fan_turns_not_and_the_card_heats_until_it_slows_down(machine_of):
    plant = machine_of(OPEN_AIR_350)
    plant.set_load(0, 60)
    plant.step(1800)
    healthy = card(plant)
    plant.set_fault(0, "stuck-fan")
    plant.step(0.1)
    assert [fan["rpm"] for fan in card(plant)["fans"]] == [0, 0]
    plant.step(1800)
    stuck = card(plant)
    assert healthy["clock"] == 1
    assert [fan["rpm"] for fan in stuck["fans"]] == [0, 0]
    assert min(fan["asked_percent"] for fan in stuck["fans"]) > 70
    assert stuck["die_c"] > healthy["die_c"] + 10
    assert stuck["clock"] < 0.9
    assert stuck["watts"] < healthy["watts"]
    assert stuck["software_slowed_seconds"] > 600


def test_one_stuck_fan_of_two_leaves_the_other(machine_of):
    plant = machine_of(OPEN_AIR_350)
    plant.set_load(0, 60)
    plant.set_fault(0, "stuck-fan", 1)
    plant.step(600)
    good, bad = card(plant)["fans"]
    assert good["rpm"] > 1000
    assert bad["rpm"] == 0


def test_at_the_slowdown_threshold_the_clock_halves_and_power_falls(machine_of):
    plant = machine_of(STILL.but(maximum_operating_c=90, slowdown_c=60, shutdown_c=99))
    plant.set_load(0, 100)
    plant.step(1800)
    now = card(plant)
    assert now["hardware_slowed_seconds"] > 60
    assert 56 < now["die_c"] < 63
    assert now["work"] < 0.9 * now["work_wanted"]


def test_above_the_shutdown_threshold_the_card_switches_itself_off(machine_of):
    hot = STILL.but(still_watts_per_kelvin=0.5, maximum_operating_c=400, slowdown_c=400)
    plant = machine_of(hot.but(shutdown_c=100))
    plant.set_load(0, 100)
    plant.step(3600)
    assert card(plant)["is_shut_down"] == 1
    assert card(plant)["watts"] == 0


@pytest.mark.parametrize("limit", [150, 250, 300])
def test_power_stays_at_the_limit_and_work_is_what_it_costs(machine_of, limit):
    plant = machine_of(TOUGH.but(default_limit_watts=limit))
    plant.set_load(0, 100)
    plant.step(60)
    now = card(plant)
    assert now["watts"] == pytest.approx(limit, abs=0.01)
    assert now["is_capped"] == 1
    assert now["work"] / now["work_wanted"] == pytest.approx(
        ((limit - 25) / (350 - 25)) ** (1 / 2.2), rel=0.01
    )


def test_by_its_own_curve_the_fan_stands_when_cold_and_never_runs_faster_for_less(machine_of):
    percents = []
    for load in (0, 30, 60, 80, 100):
        plant = machine_of(OPEN_AIR_350)
        plant.set_load(0, load)
        plant.step(3600)
        percents.append(card(plant)["fans"][0]["asked_percent"])
    assert percents[0] == 0
    assert percents == sorted(percents)
    assert 55 < percents[-1] < 75


def test_a_passive_card_is_cooled_by_its_server(machine_of):
    plant = machine_of(PASSIVE_300)
    plant.set_load(0, 100)
    plant.step(3600)
    assert card(plant)["fans"] == []
    assert card(plant)["clock"] == 1


def test_a_fan_takes_its_time(machine_of):
    plant = machine_of(TOUGH.but(minimum_fan_percent=50))
    plant.set_load(0, 100)
    speeds = []
    for _ in range(120):
        plant.step(1)
        speeds.append(card(plant)["fans"][0]["rpm"])
    turning = [speed for speed in speeds if speed > 0]
    assert turning[0] < 1200
    assert turning == sorted(turning)
    assert turning[-1] > turning[0] + 500


def test_the_hotter_room_is_as_much_hotter_inside(machine_of):
    plant = machine_of(STILL)
    plant.set_load(0, 40)
    plant.step(6 * 3600)
    before = card(plant)["die_c"]
    plant.set("all", "room_c", 34)
    plant.step(6 * 3600)
    assert card(plant)["die_c"] == pytest.approx(before + 10, abs=0.01)


@pytest.mark.parametrize(
    "text",
    ["[gpu]\nfanns = 2\n", "[gpu]\nname = GeForce\n", "[gpu]\nfans = two\n", "[gpu\n", "x=1\n"],
)
def test_a_description_that_is_not_understood_is_refused_with_its_line(plant, capfd, text):
    plant.directory.mkdir()
    (plant.directory / "gpus.ini").write_text(text)
    with pytest.raises(NoPlant):
        plant.truth()
    assert "gpus.ini:" in capfd.readouterr().err


def test_without_a_description_there_is_no_machine(plant, capfd):
    plant.directory.mkdir()
    with pytest.raises(NoPlant):
        plant.step(1)
    assert "there is no" in capfd.readouterr().err
