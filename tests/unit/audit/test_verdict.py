"""Verdicts on described machines: what decides, and that unknown never passes for good."""

import pytest

from deeprig.audit.rules import ALL_USES, RULES
from deeprig.audit.verdict import verdict
from tests.unit.audit import described_hosts as hosts


def answers(document, **declared):
    machine = hosts.machine_of(document, **declared)
    return [verdict(machine, use).answer for use in ALL_USES]


def decided(document, use, **declared):
    """Return the outcomes that decided a verdict, by rule."""
    deciding = verdict(hosts.machine_of(document, **declared), use).deciding
    return {finding.rule: finding.outcome for finding in deciding}


FITS, WARNS, NOT, UNKNOWN = "fits", "fits with warnings", "does not fit", "unknown"
SUPPLY_850 = {"psu_watts": 850, "cpu_watts": 230}
SUPPLY_2050 = {"psu_watts": 2050, "cpu_watts": 280}
OPEN_AIR = {"cooler_type": "open-air", "free_slots_between_gpus": 0}
SERVER = {"psu_watts": 12_000, "cpu_watts": 700, "cooler_type": "passive"}


@pytest.mark.parametrize(
    ("document", "declared", "expected"),
    [
        (hosts.virtual_machine(), {}, [NOT, NOT, NOT, NOT]),
        (hosts.workstation(), {}, [NOT, NOT, NOT, NOT]),
        (hosts.rtx_4090_workstation(), SUPPLY_850, [FITS, FITS, FITS, NOT]),
        (hosts.rtx_4090_workstation(), {}, [UNKNOWN, UNKNOWN, UNKNOWN, NOT]),
        (hosts.four_cards(), SUPPLY_2050 | OPEN_AIR, [FITS, FITS, WARNS, WARNS]),
        (hosts.four_cards(), SUPPLY_2050 | {"cooler_type": "blower"}, [FITS, FITS, FITS, FITS]),
        (hosts.eight_h100(), SERVER, [FITS, FITS, FITS, FITS]),
        (hosts.eight_h100(), {"cooler_type": "passive"}, [UNKNOWN] * 4),
        (
            hosts.gtx_1080_ti(),
            {"psu_watts": 650, "cpu_watts": 91},
            [WARNS, WARNS, WARNS, NOT],
        ),
        (hosts.laptop(), {}, [FITS, FITS, WARNS, NOT]),
        (hosts.passed_through(), SUPPLY_850, [WARNS, WARNS, WARNS, NOT]),
    ],
    ids=[
        "VM",
        "no GPU",
        "RTX 4090",
        "RTX 4090, supply not declared",
        "4 open-air",
        "4 blowers",
        "8 H100",
        "8 H100, supply not declared",
        "GTX 1080 Ti",
        "laptop",
        "VM with a GPU",
    ],
)
def test_a_machine_has_a_verdict_for_each_use(document, declared, expected):
    assert answers(document, **declared) == expected


def test_what_decided_is_named():
    supply = {"psu_watts": 650, "cpu_watts": 91}
    assert decided(hosts.workstation(), "multi-gpu") == {"gpu.present": "fail", "gpu.count": "fail"}
    assert decided(hosts.four_cards(), "research", **SUPPLY_2050, **OPEN_AIR) == {
        "cooling.adjacent": "warn"
    }
    assert decided(hosts.gtx_1080_ti(), "experiment", **supply) == {"ram.size": "warn"}
    assert decided(hosts.gtx_1080_ti(), "research", **supply) == {
        "gpu.tensor_cores": "warn",
        "ram.size": "warn",
        "storage.nvme": "warn",
        "storage.archive": "warn",
    }
    assert decided(hosts.laptop(), "research") == {"gpu.memory": "warn", "network.wired": "warn"}
    assert decided(hosts.rtx_4090_workstation(), "kaggle") == {"power.supply": "unknown"}
    assert decided(hosts.rtx_4090_workstation(), "kaggle", **SUPPLY_850) == {}


def test_a_failure_decides_before_an_unknown_and_an_unknown_before_a_warning():
    document = hosts.gtx_1080_ti()
    assert decided(document, "kaggle") == {"power.supply": "unknown"}
    document["memory"]["total_bytes"] = 8 * hosts.GIB
    assert decided(document, "kaggle") == {"ram.size": "fail", "ram.matches_gpu": "fail"}


def test_before_a_driver_the_verdict_is_unknown():
    document = hosts.put_in(hosts.workstation(), hosts.before_driver(hosts.rtx_4090(1)))
    assert answers(document, **SUPPLY_850) == [UNKNOWN, UNKNOWN, UNKNOWN, NOT]


def every_finding(document, **declared):
    machine = hosts.machine_of(document, **declared)
    return [(rule, rule.check(machine, use)) for rule in RULES for use in ALL_USES]


POOR = {"psu_watts": 100, "cpu_watts": 100, "cooler_type": "open-air", "free_slots_between_gpus": 0}


def poor_machine():
    """Return a machine that breaks as many rules as one can."""
    document = hosts.four_cards()
    document["cpu"] |= {"cores": 2, "max_mhz": 1500.0}
    document["memory"]["total_bytes"] = 4 * hosts.GIB
    document["firmware"]["above_4g"] = False
    document["disks"] = document["nics"] = []
    for gpu in document["gpus"]:
        gpu |= {"memory_bytes": 2 * hosts.GIB, "temperature_celsius": 91.0}
    for function in document["pci"][1:]:
        function["link"]["width"] = 1
    return document


@pytest.mark.parametrize("document", [hosts.workstation(), poor_machine()], ids=["none", "poor"])
def test_only_an_essential_rule_fails(document):
    found = every_finding(document, **POOR)
    failed = {finding.rule for rule, finding in found if finding.outcome == "fail"}
    essential = {finding.rule for rule, finding in found if rule.is_essential}
    assert failed
    assert failed <= essential


def test_a_poor_machine_breaks_nearly_every_rule():
    found = every_finding(poor_machine(), **POOR)
    good = {finding.rule for _, finding in found if finding.outcome not in ("warn", "fail")}
    not_asked = {"pcie.generation", "cooling.passive", "cooling.declared", "gpu.tensor_cores"}
    # With cards of 2 GB, 4 GB of main memory are as much as theirs.
    assert good == not_asked | {"gpu.present", "gpu.count", "ram.matches_gpu"}


def test_a_virtual_machine_fails_by_its_gpu_only():
    found = every_finding(hosts.virtual_machine())
    failed = {finding.rule for _, finding in found if finding.outcome == "fail"}
    assert failed == {"gpu.present", "gpu.count"}


def test_every_rule_has_a_name_of_its_own_and_decides_for_known_uses():
    machine = hosts.machine_of(hosts.workstation())
    names = [rule.check(machine, "experiment").rule for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(set(rule.decides) <= set(ALL_USES) for rule in RULES)


def test_each_use_is_decided_by_its_own_rules():
    machine = hosts.machine_of(hosts.workstation())
    named = [(rule.check(machine, "research").rule, rule.decides) for rule in RULES]
    by_use = {use: {name for name, decides in named if use in decides} for use in ALL_USES}
    assert by_use["experiment"] == {
        *("gpu.present", "gpu.memory", "ram.size", "ram.matches_gpu", "power.supply"),
        *("cooling.passive", "cooling.declared", "cooling.temperature", "storage.ssd"),
    }
    assert by_use["kaggle"] - by_use["experiment"] == {
        *("gpu.tensor_cores", "cpu.cores_per_gpu", "cpu.clock", "pcie.seated"),
    }
    assert by_use["research"] - by_use["kaggle"] == {
        *("cooling.adjacent", "storage.nvme", "storage.archive", "network.wired"),
    }
    assert by_use["multi-gpu"] - by_use["research"] == {
        *("gpu.count", "pcie.lanes", "firmware.above_4g", "power.several_gpus"),
    }
    assert by_use["experiment"] < by_use["kaggle"] < by_use["research"] < by_use["multi-gpu"]
