"""The words for people."""

from dataclasses import replace

from deeprig_host.backup.compare import Finding, compare
from deeprig_host.backup.state_show import captured_lines, comparison_lines
from deeprig_host.machine.commands import Done


def test_a_capture_is_told_with_what_it_lacks(rig):
    def broken(*words, **options):
        return Done(words, 2, err="damaged")

    assert captured_lines(rig.capture()) == ("6 of 6 parts captured, 19 files changed",)
    rig.write("/var/lib/dpkg/status", "another")
    assert captured_lines(rig.capture(replace(rig.machine, run=broken))) == (
        "5 of 6 parts captured, 1 files changed",
        "not captured: packages: dpkg-query failed (exit 2): damaged",
    )


def test_a_comparison_begins_with_its_verdict(rig):
    rig.capture()
    before = rig.state()
    same = comparison_lines(compare(before, before))
    assert same[0] == "rebuilt: environment, chosen package, hold, user, group"
    assert same[1:3] == ("environment: 2 same", "chosen package: 1 same")
    rig.machine.path("/opt/conda/envs/torch").unlink()
    rig.capture()
    told = comparison_lines(compare(before, rig.state()))
    assert told[:3] == (
        "not rebuilt: environment",
        "environment: 1 missing, 1 same",
        "  environment /opt/conda/envs/torch: missing",
    )


def test_hundreds_of_differences_are_counted():
    findings = tuple(Finding("package", f"p{number}", "missing") for number in range(23))
    lines = comparison_lines(findings)
    assert lines[1] == "package: 23 missing"
    assert len(lines) == 2 + 20 + 1
    assert lines[-1] == "  and 3 more"


def test_a_name_that_no_terminal_could_take_is_told_in_other_letters():
    assert comparison_lines((Finding("file", "a\udcff\nb", "missing"),))[-1].isprintable()


def test_nothing_compared_is_told_as_such():
    assert comparison_lines(()) == ("not rebuilt: nothing could be compared",)
