"""NetBox: its pages, its token, and everything an answer can be instead (a loopback server)."""

import json
from threading import Event

import pytest

from deeprig.errors import UsageProblem
from tests.unit.inventory.sources.netbox_server import TOKEN, machine, serving


@pytest.fixture
def netbox(desk):
    with serving() as made:
        yield made


def test_all_pages_of_both_lists_are_hosts(desk, netbox):
    netbox.devices = [machine(f"rig{n}", f"192.0.2.{n}/24") for n in range(1, 6)]
    netbox.virtual = [machine("vm1", "2001:db8::9/64", cluster={"slug": "lab-a"}, site=None)]
    lab = desk.load(f"netbox:{netbox.url}")
    assert [host.name for host in lab.hosts] == [*(f"rig{n}" for n in range(1, 6)), "vm1"]
    assert len(netbox.asked) == 4
    assert lab.host("rig3").settings.ssh_hostname == "192.0.2.3"
    assert lab.host("rig3").groups == ("site_hq", "role_workstation", "tag_deep-learning")
    assert lab.host("vm1").settings.ssh_hostname == "2001:db8::9"
    assert lab.host("vm1").groups[0] == "cluster_lab-a"


@pytest.mark.parametrize("name", ["rig1\n", "rig 1", "-oProxyCommand=x", "../rig1", "\nrig1"])
def test_a_name_that_would_be_more_than_a_name_is_refused(desk, netbox, name):
    netbox.devices = [machine(name)]
    assert "this is no name for a host" in desk.only_problem(f"netbox:{netbox.url}")


def test_a_url_of_one_list_asks_for_that_one_with_its_filter(desk, netbox):
    netbox.devices = [machine("rig1")]
    desk.load(f"{netbox.url}/api/dcim/devices/?tag=gpu")
    assert [path for path, _ in netbox.asked] == ["/api/dcim/devices/?tag=gpu"]


def test_a_filter_is_of_both_lists(desk, netbox):
    netbox.devices = [machine("rig1")]
    desk.load(f"netbox:{netbox.url}/?tag=gpu")
    assert all(path.endswith("/?tag=gpu") for path, _ in netbox.asked)


def test_a_custom_field_is_closer_than_the_context(desk, netbox):
    netbox.devices = [machine("rig1", custom_fields={"deeprig": {"gpu_count": 8}})]
    settings = desk.load(f"netbox:{netbox.url}").host("rig1").settings
    assert (settings.gpu_count, settings.ssh_user) == (8, "root")


def test_group_data_of_a_tag(desk, netbox):
    netbox.devices = [machine("rig1")]
    desk.write("group_data/tag_deep-learning.py", "roles = ['base']\n")
    assert desk.load(f"netbox:{netbox.url}").host("rig1").roles == ("base",)


def test_group_data_of_a_group_that_is_empty_today_is_told(desk, netbox):
    netbox.devices = [machine("rig1")]
    desk.write("group_data/tag_other.py", "roles = ['base']\n")
    assert "has no group 'tag_other' now" in str(desk.load(f"netbox:{netbox.url}").notes[0])


def test_machines_that_cannot_be_hosts_are_left_out_and_told(desk, netbox):
    netbox.devices = [
        machine("rig1"),
        machine("bare", None),
        machine("old", status={"value": "decommissioning"}),
        machine("new", "192.0.2.2/24", status={"value": "staged"}),
        machine(None),
    ]
    lab = desk.load(f"netbox:{netbox.url}")
    assert [host.name for host in lab.hosts] == ["rig1", "new"]
    told = "\n".join(map(str, lab.notes))
    assert "bare: left out: it has no primary IP address" in told
    assert "old: left out: its status is decommissioning" in told
    assert "machine 5: left out: it has no name" in told


def test_the_token_of_the_environment_is_sent_and_never_shown(desk, netbox, monkeypatch):
    netbox.token, netbox.devices = f"Token {TOKEN}", [machine("rig1")]
    monkeypatch.setenv("NETBOX_TOKEN", TOKEN)
    lab = desk.load(f"netbox:{netbox.url}")
    assert TOKEN not in repr(lab)


def test_a_token_of_the_second_form_is_a_bearer(desk, netbox, monkeypatch):
    netbox.devices = [machine("rig1")]
    monkeypatch.setenv("NETBOX_TOKEN", "nbt_abc.def")
    desk.load(f"netbox:{netbox.url}")
    assert netbox.asked[0][1] == "Bearer nbt_abc.def"


def test_a_netrc_does_not_take_the_tokens_place(desk, netbox, monkeypatch):
    netbox.devices = [machine("rig1")]
    desk.write("home/.netrc", "machine 127.0.0.1 login ada password other\n", 0o600)
    monkeypatch.setenv("NETBOX_TOKEN", TOKEN)
    desk.load(f"netbox:{netbox.url}")
    assert {given for _, given in netbox.asked} == {f"Token {TOKEN}"}


@pytest.mark.parametrize("place", ["file: token.txt", "command: [cat, token.txt]", "env: OTHER"])
def test_a_file_says_where_the_token_is(desk, netbox, monkeypatch, place):
    netbox.token, netbox.devices = f"Token {TOKEN}", [machine("rig1")]
    monkeypatch.setenv("OTHER", TOKEN)
    desk.write("token.txt", f"{TOKEN}\n")
    desk.write("lab.yml", f"netbox:\n  url: {netbox.url}\n  token: {{{place}}}\n")
    assert desk.load("lab.yml").host("rig1").name == "rig1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("netbox:\n  tokn: x\n", ["lab.yml:1: netbox.url", "lab.yml:2: netbox.tokn"]),
        ("netbox:\n  url: ftp://x\n", ["lab.yml:2: netbox.url: this is no http or https URL"]),
        ("netbox:\n  url: https://a:b@x\n", ["a password in a URL is shown"]),
        ("netbox:\n  url: http://x\n  token: abcdef\n", ["over the network readable"]),
        ("netbox:\n  url: https://x\n  token: {env: NONE}\n", ["lab.yml:3: netbox.token"]),
        ("netbox:\n  url: https://x\n  ca_file: gone.pem\n", ["there is no such CA file"]),
        ("netbox: 3\n", ["'netbox' is a mapping"]),
    ],
)
def test_a_mistake_in_the_file_is_told_at_its_line(desk, text, expected):
    desk.write("lab.yml", text)
    found = "\n".join(desk.problems("lab.yml"))
    for part in expected:
        assert part.replace("lab.yml:1: netbox.url", "netbox.url") in found
    assert "abcdef" not in found


def test_without_a_token_the_remedy_says_where_one_is_read(desk, netbox):
    netbox.token = f"Token {TOKEN}"
    text = desk.only_problem(f"netbox:{netbox.url}")
    assert "HTTP 403" in text
    assert "NETBOX_TOKEN" in text


def _answers(status, body=b"", **headers):
    def instead(handler):
        handler.answer(status, body, **headers)
        return True

    return instead


@pytest.mark.parametrize(
    ("instead", "expected"),
    [
        (_answers(401), "HTTP 401: it wants a token"),
        (_answers(500), "HTTP 500"),
        (
            _answers(302, Location="https://elsewhere.example/x?secret=1"),
            "it points to https://els",
        ),
        (_answers(200, b"<html>Log in</html>"), "its answer is not JSON"),
        (_answers(200, b'{"results": 3}'), "its answer is no list of NetBox's"),
        (_answers(200, b'{"results": [], "next": "https://evil.example/"}'), "at another server"),
        (_answers(200, b'{"results": [], "next": "?offset=1"}'), "one that was there already"),
        (_answers(200, b'{"results": [3]}'), "it is no machine"),
        (_answers(200, b'{"results": []}'), "it names no host"),
    ],
)
def test_an_answer_that_is_something_else(desk, netbox, instead, expected):
    netbox.instead = instead
    text = "\n".join(desk.problems(f"netbox:{netbox.url}/api/dcim/devices/?q=hush"))
    assert expected in text
    assert "secret=1" not in text


def test_no_token_goes_to_another_server(desk, netbox, monkeypatch):
    monkeypatch.setenv("NETBOX_TOKEN", TOKEN)
    with serving() as other:
        netbox.instead = _answers(302, Location=f"{other.url}/api/dcim/devices/")
        desk.only_problem(f"netbox:{netbox.url}")
        answer = json.dumps({"results": [], "next": f"{other.url}/api/dcim/devices/"})
        netbox.instead = _answers(200, answer.encode())
        desk.only_problem(f"netbox:{netbox.url}")
        assert other.asked == []


def test_an_answer_that_does_not_come_is_not_waited_for(desk, netbox):
    may_end = Event()
    netbox.instead = lambda handler: may_end.wait(60)
    desk.write("lab.yml", f"netbox: {{url: '{netbox.url}', timeout_seconds: 0.2}}\n")
    try:
        assert "no answer within 0.2 s" in desk.only_problem("lab.yml")
    finally:
        may_end.set()


def test_a_server_that_is_not_there(desk):
    with serving() as gone:
        url = gone.url
    assert "it cannot be asked" in desk.only_problem(f"netbox:{url}/?q=hush")
    assert "hush" not in desk.only_problem(f"netbox:{url}/?q=hush")


def test_two_machines_of_one_name(desk, netbox):
    netbox.devices = [machine("rig1"), machine("rig1", "192.0.2.2/24")]
    assert "two machines have this name" in desk.only_problem(f"netbox:{netbox.url}")


def test_settings_that_are_wrong_name_their_field(desk, netbox):
    netbox.devices = [machine("rig1", custom_fields={"deeprig": {"gpu_count": "x"}})]
    assert "rig1: custom_fields.deeprig.gpu_count" in desk.only_problem(f"netbox:{netbox.url}")
    netbox.devices = [machine("rig1", custom_fields={"deeprig": "x"})]
    assert "it is an object of settings" in desk.only_problem(f"netbox:{netbox.url}")


def test_a_saved_answer_and_a_page_of_several(desk):
    desk.write("saved.json", json.dumps({"next": None, "results": [machine("rig1")]}))
    assert desk.load("saved.json").host("rig1").settings.gpu_count == 1
    desk.write("saved.json", json.dumps({"next": "https://x/?offset=50", "results": []}))
    assert "one page of several" in desk.only_problem("saved.json")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-i x", None),
        ("netbx:https://x", "did you mean 'netbox'?"),
        ("csv:", "write csv:PLACE"),
    ],
)
def test_a_prefix_that_is_none(desk, text, expected):
    if expected is None:
        assert "no such file" in desk.only_problem(text)
        return
    with pytest.raises(UsageProblem) as caught:
        desk.load(text)
    assert expected in str(caught.value)
