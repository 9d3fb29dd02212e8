"""Turn pytest's reports into check results, as they come, one JSON line each."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TextIO

import pytest

from deeprig.masking import Masker
from deeprig.report.model import CheckResult, Outcome
from deeprig.verify.plugin import recorded_checks


@dataclass(slots=True)
class Recorder:
    """A pytest plugin object: writes every check of one host to a stream."""

    host: str
    stream: TextIO
    masker: Masker
    _ended: set[str] = field(default_factory=set)

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
        recorder = recorded_checks(item)
        results = [
            CheckResult(
                host=self.host,
                role=item.path.parent.name,
                name=check.name,
                outcome=check.outcome,
                evidence=self.masker(check.evidence),
                seconds=round(report.duration, 2),
                environment=check.environment,
                data=masked_data(check.data, self.masker),
                simulated=check.simulated,
            )
            for check in (recorder.recorded if recorder else ())
        ]
        error = call.excinfo
        failed_itself = error is not None and not (results and error.errisinstance(AssertionError))
        if failed_itself or (recorder is None):
            outcome = _outcome(call, report)
            results.append(self._plain(item, report, outcome, _evidence(call, report)))
        return results

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
