"""An order is taken apart with the field that is wrong; it reaches no other file."""

import json

import pytest
from deeprig_host.machine.refusal import Refused
from deeprig_host.network.order import parse_order

from .conftest import MAIN, NETWORK, order

GOOD = {"kind": "netplan", "files": [{"path": MAIN, "content": "x"}], "confirm_seconds": 60}


def test_a_good_order_is_read():
    found = order(expected_addresses=["10.0.0.3/24", "2001:DB8::1"])
    assert found.expected_addresses == ("10.0.0.3", "2001:db8::1")
    assert found.files[0].content is None
    assert found.files[1].mode == 0o600


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "ifupdown"}, "kind must be one of"),
        ({"files": []}, "files must be a list"),
        ({"files": [{"path": "/etc/passwd", "content": "x"}]}, "'/etc/passwd' is no configuration"),
        ({"files": [{"path": "/etc/netplan/../x.yaml", "content": "x"}]}, r"files\[0\].path"),
        ({"files": [{"path": NETWORK, "content": "x"}]}, "no configuration file of netplan"),
        ({"files": [{"path": MAIN, "content": 3}]}, "must be a text, or null"),
        ({"files": [{"path": MAIN, "content": "x", "mode": "rw"}]}, "must be an octal text"),
        ({"files": [{"path": MAIN, "content": "x"}] * 2}, "name a path twice"),
        ({"confirm_seconds": 1}, "from 5 to 3600, not 1"),
        ({"confirm_seconds": True}, "confirm_seconds"),
        ({"expected_addresses": ["here"]}, "expected_addresses 'here'"),
        ({"colour": "red"}, "colour is unknown"),
    ],
)
def test_a_wrong_field_is_named(change, told):
    with pytest.raises(Refused, match=told):
        parse_order(json.dumps(GOOD | change))


@pytest.mark.parametrize("document", ["", "[]", "{"])
def test_what_is_no_object_is_refused(document):
    with pytest.raises(Refused, match="the document"):
        parse_order(document)
