"""Checks of the cooling role: read from the host, compared with the declaration."""

from __future__ import annotations

import pytest

from roles.cooling.checks import cards, chassis, daemon, power
from roles.cooling.checks.told import read_told


@pytest.fixture
def told(host):
    """Return what the daemon tells now."""
    return read_told(host)


# pytest runs, and reports show, them in the order of these names.
test_the_daemon_is_at_work = daemon.test_the_daemon_is_at_work
test_its_loop_turns = daemon.test_its_loop_turns
test_its_configuration_is_as_declared = daemon.test_its_configuration_is_as_declared
test_each_card_is_cooled_as_declared = cards.test_each_card_is_cooled_as_declared
test_each_card_is_away_from_its_slowdown = cards.test_each_card_is_away_from_its_slowdown
test_fans_turn_as_they_are_told = cards.test_fans_turn_as_they_are_told
test_power_limits_are_as_declared = power.test_power_limits_are_as_declared
test_fans_of_the_case_are_driven = chassis.test_fans_of_the_case_are_driven
test_nothing_is_left_where_it_is_off = daemon.test_nothing_is_left_where_it_is_off
