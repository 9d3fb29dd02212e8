"""Settings of the cooling role: what is refused, where, and that the host's parser agrees."""

from pathlib import Path

import pytest
from deeprig_host.cooling.config import BadConfiguration, parse_configuration
from jinja2 import Environment, StrictUndefined
from pydantic import ValidationError

from deeprig.content import Content
from deeprig.cooling.curve import parse_curve
from deeprig.tasks.ini_sections import Section, differences, read_sections
from roles.cooling.configuration import CONFIGURATION
from roles.cooling.settings import CardCooling, CoolingSettings

ROOT = Path(__file__).parents[4]
UUID = "GPU-0123abcd-0123-0123-0123-0123456789ab"
PWMCONFIG = """\
INTERVAL=10
DEVPATH=hwmon2=devices/platform/nct6775.656
DEVNAME=hwmon2=nct6798
FCTEMPS=hwmon2/pwm2=hwmon2/temp1_input
FCFANS= hwmon2/pwm2=hwmon2/fan2_input
MINTEMP=hwmon2/pwm2=30
MAXTEMP=hwmon2/pwm2=60
MINSTART=hwmon2/pwm2=150
MINSTOP=hwmon2/pwm2=100
"""
FULL = {
    "curve": "40:30   60:60 80:100",
    "target_c": 70,
    "hysteresis_c": 5,
    "memory_limit_c": 95,
    "power_limit_watts": 300,
    "interval_seconds": 1,
    "gpus": {
        UUID: {"mode": "monitor"},
        "0000:01:00.0": {"curve": "40:40 75:100", "target_c": 65},
        "2": {"power_limit_watts": 250},
    },
    "power_supply": {"psu_watts": 1600, "cpu_watts": 350},
}


def rendered(path, **settings):
    source = Content.of(ROOT).template("cooling", path).read_text()
    template = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    return template.from_string(source).render(settings=CoolingSettings(**settings))


def configuration(**settings):
    return parse_configuration(rendered(CONFIGURATION, **settings), "cooling.conf")


def test_the_daemon_reads_what_was_declared():
    read = configuration(**FULL)
    assert str(read.defaults.curve) == "40:30 60:60 80:100"
    assert (read.defaults.target_c, read.defaults.hysteresis_c) == (70, 5)
    assert (read.defaults.memory_limit_c, read.defaults.power_limit_watts) == (95, 300)
    assert read.budget_watts == 1104  # 1600 W / 1.1 - 350 W
    assert read.interval_seconds == 1
    assert read.settings_of(UUID, "0000:09:00.0", 9).mode == "monitor"
    second = read.settings_of("other", "0000:01:00.0", 9)
    assert (str(second.curve), second.target_c, second.hysteresis_c) == ("40:40 75:100", 65, 5)
    assert read.settings_of("other", "0000:09:00.0", 2).power_limit_watts == 250


def test_the_defaults_of_both_sides_are_one():
    read = configuration()
    empty = parse_configuration("[defaults]\ncurve = 85:100\n", "cooling.conf")
    assert read.interval_seconds == empty.interval_seconds
    assert read.history_seconds == empty.history_seconds
    assert read.defaults.hysteresis_c == empty.defaults.hysteresis_c
    assert read.budget_watts is None
    assert read.defaults.power_limit_watts is None


_NUMBERS = [
    *(("target_c", n) for n in (39, 40, 90, 91)),
    *(("hysteresis_c", n) for n in (0, 20, 21)),
    *(("memory_limit_c", n) for n in (59, 60, 110, 111)),
    *(("power_limit_watts", n) for n in (29, 30, 2000, 2001)),
    *(("power_budget_watts", n) for n in (49, 50, 50_000, 50_001)),
    *(("interval_seconds", n) for n in (0, 1, 10, 11)),
    *(("history_seconds", n) for n in (0, 1, 3600, 3601)),
]
_CURVES = [
    "85:100", "0:0 50:0 51:1 85:100", "0:0 51:0 85:100", "30:30 85:99", "30:30 70:20 85:100",
    "70:70 60:80 85:100", "70:70 70:80 85:100", "30:30 85:101", "30:30 111:100", "110:100",
    "", "x", "30:30 85", "30.5:30 85:100", "30:30 90:0", "-1:30 85:100",
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [*_NUMBERS, *(("curve", text) for text in _CURVES)])
def test_both_sides_take_and_refuse_the_same_values(name, value):
    """What the controller takes the host takes, and what it refuses the host would refuse."""
    section, key = {
        "power_budget_watts": ("power", "budget_watts"),
        "interval_seconds": ("cooling", name),
        "history_seconds": ("cooling", name),
    }.get(name, ("defaults", name))
    curve = "" if name == "curve" else "[defaults]\ncurve = 85:100\n"
    text = f"[{section}]\n{key} = {value}\n"
    text = curve + (f"{key} = {value}\n" if curve and section == "defaults" else text)
    try:
        parse_configuration(text, "cooling.conf")
        is_taken_there = True
    except BadConfiguration:
        is_taken_there = False
    try:
        CoolingSettings.model_validate({name: value})
        is_taken_here = True
    except ValidationError:
        is_taken_here = False
    assert is_taken_here == is_taken_there


@pytest.mark.parametrize("name", [UUID, "0000:41:00.0", "0", "15"])
def test_names_of_cards_are_names_to_the_daemon(name):
    read = configuration(gpus={name: {"mode": "monitor"}})
    assert list(read.gpus) == [name.lower()]


@pytest.mark.parametrize(
    ("settings", "place", "words"),
    [
        ({"curve": "30:30 60:20 85:100"}, ("curve",), "60:20 comes after 30:30"),
        ({"gpus": {"0": {"curve": "30:0 90:0"}}}, ("gpus", "0", "curve"), "stops the fan above"),
        ({"gpus": {"card1": {}}}, ("gpus", "card1", "[key]"), "names no card"),
        ({"gpus": {"01": {}}}, ("gpus", "01", "[key]"), "names no card"),
        ({"gpus": {"0": {"fan": 3}}}, ("gpus", "0", "fan"), "Extra inputs"),
        ({"power_supply": {"psu_watts": 300, "cpu_watts": 250}}, ("power_supply",), "leaves 22 W"),
        ({"mode": "automatic"}, ("mode",), "'manual' or 'monitor'"),
        (
            {"power_budget_watts": 900, "power_supply": {"psu_watts": 1600, "cpu_watts": 300}},
            (),
            "declare one",
        ),
        (
            {"chassis_fans": {"fancontrol": "INTERVAL=10\n"}},
            ("chassis_fans", "fancontrol"),
            "DEVPATH",
        ),
    ],
)
def test_a_mistake_is_told_with_its_path(settings, place, words):
    with pytest.raises(ValidationError) as caught:
        CoolingSettings.model_validate(settings)
    (error,) = caught.value.errors()
    assert error["loc"] == place
    assert words in error["msg"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("INTERVAL=10", "INTERVAL=soon", "no number of seconds"),
        ("MINTEMP=hwmon2/pwm2=30", "MINTEMP=hwmon2/pwm2=60", "MINTEMP must be below MAXTEMP"),
        ("MAXTEMP=hwmon2/pwm2=60", "MAXTEMP=hwmon2/pwm2=99", "MAXTEMP is above 95 C"),
        ("MINSTART=hwmon2/pwm2=150", "MINSTART=hwmon2/pwm2=90", "would not start again"),
        ("MINSTART=hwmon2/pwm2=150", "MINSTART=hwmon2/pwm2=256", "MINSTART is above 255"),
        ("MINSTOP=hwmon2/pwm2=100", "MINSTOP=hwmon2/pwm1=100", "no number for hwmon2/pwm2"),
        ("DEVNAME=hwmon2=nct6798", "DEVNAME=hwmon3=nct6798", "DEVNAME does not say what hwmon2"),
        ("FCTEMPS=hwmon2/pwm2=", "FCTEMPS=hwmon2/fan2=", "is no fan output"),
        ("INTERVAL=10", "INTERVAL=10\nINTERVAL=12", "line 2: INTERVAL is there twice"),
        ("INTERVAL=10", "INTERVAL=10\nrm -rf /", "line 2: 'rm -rf /'"),
    ],
)
def test_what_fancontrol_could_not_use_is_refused_before_any_connection(before, after, words):
    assert CoolingSettings(chassis_fans={"fancontrol": PWMCONFIG}).chassis_fans.fancontrol
    assert before in PWMCONFIG
    with pytest.raises(ValidationError, match=r"chassis_fans\.fancontrol") as caught:
        CoolingSettings(chassis_fans={"fancontrol": PWMCONFIG.replace(before, after)})
    assert words in str(caught.value)


def test_what_differs_on_a_host_is_told_with_both_values():
    there = read_sections(rendered(CONFIGURATION, **FULL))
    assert differences(CoolingSettings(**FULL).sections, there) == ()
    other = CoolingSettings(**FULL | {"target_c": 75, "power_supply": None}).sections
    assert differences(other, there) == (
        "[defaults] target_c: 70 (declared: 75)",
        "[power] budget_watts: 1104 (declared: nothing)",
    )
    assert differences((Section("gpu 0", (("mode", "monitor"),)),), ()) == (
        "[gpu 0] mode: not there (declared: monitor)",
    )
    assert read_sections("curve = without a section") is None


def test_it_is_known_whether_fans_and_power_are_set_at_all():
    assert CoolingSettings().sets_fans
    assert not CoolingSettings(enabled=False).sets_fans
    assert not CoolingSettings(mode="monitor").sets_fans
    assert CoolingSettings(mode="monitor", gpus={"0": {"mode": "manual"}}).sets_fans
    assert not CoolingSettings().sets_power
    assert CoolingSettings(gpus={"0": {"power_limit_watts": 200}}).sets_power
    assert CoolingSettings(power_budget_watts=900).sets_power
    assert not CoolingSettings(power_budget_watts=900, enabled=False).sets_power


def test_a_card_inherits_what_it_does_not_say():
    assert CardCooling().model_dump() == dict.fromkeys(CardCooling.model_fields)
    assert parse_curve(CoolingSettings().curve)[-1].percent == 100
