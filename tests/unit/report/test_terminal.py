"""Reports for people: any width, any encoding, with or without a terminal."""

import io
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from deeprig.report.model import CheckResult, HostRun, HostVerification
from deeprig.report.terminal import render
from tests.unit.report import samples

REPORTS = {
    "apply": samples.full_apply,
    "plan": samples.full_plan,
    "verify": samples.full_verify,
}
every_report = pytest.mark.parametrize("make", REPORTS.values(), ids=REPORTS)


class Stream(io.StringIO):
    """A text stream with an encoding, as sys.stdout has one."""

    def __init__(self, encoding):
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self):
        return self._encoding


def shown(report, *, width=80, terminal=False, encoding="utf-8", verbose=False, **options):
    stream = Stream(encoding)
    console = Console(file=stream, width=width, force_terminal=terminal, **options)
    render(report, console, verbose=verbose)
    return stream.getvalue()


def on_terminal(report, width):
    return shown(report, width=width, terminal=True, color_system=None)


def words(text):
    """Return the text without what differs between widths: line breaks, spaces and frames."""
    return re.sub(r"[\s─]+", "", text)


@every_report
@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut(make, width):
    text = on_terminal(make(), width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    if make is samples.full_verify:
        assert words(samples.LONG_EVIDENCE) in words(text)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_names_without_a_space_are_folded_not_cut(width):
    host, name = "rig." + "x" * 90 + ".example", "/opt/" + "y" * 250
    check = replace(samples.check("fail", name), host=host)
    verify = samples.verify_report(HostVerification.of_checks(host, (check,)))
    for report in (verify, samples.run_report(HostRun(host, "ok"))):
        text = on_terminal(report, width)
        assert max(cell_len(line) for line in text.splitlines()) <= width
        assert "…" not in text
        assert text.count("x") >= 90


@every_report
@pytest.mark.parametrize("width", [1, 12, 30])
def test_an_absurd_width_is_survived(make, width):
    assert on_terminal(make(), width)


@every_report
@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_log_is_the_same_at_every_width_and_plain(make, width):
    text = shown(make(), width=width)
    assert text == shown(make(), width=10_000)
    assert "\x1b" not in text
    assert text.isascii(), "no box drawing, no ellipsis"


def test_a_log_folds_no_evidence():
    assert f"    {samples.LONG_EVIDENCE}\n" in shown(samples.full_verify(), width=60)


def test_no_color_is_honoured(monkeypatch):
    coloured = shown(samples.full_plan(), terminal=True, color_system="standard")
    assert "\x1b[32m+managed by us" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = shown(samples.full_plan(), terminal=True, color_system="standard")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", plain)
    assert "+managed by us" in plain


@every_report
@pytest.mark.parametrize("terminal", [False, True])
def test_an_output_that_is_not_utf8_gets_ascii(make, terminal):
    text = shown(make(), encoding="ascii", terminal=terminal, color_system=None)
    assert text.isascii()


def test_what_ascii_cannot_say_is_escaped():
    check = samples.check("fail", "Grüße", evidence="✘ kaputt")
    text = shown(samples.verify_report(samples.verified(check)), encoding="ascii")
    assert "base: Gr\\xfc\\xdfe" in text
    assert "\\u2718 kaputt" in text


@pytest.mark.parametrize("terminal", [False, True])
def test_markup_and_escapes_of_hosts_are_text(terminal):
    evil = "[red]x[/red] [/] [link=http://evil.example]y :boom: \x1b[2J\x1b]0;t\x07z"
    safe = "[red]x[/red] [/] [link=http://evil.example]y :boom: z"
    check = samples.check("fail", evil, environment=evil, evidence=evil)
    run = HostRun(
        evil, "failed", reason=evil, remedy=evil, in_operation=evil, simulated=(evil,),
        operations=(samples.operation("failed", evil, commands=(evil,), output=evil),),
    )  # fmt: skip
    planned = samples.operation("would change", evil, diffs=(samples.DIFF,), output=evil)
    verification = samples.verify_report(
        HostVerification(evil, "failed", reason=evil, remedy=evil, checks=(check,))
    )
    for report in (
        verification,
        samples.run_report(run),
        samples.run_report(HostRun("rig1", "ok", operations=(planned,)), command="plan"),
    ):
        text = shown(report, width=500, terminal=terminal, color_system=None, verbose=True)
        assert safe in text
        assert "\x1b" not in text


def test_apply_ends_with_the_table():
    lines = shown(samples.full_apply()).splitlines()
    assert [line.split() for line in lines[:8]] == [
        ["host", "role", "changed", "failed", "seconds"],
        ["-" * 41],
        ["rig1", "base", "1", "0", "9.8"],
        ["rig1", "conda", "1", "0", "12.0"],
        ["rig2", "base", "0", "0", "0.0"],
        ["rig2", "conda", "0", "1", "3.4"],
        ["rig3", "-", "-", "-", "10.0"],
        ["rig4", "base", "1", "0", "0.0"],
    ]
    assert lines[-1] == ("4 hosts: 1 ok, 1 failed, 1 unreachable, 1 interrupted; 3 changed; 42.0 s")


def test_a_failed_operation_shows_its_command_its_output_and_the_remedy():
    assert (
        "rig2: conda: Build an environment: failed\n"
        "    $ /opt/conda/bin/conda create -p /opt/conda/g/1 ...\n"
        "    PackagesNotFoundError: [red]torch 9.9[/red] is in no channel\n"
        "      - torch=9.9\n"
        "rig2: failed: conda: Build an environment failed\n"
        "    -> correct the environment's packages\n"
    ) in shown(samples.full_apply())


@pytest.mark.parametrize("make", [samples.full_apply, samples.full_verify])
def test_an_unreachable_host_shows_reason_and_remedy(make):
    assert (
        f"rig3: unreachable: {samples.UNREACHABLE_REASON}\n    -> {samples.UNREACHABLE_REMEDY}\n"
    ) in shown(make())


def test_an_interrupted_host_says_in_which_operation():
    text = shown(samples.full_apply())
    assert "rig4: interrupted while in base: Install packages; 2 operations not run" in text


def test_what_is_simulated_is_said():
    assert "rig1: simulated: conda: the conda command is the tests' stand-in" in shown(
        samples.full_apply()
    )
    assert "base: conda works (simulated)" in shown(samples.full_verify())


def test_plan_shows_operations_diffs_and_a_summary():
    assert shown(samples.full_plan()) == (
        "rig1: 2 of 3 operations would change something\n"
        "    base: Say who manages it\n"
        "        $ chmod 644 /etc/motd\n"
        "        --- /etc/motd\n"
        "        +++ /etc/motd\n"
        "        @@ -1,2 +1,2 @@\n"
        "         Welcome\n"
        "        -managed by hand\n"
        "        +managed by us\n"
        "    base: Build it\n"
        "        details only after the changes\n"
        "        $ set -e ...\n"
        "rig2: nothing to change\n"
        "2 hosts: 2 ok; 2 operations would change something; 42.0 s\n"
    )


def test_an_upload_without_a_diff_is_not_hidden():
    upload = samples.operation("would change", commands=("upload /etc/other",))
    run = HostRun("rig1", "ok", operations=(upload,))
    assert "$ upload /etc/other" in shown(samples.run_report(run, command="plan"))


def test_verbose_shows_what_is_else_left_out():
    assert "rig1: base: Set the time zone: unchanged" in shown(samples.full_apply(), verbose=True)
    plan = shown(samples.full_plan(), verbose=True)
    assert "$ upload /etc/motd" in plan
    assert "        make install\n" in plan
    verify = shown(samples.full_verify(), verbose=True)
    assert "rig1: base: package git is installed: pass\n    1:2.39.5\n" in verify


def test_verify_shows_every_host_even_one_without_checks():
    rows = [line.split("   ")[0] for line in shown(samples.full_verify()).splitlines()[2:9]]
    assert rows == ["rig1"] * 4 + ["rig2"] * 2 + ["rig3"]
    assert "1 of 3 hosts passed in 30.5 s" in shown(samples.full_verify())


def test_verify_shows_the_evidence_of_fail_and_unknown_only():
    text = shown(samples.full_verify())
    assert "rig2: base: time zone: fail\n    is UTC, declared Europe/Berlin\n" in text
    assert "rig2: nvidia: CUDA is there: unknown\n    /opt/conda" in text
    assert "1:2.39.5" not in text


def test_a_failure_without_evidence_says_so():
    text = shown(samples.verify_report(samples.verified(samples.check("fail"))))
    assert "rig1: base: a check: fail\n    (no evidence)\n" in text


def test_training_metrics_are_shown():
    assert (
        "rig1 torch: device: cuda:0, accuracy: 0.978, macro recall: 0.977, macro f1: 0.978\n"
    ) in shown(samples.full_verify())


def test_a_metric_of_zero_is_shown():
    check = samples.check("fail", data={"metrics": {"accuracy": 0.0, "macro_f1": 0.0}})
    assert "rig1: accuracy: 0.000, macro f1: 0.000\n" in shown(
        samples.verify_report(samples.verified(check))
    )


@pytest.mark.parametrize(
    "data",
    [{"metrics": None}, {"metrics": [1]}, {"metrics": "fine"}, {"device": "cpu"}, {"metrics": {}}],
)
def test_data_that_is_no_metrics_is_left_alone(data):
    text = shown(samples.verify_report(samples.verified(samples.check("pass", data=data))))
    assert text.endswith("base: a check   pass          0.0\n1 of 1 host passed in 30.5 s\n")


def test_an_empty_report_says_so():
    assert shown(samples.run_report()).endswith("0 hosts: none; 0 changed; 42.0 s\n")
    assert shown(samples.verify_report()).endswith("0 of 0 hosts passed in 30.5 s\n")


def test_a_role_that_does_not_apply_has_one_row():
    checks = (
        samples.check("pass", "a package"),
        CheckResult("rig1", "cuda", "toolkit", "not applicable"),
        CheckResult("rig1", "cuda", "compiler", "not applicable"),
    )
    text = shown(samples.verify_report(samples.verified(*checks)))
    assert text.count("cuda:") == 1
    assert "cuda: all checks" in text
    # One that does not apply among others that do keeps its own row.
    more = (*checks, CheckResult("rig1", "cuda", "link", "pass"))
    text = shown(samples.verify_report(samples.verified(*more)))
    assert all(name in text for name in ("cuda: toolkit", "cuda: compiler", "cuda: link"))
