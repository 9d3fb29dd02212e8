"""A rollout's policy comes of the inventory and the command line; mistakes are told first."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from deeprig.errors import InventoryProblem, UsageProblem
from deeprig.waves.model import Asked
from deeprig.waves.overrides import Overrides
from deeprig.waves.start import new_rollout

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


def policy(lab, count=10, overrides=None, data=""):
    entries = [(f"h{n}", {"ssh_hostname": f"192.0.2.{n}"}) for n in range(1, count + 1)]
    lab.hosts(f"workstations = {entries!r}")
    lab.data(data)
    loaded = lab.load()
    made = new_rollout(loaded, loaded.hosts, Asked("apply"), overrides or Overrides(), NOW)
    assert made.id == "20261120T120000Z-apply"
    return made.policy


def test_a_lab_that_says_nothing_has_careful_waves(lab):
    found = policy(lab, 100)
    assert (found.canary_count, found.growth, found.max_unavailable) == (1, 2.0, 25)
    assert (found.max_fail, found.gate, found.rollback, found.windows) == (0, "smoke", "wave", ())


def test_shares_are_of_the_selected_hosts(lab):
    data = "waves = {'max_unavailable': '10%', 'max_fail': '9%', 'wave_size': '1%'}"
    found = policy(lab, 30, data=data)
    assert (found.max_unavailable, found.max_fail, found.wave_size) == (3, 2, 1)


def test_the_command_line_wins(lab):
    said = Overrides(canary=3, wave_size=5, max_unavailable="50%", max_fail=1, gate="none")
    found = policy(lab, overrides=said, data="waves = {'canary': ['h1'], 'gate': 'acceptance'}")
    assert (found.canary_count, found.canary_hosts, found.wave_size) == (3, (), 5)
    assert (found.max_unavailable, found.max_fail, found.gate) == (5, 1, "none")
    assert policy(lab, overrides=Overrides(is_kept=True)).rollback == "none"


def test_named_canaries_are_those_that_are_selected(lab):
    found = policy(lab, data="waves = {'canary': ['h2', 'elsewhere']}")
    assert (found.canary_hosts, found.canary_count) == (("h2",), 1)
    with pytest.raises(UsageProblem, match="no canary is among the selected hosts: nobody"):
        policy(lab, overrides=Overrides(canary=("nobody",)))


def test_hosts_that_disagree_are_told_all_at_once(lab):
    lab.hosts(
        "workstations = [('h1', {'ssh_hostname': '192.0.2.1'}), "
        "('h2', {'ssh_hostname': '192.0.2.2', 'waves': {'gate': 'none', 'max_fail': 2}})]"
    )
    loaded = lab.load()
    with pytest.raises(InventoryProblem) as caught:
        new_rollout(loaded, loaded.hosts, Asked("apply"), Overrides(), NOW)
    places = [problem.place for problem in caught.value.problems]
    assert places == ["h2: waves.max_fail", "h2: waves.gate"]


def test_a_drain_may_be_a_hosts_own(lab):
    lab.hosts(
        "workstations = [('h1', {'ssh_hostname': '192.0.2.1'}), "
        "('h2', {'ssh_hostname': '192.0.2.2', 'waves': {'drain': {'before': 'true'}}})]"
    )
    loaded = lab.load()
    new_rollout(loaded, loaded.hosts, Asked("apply"), Overrides(), NOW)
    assert loaded.host("h2").settings.waves.drain.before == "true"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("{'max_unavailable': 'many'}", "a number of hosts such as 3"),
        ("{'max_fail': '101%'}", "a share such as '25%'"),
        ("{'max_fail': -1}", "a number of hosts"),
        ("{'canary': 0}", "greater than or equal to 1"),
        ("{'canary': []}", "at least one host"),
        ("{'windows': ['monday night']}", "is no window, such as 'mon-fri 22:00-06:00'"),
        ("{'time_zone': 'Europe/Nowhere'}", "there is no such time zone"),
        ("{'gate': 'soak'}", "'none', 'smoke' or 'acceptance'"),
        ("{'max_unavailble': 1}", "did you mean 'max_unavailable'?"),
        ("{'growth': 0.5}", "greater than or equal to 1"),
    ],
)
def test_a_mistake_is_told_before_any_connection(lab, value, told):
    lab.data(f"waves = {value}")
    with pytest.raises(InventoryProblem) as caught:
        lab.load()
    assert told in caught.value.format_message()


def test_a_host_that_is_named_like_a_group_is_refused(lab):
    lab.hosts("h1 = [('h1', {'ssh_hostname': '192.0.2.1'}), ('h2', {'ssh_hostname': '192.0.2.2'})]")
    loaded = lab.load()
    with pytest.raises(UsageProblem, match="has the name of a group"):
        new_rollout(loaded, loaded.hosts, Asked("apply"), Overrides(), NOW)
