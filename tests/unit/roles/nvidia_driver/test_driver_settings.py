"""What the nvidia_driver role accepts, and what it says of what it does not."""

import pytest
from pydantic import ValidationError

from roles.nvidia_driver.settings import NvidiaDriverSettings


def test_nothing_has_to_be_said():
    settings = NvidiaDriverSettings()
    assert settings.source is None
    assert settings.wanted_branch is None
    assert settings.variant == "auto"
    assert settings.hold
    assert settings.drain_wait_minutes == 0


def test_the_branch_is_known_from_the_version():
    assert NvidiaDriverSettings(version="595.84").wanted_branch == 595
    assert NvidiaDriverSettings(branch="580").wanted_branch == 580
    assert NvidiaDriverSettings(branch="580", version="580.126.20").wanted_branch == 580


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"branch": "580", "version": "595.84"}, "version 595.84 is not of branch 580"),
        ({"version": "580"}, "for 580 set branch"),
        ({"branch": "580-server"}, "pattern"),
        ({"branch": "58"}, "pattern"),
        ({"source": "nvidia", "flavour": "server"}, "only Ubuntu's archive has"),
        ({"source": "debian", "flavour": "server"}, "only Ubuntu's archive has"),
        ({"source": "debian", "flavour": "compute"}, "source to nvidia"),
        ({"power_limit_watts": {"01:00.0": 250}}, "no PCI address"),
        ({"power_limit_watts": 0}, "watts from 1 to 3000"),
        ({"power_limit_watts": {"0000:01:00.0": True}}, "watts from 1 to 3000"),
        ({"drain_wait_minutes": -1}, "greater than or equal to 0"),
        ({"module_options": {"NVreg Foo": 1}}, "no module option"),
        ({"even_if_busy": True}, "Extra inputs"),
    ],
)
def test_what_contradicts_itself_is_told(values, told):
    with pytest.raises(ValidationError) as caught:
        NvidiaDriverSettings(**values)
    assert told in str(caught.value)


def test_power_limits_are_for_all_gpus_or_by_address():
    assert NvidiaDriverSettings(power_limit_watts=250).power_limit_watts == 250
    by_address = {"0000:01:00.0": 250, "0000:02:00.0": 300}
    assert NvidiaDriverSettings(power_limit_watts=by_address).power_limit_watts == by_address


def test_every_setting_is_described():
    undescribed = [n for n, f in NvidiaDriverSettings.model_fields.items() if not f.description]
    assert undescribed == []
