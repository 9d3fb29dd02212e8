"""Turn pytest's reports into check results, as they come, one JSON line each."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TextIO

import pytest

from deeprig.masking import Masker
from deeprig.report.model import CheckResult, Outcome
from deeprig.verify.checks import Check
from deeprig.verify.plugin import RECORDER, recorded_checks

#: The one key of a line that is no check's result.
PROGRESS_KEY = "progress"


@dataclass(slots=True)
class Recorder:
    """A pytest plugin object: writes every check of one host to a stream."""

    host: str
    stream: TextIO
    masker: Masker
    _ended: set[str] = field(default_factory=set)

    def pytest_configure(self, config: pytest.Config) -> None:
        """Be found by the fixtures."""
        config.stash[RECORDER] = self

    def tell_check(self, item: pytest.Item, check: Check) -> None:
        """Write a check that a test records, at once."""
        self._write(
            CheckResult(
                host=self.host,
                role=item.path.parent.name,
                name=check.name,
                outcome=check.outcome,
                evidence=self.masker(check.evidence),
                seconds=round(check.seconds, 2),
                environment=check.environment,
                data=masked_data(check.data, self.masker),
                simulated=check.simulated,
            )
        )

    def tell_progress(self, item: pytest.Item, text: str) -> None:
        """Write how far a test is: a line for a person, no result."""
        told = {PROGRESS_KEY: f"{item.path.parent.name}: {self.masker(text)}"}
        self.stream.write(json.dumps(told) + "\n")
        self.stream.flush()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Write the results of a test when its call ended, or its set-up did not succeed."""
        report = yield
        if report.when == "call" or (report.when == "setup" and not report.passed):
            for result in self._results(item, call, report):
                self._write(result)
        elif report.when == "teardown" and report.failed:
            self._write(self._plain(item, report, "unknown", _last_line(call)))
        return report

    def _results(
        self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
    ) -> list[CheckResult]:
        """Return what a test has to tell beside the checks that it recorded: they are told."""
        recorder = recorded_checks(item)
        error = call.excinfo
        has_recorded = recorder is not None and bool(recorder.recorded)
        failed_itself = error is not None and not (
            has_recorded and error.errisinstance(AssertionError)
        )
        if not failed_itself and recorder is not None:
            return []
        return [self._plain(item, report, _outcome(call, report), _evidence(call, report))]

    def _plain(
        self, item: pytest.Item, report: pytest.TestReport, outcome: Outcome, evidence: str
    ) -> CheckResult:
        function = getattr(item, "function", None)
        described = (getattr(function, "__doc__", None) or "").strip().splitlines()
        name = item.name.partition("[")[0].removeprefix("test_").replace("_", " ")
        return CheckResult(
            host=self.host,
            role=item.path.parent.name,
            name=name,
            outcome=outcome,
            evidence=self.masker(evidence or (described[0] if described else "")),
            seconds=round(report.duration, 2),
        )

    def _write(self, result: CheckResult) -> None:
        self.stream.write(json.dumps(asdict(result)) + "\n")
        self.stream.flush()


def masked_data(value: Any, masker: Masker) -> Any:
    """Return JSON data with every text in it masked, names included, however deep it lies."""
    if isinstance(value, str):
        return masker(value)
    if isinstance(value, Mapping):
        return {masker(str(key)): masked_data(item, masker) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked_data(item, masker) for item in value]
    return value


def _outcome(call: pytest.CallInfo[None], report: pytest.TestReport) -> Outcome:
    if report.passed:
        return "pass"
    if report.skipped:
        return "not applicable"
    # A failed assertion is a finding; anything else means that we could not look.
    found = call.excinfo is not None and call.excinfo.errisinstance(AssertionError)
    return "fail" if found else "unknown"


def _evidence(call: pytest.CallInfo[None], report: pytest.TestReport) -> str:
    if call.excinfo is None:
        return ""
    if report.skipped:
        return str(getattr(call.excinfo.value, "msg", call.excinfo.value))
    return str(call.excinfo.value).split("\nassert ")[0] or _last_line(call)


def _last_line(call: pytest.CallInfo[None]) -> str:
    return call.excinfo.exconly() if call.excinfo is not None else "failed"
