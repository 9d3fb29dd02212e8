"""A change is staged with its way back armed, applied, and confirmed or put back."""

import fcntl
import json

import pytest
from deeprig_host.machine.refusal import Refused
from deeprig_host.network import names, observe
from deeprig_host.network.applying import apply, begin
from deeprig_host.network.confirm import confirm
from deeprig_host.network.exclusive import exclusive
from deeprig_host.network.journal import advance, read_journal
from deeprig_host.network.rollback import roll_back
from deeprig_host.network.stage import stage

from .conftest import ALL_GUARDS, MAIN, NETWORK, NEW_YAML, OLD_YAML, OTHER, order


def staged(host, **values):
    return stage(host.machine, order(**values))["id"]


def test_stage_writes_and_arms_but_applies_nothing(host):
    answer = stage(host.machine, order())
    assert (answer["outcome"], answer["phase"]) == ("good", "armed")
    assert host.files() == {"60-deeprig.yaml": (NEW_YAML, 0o600)}
    assert host.guards() == ALL_GUARDS
    assert host.running() == {"50-cloud-init.yaml": OLD_YAML}
    calls = host.calls()
    start = calls.index(f"systemctl restart {names.TIMER_UNIT}")
    assert start < calls.index("netplan generate"), "armed before the first file is written"


def test_a_confirmed_change_stays_and_leaves_no_guard(host):
    change = staged(host, expected_addresses=["10.0.0.3/24"])
    assert apply(host.machine)["phase"] == "applied"
    assert confirm(host.machine, change)["phase"] == "confirmed"
    assert host.guards() == set()
    host.boot()
    assert host.running() == {"60-deeprig.yaml": NEW_YAML}
    assert read_journal(host.machine) is None
    assert confirm(host.machine, change)["phase"] == "confirmed"
    assert roll_back(host.machine, "a late timer")["phase"] is None
    assert host.running() == {"60-deeprig.yaml": NEW_YAML}


def test_apply_gives_netplan_the_old_state_so_that_old_virtual_devices_go(host):
    change = staged(host)
    apply(host.machine)
    state = host.root / f"var/lib/deeprig/network/backup/{change}"
    assert f"netplan apply --state {state}" in host.calls()
    assert (state / MAIN.lstrip("/")).read_text() == OLD_YAML


def test_an_unconfirmed_change_goes_back_to_the_last_bit(host):
    before = host.files("/etc")
    change = staged(host)
    apply(host.machine)
    answer = roll_back(host.machine, "not confirmed within 8 s")
    assert (answer["phase"], answer["reason"]) == ("rolled-back", "not confirmed within 8 s")
    assert host.files("/etc") == before
    assert host.running() == {"50-cloud-init.yaml": OLD_YAML}
    assert host.guards() == set()
    with pytest.raises(Refused, match="rolled back: not confirmed within 8 s"):
        confirm(host.machine, change)


def test_a_reboot_in_the_window_brings_the_old_configuration(host):
    staged(host)
    apply(host.machine)
    host.boot()
    assert host.running() == {"50-cloud-init.yaml": OLD_YAML}
    last = observe.status(host.machine)["last_change"]
    assert (last["phase"], last["reason"]) == ("rolled-back", "rebooted before it was confirmed")
    assert "systemctl daemon-reload" in host.calls()


def test_what_netplan_refuses_is_put_back_with_its_words(host):
    before = host.files("/etc")
    host.answers["netplan generate"] = (1, "", f"{OTHER}:3:7: Error in network definition")
    with pytest.raises(Refused) as refused:
        staged(host)
    assert refused.value.evidence == (f"{OTHER}:3:7: Error in network definition",)
    assert host.files("/etc") == before
    assert host.guards() == set()
    assert read_journal(host.machine) is None


def test_a_host_without_netplan_is_left_as_it_is(host):
    before = host.files("/")
    host.answers["netplan"] = (127,)
    with pytest.raises(Refused, match="netplan is not on this host"):
        staged(host)
    assert {k: v for k, v in host.files("/").items() if k != "calls.log"} == before


def test_without_systemd_no_way_back_can_be_armed_so_nothing_is_written(host):
    (host.root / "run/systemd/system").rmdir()
    with pytest.raises(Refused, match="no way back can be armed"):
        staged(host)
    assert host.files() == {"50-cloud-init.yaml": (OLD_YAML, 0o640)}


def test_a_failed_apply_goes_back_at_once(host):
    staged(host)
    host.answers["netplan apply --state " + str(host.root / "var/lib/deeprig/network/backup")] = (
        1,
        "",
        "networkd says no",
    )
    with pytest.raises(Refused, match="the old configuration is back"):
        apply(host.machine)
    assert host.files() == {"50-cloud-init.yaml": (OLD_YAML, 0o640)}
    assert host.guards() == set()


def test_a_way_back_that_fails_keeps_its_guard_and_is_tried_again(host):
    staged(host)
    apply(host.machine)
    host.write("/run/systemd/network/10-netplan-eth0.network", "[Match]\nName=eth0\n")
    host.answers["netplan apply"] = (1, "", "networkd is gone")
    host.answers["systemctl restart systemd-networkd"] = (1, "", "it does not start")
    with pytest.raises(Refused, match="is written, but"):
        roll_back(host.machine, "not confirmed")
    assert host.files() == {"50-cloud-init.yaml": (OLD_YAML, 0o640)}
    assert host.guards() == ALL_GUARDS
    assert any("networkd is gone" in remark for remark in read_journal(host.machine).remarks)
    host.answers.clear()
    assert roll_back(host.machine, "again")["reason"] == "not confirmed"
    assert host.running() == {"50-cloud-init.yaml": OLD_YAML}


def test_where_netplan_cannot_apply_the_old_state_its_renderer_is_restarted(host):
    """`netplan apply` that fails half way has stopped the renderer (seen on a real host)."""
    staged(host)
    apply(host.machine)
    host.write("/run/systemd/network/10-netplan-eth0.network", "[Match]\nName=eth0\n")
    host.answers["netplan apply"] = (1, "", "CalledProcessError: udevadm trigger")
    answer = roll_back(host.machine, "not confirmed")
    assert answer["phase"] == "rolled-back"
    assert "udevadm trigger" in answer["remarks"][0]
    assert "systemctl restart systemd-networkd.service" in host.calls()
    assert host.running() == {"50-cloud-init.yaml": OLD_YAML}


def test_a_missing_expected_address_is_not_confirmed_and_the_guard_stays(host):
    change = staged(host, expected_addresses=["10.0.0.77"])
    apply(host.machine)
    with pytest.raises(Refused, match="does not have the address"):
        confirm(host.machine, change)
    assert host.guards() == ALL_GUARDS


def test_what_is_not_applied_cannot_be_confirmed_nor_another_id(host):
    change = staged(host)
    with pytest.raises(Refused, match="armed, not applied"):
        confirm(host.machine, change)
    apply(host.machine)
    with pytest.raises(Refused, match="there is no network change other"):
        confirm(host.machine, "other")


def test_a_second_change_waits_for_the_first(host):
    first = staged(host)
    host.answers["systemctl show"] = (0, "1min 2.5s")
    with pytest.raises(Refused, match=first) as refused:
        staged(host)
    assert refused.value.outcome == "busy"


def test_the_holder_of_the_lock_is_named(host):
    with exclusive(host.machine), pytest.raises(Refused) as refused, exclusive(host.machine):
        pass
    assert refused.value.outcome == "busy"
    with (host.root / "var/lib/deeprig/network/lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_apply_runs_as_a_unit_of_its_own(host):
    staged(host)
    assert begin(host.machine)["unit"] == names.APPLY_UNIT
    call = host.calls()[-1]
    assert call.startswith(f"systemd-run --unit={names.APPLY_UNIT} ")
    assert call.endswith("apply --worker")
    assert host.running() == {"50-cloud-init.yaml": OLD_YAML}


def test_apply_without_a_guard_is_refused(host):
    staged(host)
    (host.root / f"etc/systemd/system/{names.TIMER_UNIT}").unlink()
    with pytest.raises(Refused, match="no way back is armed"):
        apply(host.machine)


def test_new_virtual_devices_go_and_old_ones_are_made_again(host):
    netdev = "/etc/systemd/network/20-bond.netdev"
    host.write(netdev, "[NetDev]\nName=bond0\nKind=bond\n", 0o644)
    files = [
        {"path": netdev, "content": None},
        {"path": "/etc/systemd/network/21.netdev", "content": "[NetDev]\nName=lan7\nKind=vlan\n"},
    ]
    answer = stage(host.machine, order(kind="networkd", files=files))
    assert (answer["old_devices"], answer["new_devices"]) == (("bond0",), ("lan7",))
    (host.root / "sys/class/net/bond0").mkdir(parents=True)
    apply(host.machine)
    assert "ip link delete dev bond0" in host.calls()
    assert "systemctl restart systemd-networkd.service" in host.calls()
    (host.root / "sys/class/net/lan7").mkdir()
    roll_back(host.machine, "not confirmed")
    assert "ip link delete dev lan7" in host.calls()
    assert host.read(netdev) == "[NetDev]\nName=bond0\nKind=bond\n"


RESTART = "systemctl restart systemd-networkd.service"


@pytest.mark.parametrize(
    ("devices", "networkd", "restarts"),
    [(("lab",), 0, True), (("lab",), 3, False), ((), 0, False)],
)
def test_networkd_forgets_what_a_virtual_device_was_before_netplan_applies(
    host, devices, networkd, restarts
):
    """A VLAN of another number under the same name came back with its old one (a real host)."""
    staged(host)
    advance(host.machine, read_journal(host.machine), "armed", new_devices=devices)
    host.answers["systemctl is-active systemd-networkd.service"] = (networkd, "", "")
    apply(host.machine)
    calls = host.calls()
    applied = next(n for n, call in enumerate(calls) if call.startswith("netplan apply"))
    assert (RESTART in calls[:applied]) == restarts
    assert RESTART not in calls[applied:]


def test_a_networkd_that_does_not_start_again_has_the_change_put_back(host):
    staged(host)
    advance(host.machine, read_journal(host.machine), "armed", new_devices=("lab",))
    host.answers[RESTART] = (1, "", "start request repeated too quickly")
    with pytest.raises(Refused, match=r"restart systemd-networkd\.service` failed; the old"):
        apply(host.machine)
    assert host.files() == {"50-cloud-init.yaml": (OLD_YAML, 0o640)}


def test_a_renamed_interface_gets_its_name_back(host):
    host.write("/sys/class/net/eth0/address", "aa:bb\n")
    (host.root / "sys/class/net/eth0/device").mkdir()
    staged(host)
    (host.root / "sys/class/net/eth0").rename(host.root / "sys/class/net/lan0")
    apply(host.machine)
    roll_back(host.machine, "not confirmed")
    assert "ip link set dev lan0 name eth0" in host.calls()


def test_links_owners_and_strangers_of_the_directory_are_what_they_were(host):
    link = host.root / "etc/systemd/network/99-default.link"
    link.symlink_to("/dev/null")
    files = [{"path": NETWORK, "content": "[Match]\nName=eth1\n"}]
    stage(host.machine, order(kind="networkd", files=files))
    link.unlink()
    host.write("/etc/systemd/network/70-made-meanwhile.network", "[Match]\nName=eth2\n")
    roll_back(host.machine, "asked for")
    assert str(link.readlink()) == "/dev/null"
    assert list(host.files("/etc/systemd/network")) == ["10-lan.network"]


def test_a_line_that_networkd_would_skip_is_refused_with_its_number(host):
    files = [{"path": NETWORK, "content": "[Match]\nName=eth0\n[Network]\nAddress 10.0.0.3/24\n"}]
    with pytest.raises(Refused) as refused:
        stage(host.machine, order(kind="networkd", files=files))
    assert refused.value.evidence == (f"{NETWORK}:4: Address 10.0.0.3/24",)
    assert "10.0.0.2" in host.read(NETWORK)


def test_a_spoilt_journal_is_told_and_nothing_is_touched(host):
    host.write(names.JOURNAL, "{")
    with pytest.raises(Refused, match="journal is unreadable"):
        staged(host)
    host.write(names.JOURNAL, json.dumps({"id": "x"}))
    with pytest.raises(Refused, match="journal is unreadable"):
        roll_back(host.machine, "x")
