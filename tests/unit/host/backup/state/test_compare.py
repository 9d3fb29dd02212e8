"""What a rebuild brought back, what not, and what nobody can tell."""

import json
from dataclasses import replace

import pytest
from deeprig_host.backup.compare import Finding, compare, is_rebuilt
from deeprig_host.backup.state_accounts import Group, User
from deeprig_host.backup.state_read import Environment, State, read_state
from deeprig_host.machine.refusal import Refused

TORCH = "/opt/conda/envs/torch"
LOCK = "https://conda.example.org/forge/linux-64/python-3.11-0.conda#5eb"
ADA = User("ada", 1000, 1000, "/home/ada", "/bin/zsh")
WHOLE = State(
    host="rig1",
    machine={"kernel": "6.8.0-45-generic", "driver": "550.54.14"},
    users=(ADA, User("games", 5, 60, "/usr/games", "/usr/sbin/nologin")),
    groups=(Group("ada", 1000, ()), Group("video", 44, ("ada",))),
    installed={"tool": "2.0", "zlib1g:amd64": "1.2"},
    manual=frozenset({"tool"}),
    held=frozenset({"tool"}),
    files={"/etc/fstab": "a-digest"},
    environments=(Environment(TORCH, frozenset({LOCK}), frozenset({"torch==2.5.0"})),),
)


def found(after, area, name, before=WHOLE):
    (finding,) = (one for one in compare(before, after) if (one.area, one.name) == (area, name))
    return finding


def test_a_machine_is_itself():
    findings = compare(WHOLE, WHOLE)
    assert {finding.verdict for finding in findings} == {"same"}
    assert is_rebuilt(findings)


def test_nothing_compared_is_nothing_shown():
    assert not is_rebuilt(compare(State(), State()))
    assert not is_rebuilt(())


@pytest.mark.parametrize(
    ("change", "area", "name", "verdict", "detail"),
    [
        ({"environments": ()}, "environment", TORCH, "missing", ""),
        ({"manual": frozenset(), "installed": {}}, "chosen package", "tool", "missing", ""),
        ({"manual": frozenset()}, "chosen package", "tool", "different", "as a dependency only"),
        ({"held": frozenset()}, "hold", "tool", "missing", ""),
        ({"users": ()}, "user", "ada", "missing", ""),
        ({"users": (replace(ADA, uid=1001),)}, "user", "ada", "different", "uid is 1001, was 1000"),
        ({"users": (replace(ADA, home="/a"),)}, "user", "ada", "different", "home is /a"),
        ({"groups": (Group("ada", 1000, ()),)}, "user", "ada", "different", "no longer in video"),
        ({"groups": (Group("ada", 1, ()),)}, "group", "ada", "different", "gid is 1, was 1000"),
        ({"groups": (Group("video", 44, ("ada",)),)}, "group", "ada", "missing", ""),
    ],
)
def test_what_a_rebuild_must_bring_back_and_did_not(change, area, name, verdict, detail):
    after = replace(WHOLE, **change)
    finding = found(after, area, name)
    assert finding.verdict == verdict
    assert detail in finding.detail
    assert not is_rebuilt(compare(WHOLE, after))


@pytest.mark.parametrize(
    ("explicit", "pip", "detail"),
    [
        ({LOCK.replace("5eb", "0ld")}, {"torch==2.5.0"}, "conda lacks python-3.11-0.conda#5eb"),
        ({LOCK, "https://x/y-1-0.conda#1"}, {"torch==2.5.0"}, "conda has beside y-1-0.conda#1"),
        ({LOCK}, {"torch==2.4.0"}, "pip lacks torch==2.5.0; pip has beside torch==2.4.0"),
        ({LOCK}, {"torch==2.5.0", *"abcde"}, "pip has beside a, b, c and 2 more"),
    ],
)
def test_an_environment_with_another_package_is_another(explicit, pip, detail):
    other = Environment(TORCH, frozenset(explicit), frozenset(pip))
    after = replace(WHOLE, environments=(other,))
    assert found(after, "environment", TORCH).verdict == "different"
    assert detail in str(found(after, "environment", TORCH))
    assert not is_rebuilt(compare(WHOLE, after))


def test_the_same_packages_from_a_mirror_are_the_same():
    mirrored = frozenset({LOCK.replace("conda.example.org", "mirror.lab")})
    after = replace(WHOLE, environments=(replace(WHOLE.environments[0], explicit=mirrored),))
    assert is_rebuilt(compare(WHOLE, after))


@pytest.mark.parametrize(
    ("change", "area", "name"),
    [
        ({"machine": WHOLE.machine | {"kernel": "6.8.0-50-generic"}}, "machine", "kernel"),
        ({"installed": WHOLE.installed | {"zlib1g:amd64": "1.3"}}, "package", "zlib1g:amd64"),
        ({"files": {"/etc/fstab": "another"}}, "file", "/etc/fstab"),
        ({"users": (ADA, replace(WHOLE.users[1], uid=6))}, "system user", "games"),
    ],
)
def test_what_follows_from_hardware_and_day_is_told_and_decides_nothing(change, area, name):
    after = replace(WHOLE, **change)
    assert found(after, area, name).verdict == "different"
    assert is_rebuilt(compare(WHOLE, after))


def test_what_the_new_machine_has_beside_is_told_and_decides_nothing():
    bob = User("bob", 1001, 1001, "/home/bob", "/bin/sh")
    after = replace(WHOLE, users=(*WHOLE.users, bob), manual=WHOLE.manual | {"zlib1g:amd64"})
    assert found(after, "user", "bob").verdict == "extra"
    assert found(after, "chosen package", "zlib1g:amd64").verdict == "extra"
    assert is_rebuilt(compare(WHOLE, after))


@pytest.mark.parametrize(
    ("part", "empty", "area", "name"),
    [
        ("accounts", {"users": (), "groups": ()}, "user", ""),
        ("packages", {"installed": {}, "manual": frozenset()}, "chosen package", ""),
        (f"environment {TORCH}", {"environments": ()}, "environment", TORCH),
        ("conda environments", {"environments": ()}, "environment", ""),
        ("state", {}, "environment", ""),
    ],
)
@pytest.mark.parametrize("is_before", [True, False])
def test_what_was_not_captured_is_unknown_and_never_missing_or_same(
    part, empty, area, name, is_before
):
    partial = replace(WHOLE, unknown={part: "it failed"}, **empty)
    before, after = (partial, WHOLE) if is_before else (WHOLE, partial)
    finding = found(after, area, name, before)
    assert finding.verdict == "unknown"
    assert "it failed" in finding.detail
    findings = compare(before, after)
    assert not is_rebuilt(findings)
    assert not any(one.verdict in ("missing", "extra") for one in findings)


def test_a_kernel_that_nobody_could_tell_decides_nothing():
    after = replace(WHOLE, machine={}, unknown={"machine": "it failed"})
    assert is_rebuilt(compare(WHOLE, after))


def test_a_finding_reads_as_a_line():
    assert str(Finding("user", "ada", "missing")) == "user ada: missing"
    assert str(Finding("hold", "x", "different", "why")) == "hold x: different (why)"


def test_a_state_is_compared_as_it_was_captured(rig):
    rig.capture()
    before = rig.state()
    rig.pip_package("/opt/conda/generations/torch/abc123", "numpy", "2.1")
    rig.write("/etc/group", "root:x:0:\nada:x:1000:\n")
    rig.capture()
    findings = compare(before, rig.state())
    assert [str(one) for one in findings if not one.is_good] == [
        "environment /opt/conda/envs/torch: different (pip has beside numpy==2.1)",
        "user ada: different (no longer in video)",
        "system group games: missing",
        "system group video: missing",
    ]


def test_no_state_is_refused_with_what_helps(tmp_path):
    with pytest.raises(Refused) as refused:
        read_state(tmp_path)
    assert "restore" in refused.value.remedy


def test_a_spoilt_index_is_refused(rig):
    rig.capture()
    (rig.directory / "state.json").write_text("{")
    with pytest.raises(Refused) as refused:
        rig.state()
    assert refused.value.outcome == "failed"


@pytest.mark.parametrize("file", ["accounts.json", "packages/held.txt", "state.json"])
def test_a_state_that_lost_a_file_is_not_whole(rig, file):
    rig.capture()
    (rig.directory / file).unlink()
    if file == "state.json":
        with pytest.raises(Refused):
            rig.state()
    else:
        assert rig.state().unknown


def test_a_part_that_the_index_does_not_name_is_unknown(rig):
    rig.capture()
    file = rig.directory / "state.json"
    told = json.loads(file.read_text())
    told["parts"] = [part for part in told["parts"] if part["name"] != "accounts"]
    file.write_text(json.dumps(told))
    assert rig.state().unknown == {"accounts": "it was never captured"}
    assert not is_rebuilt(compare(rig.state(), rig.state()))
