"""A curve is straight lines between its points."""

import pytest
from deeprig_host.cooling.curve import Curve, curve_faults

CURVE = Curve(((30, 30), (50, 40), (70, 70), (85, 100)))


@pytest.mark.parametrize(
    ("celsius", "percent"),
    [(-5, 30), (30, 30), (40, 35), (50, 40), (60, 55), (70, 70), (77.5, 85), (85, 100), (120, 100)],
)
def test_the_speed_for_a_temperature(celsius, percent):
    assert CURVE.percent_at(celsius) == pytest.approx(percent)


def test_a_good_curve_never_falls():
    speeds = [CURVE.percent_at(tenth / 10) for tenth in range(1200)]
    assert speeds == sorted(speeds)
    assert curve_faults(CURVE) == ()
    assert str(CURVE) == "30:30 50:40 70:70 85:100"


def test_a_fan_may_stand_still_up_to_50_degrees():
    assert curve_faults(Curve(((50, 0), (60, 40), (85, 100)))) == ()
    assert len(curve_faults(Curve(((51, 0), (60, 40), (85, 100))))) == 1
