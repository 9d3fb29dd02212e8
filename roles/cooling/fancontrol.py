"""The rules of ``/etc/fancontrol``, checked before any connection (fancontrol(8), LoadConfig).

fancontrol itself checks at its start that the chips are those of DEVPATH and DEVNAME. What it
would find wrong in the text alone is told here, and so is what would let a fan stand still.
"""

from __future__ import annotations

import re

_PER_FAN = ("MINTEMP", "MAXTEMP", "MINSTART", "MINSTOP")
_REQUIRED = ("INTERVAL", "DEVPATH", "DEVNAME", "FCTEMPS", *_PER_FAN)
_KNOWN = (*_REQUIRED, "FCFANS", "MINPWM", "MAXPWM", "AVERAGE")
_OUTPUT = re.compile(r"^(hwmon\d+)/(pwm\d+|device/pwm\d+)$")
_HIGHEST_PWM = 255
#: Where the case's fans shall be at their fastest: above it mainboards are beyond their limits.
_HIGHEST_MAXTEMP = 95


def check_fancontrol(text: str) -> str:
    """Return the text, ending in a newline. Raise ValueError with the line or fan that is wrong."""
    values = _values(text)
    missing = [key for key in _REQUIRED if key not in values]
    if missing:
        raise ValueError(f"{', '.join(missing)} is missing: take the file as pwmconfig wrote it")
    if not values["INTERVAL"].isdigit() or int(values["INTERVAL"]) < 1:
        raise ValueError(f"INTERVAL={values['INTERVAL']} is no number of seconds")
    fans = _pairs("FCTEMPS", values["FCTEMPS"])
    chips = {key: _pairs(key, values[key]) for key in ("DEVPATH", "DEVNAME")}
    for fan in fans:
        _check_fan(fan, values, chips)
    return text.rstrip("\n") + "\n"


def _values(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        key, equals, value = stripped.partition("=")
        if not equals or key not in _KNOWN:
            raise ValueError(f"line {number}: {stripped!r} is nothing that fancontrol knows")
        if key in found:
            raise ValueError(f"line {number}: {key} is there twice")
        found[key] = value.strip()
    return found


def _pairs(key: str, value: str) -> dict[str, str]:
    pairs = {}
    for word in value.split():
        name, equals, what = word.partition("=")
        if not equals or not what:
            raise ValueError(f"{key}: {word!r} is no pair such as hwmon2/pwm1=...")
        pairs[name] = what
    if not pairs:
        raise ValueError(f"{key} names nothing")
    return pairs


def _check_fan(fan: str, values: dict[str, str], chips: dict[str, dict[str, str]]) -> None:
    match = _OUTPUT.match(fan)
    if match is None:
        raise ValueError(f"FCTEMPS: {fan!r} is no fan output such as hwmon2/pwm1")
    for key, known in chips.items():
        if match[1] not in known:
            raise ValueError(
                f"{fan}: {key} does not say what {match[1]} is; chips change their numbers at boot"
            )
    of_fan = {key: _number(key, fan, values[key]) for key in _PER_FAN}
    if of_fan["MINTEMP"] >= of_fan["MAXTEMP"]:
        raise ValueError(f"{fan}: MINTEMP must be below MAXTEMP")
    if of_fan["MAXTEMP"] > _HIGHEST_MAXTEMP:
        raise ValueError(f"{fan}: MAXTEMP is above {_HIGHEST_MAXTEMP} C")
    if of_fan["MINSTART"] < of_fan["MINSTOP"]:
        raise ValueError(f"{fan}: MINSTART is below MINSTOP, it would not start again")
    for key in ("MINSTART", "MINSTOP"):
        if of_fan[key] > _HIGHEST_PWM:
            raise ValueError(f"{fan}: {key} is above {_HIGHEST_PWM}")


def _number(key: str, fan: str, value: str) -> int:
    told = _pairs(key, value).get(fan)
    if told is None or not told.isdigit():
        raise ValueError(f"{key} has no number for {fan}")
    return int(told)
