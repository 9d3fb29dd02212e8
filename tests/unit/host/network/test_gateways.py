"""A gateway that does not answer on its link keeps a change from being confirmed."""

import json

import pytest
from deeprig_host.machine.refusal import Refused
from deeprig_host.network import gateways
from deeprig_host.network.applying import apply
from deeprig_host.network.confirm import confirm
from deeprig_host.network.gateways import silent_gateways
from deeprig_host.network.stage import stage

from .conftest import ALL_GUARDS, order

GATEWAY = "10.0.0.1"


@pytest.fixture(autouse=True)
def _no_datagrams(monkeypatch):
    """Nothing leaves this machine; and what does not answer is not waited for."""
    monkeypatch.setattr(gateways, "_have_it_asked_for", lambda gateway: None)
    monkeypatch.setattr(gateways, "_ANSWER_SECONDS", 0.3)


def neighbour(*states, lladdr="3c:ec:ef:01:02:03"):
    entry = {"dst": GATEWAY, "state": list(states)} | ({"lladdr": lladdr} if lladdr else {})
    return (0, json.dumps([entry]))


@pytest.mark.parametrize(
    ("answer", "is_silent"),
    [
        (neighbour("REACHABLE"), False),
        (neighbour("DELAY"), False),
        (neighbour("FAILED"), True),
        (neighbour("FAILED", lladdr=None), True),
        (neighbour("INCOMPLETE", lladdr=None), True),
        ((0, "[]"), True),
        ((1, ""), True),
    ],
)
def test_only_an_address_that_holds_is_an_answer(host, answer, is_silent):
    host.answers["ip -json neighbour"] = answer
    assert silent_gateways(host.machine, (GATEWAY,)) == ((GATEWAY,) if is_silent else ())


def test_what_was_known_before_the_change_is_forgotten_first(host):
    host.answers["ip -json neighbour"] = neighbour("REACHABLE")
    silent_gateways(host.machine, (GATEWAY,))
    assert host.calls()[0] == f"ip neighbour flush to {GATEWAY}"


def test_a_silent_gateway_keeps_the_way_back_armed_and_one_that_answers_confirms(host):
    change = stage(host.machine, order(expected_gateways=[GATEWAY]))["id"]
    apply(host.machine)
    with pytest.raises(Refused, match=f"the gateway {GATEWAY} does not answer on the link"):
        confirm(host.machine, change)
    assert host.guards() == ALL_GUARDS
    host.answers["ip -json neighbour"] = neighbour("REACHABLE")
    assert confirm(host.machine, change)["phase"] == "confirmed"
