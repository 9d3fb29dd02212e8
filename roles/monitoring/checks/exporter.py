"""The machine's numbers can be had, are fresh, and only by those who were meant."""

from __future__ import annotations

from typing import Any

import pytest

from deeprig.verify.checks import Checks
from deeprig.verify.host_environment import check_host_environment
from deeprig.verify.plugin import lab_of
from roles.monitoring.checks.asking import Asked, asked, once_known
from roles.monitoring.checks.samples import samples, value_of
from roles.monitoring.exporter import COLLECTOR, EXPORTER
from roles.monitoring.notifier import TIMER
from roles.monitoring.settings import Address, MonitoringSettings
from roles.monitoring.watched import asked_at, exporter_listens, settings_of

LAST = "deeprig_collector_last_success_timestamp_seconds"
#: How many looks may be missing before the numbers count as old.
_LOOKS = 4
_LEAST_SECONDS = 60


def test_the_programs_are_as_they_were_placed(host: Any, check: Checks) -> None:
    """The environment that collector and notifier run in is whole."""
    check_host_environment(host, check)


def test_what_collects_and_tells_is_at_work(host: Any, check: Checks) -> None:
    """The services run, and will after a boot."""
    for unit in (EXPORTER, COLLECTOR, TIMER):
        told = host.run("systemctl is-active %s; systemctl is-enabled %s", unit, unit).stdout
        check(f"{unit} is active and enabled", told.split() == ["active", "enabled"], told.strip())


def test_the_machines_numbers_can_be_had(
    host: Any, settings: MonitoringSettings, declared: Any, request: Any, check: Checks
) -> None:
    """node_exporter answers with the collector's metrics, fresh and complete."""
    listens = listens_at(declared, request)
    answer = fresh_answer(host, settings, listens)
    place = asked_at(listens, settings.exporter.port)
    text = answer.text
    check("node_exporter answers", text is not None, f"{place}: {answer.error or 'answers'}")
    if text is None:
        return
    at = value_of(text, LAST)
    is_fresh = None if at is None else answer.now - at <= oldest(settings)
    seen = "no metrics of deeprig" if at is None else f"{answer.now - at:.0f} s old"
    check("the numbers are fresh", is_fresh, seen)
    errors = value_of(text, "node_textfile_scrape_error")
    check("node_exporter reads them", None if errors is None else errors == 0, f"errors: {errors}")
    parts = samples(text, "deeprig_collector_part_up")
    failed = sorted(part.labels.get("part", "?") for part in parts if part.value != 1)
    is_whole = not failed if parts else None
    check("no part of the collector fails", is_whole, ", ".join(failed) or f"{len(parts)} parts")


def test_the_exporter_listens_only_where_it_was_told_to(
    host: Any, settings: MonitoringSettings, declared: Any, request: Any, check: Checks
) -> None:
    """No socket listens on another address than the declared one."""
    wanted = listens_at(declared, request)
    check_listening(host, "node_exporter", wanted, settings.exporter.port, check)


def check_listening(host: Any, what: str, wanted: Address, port: int, check: Checks) -> None:
    """Record whether a port is open on the wanted address, and on no other."""
    shown = host.run("ss -Hltn")
    if shown.rc != 0:
        check(f"{what} listens where declared", None, shown.stderr.strip() or "ss failed")
        return
    columns = [line.split() for line in shown.stdout.splitlines()]
    found = {
        row[3].rpartition(":")[0].strip("[]").partition("%")[0]
        for row in columns
        if len(row) > 3 and row[3].endswith(f":{port}")
    }
    everywhere = {"*", "0.0.0.0", "::"}  # noqa: S104 - compared with, not bound to
    expected = everywhere if wanted.is_unspecified else {str(wanted)}
    is_good = bool(found) and found <= expected
    check(f"{what} listens where declared", is_good, f"{', '.join(sorted(found)) or 'nowhere'}")


def listens_at(declared: Any, request: pytest.FixtureRequest) -> Address:
    """Return where a host's exporter was meant to listen: lab servers elsewhere decide it too."""
    hosts = lab_of(request.config).hosts
    having = {h.name: settings_of(h) for h in hosts if h.roles is None or "monitoring" in h.roles}
    return exporter_listens(declared.name, having)


def fresh_answer(host: Any, settings: MonitoringSettings, listens: Address) -> Asked:
    """Return the exporter's answer, once it has the collector's first numbers."""
    url = f"http://{asked_at(listens, settings.exporter.port)}/metrics"
    return once_known(
        lambda: asked(host, url),
        lambda answer: answer.text is None or value_of(answer.text, LAST) is not None,
        settings.interval_seconds,
    )


def oldest(settings: MonitoringSettings) -> int:
    """Return how many seconds old the numbers may be."""
    return max(_LEAST_SECONDS, _LOOKS * settings.interval_seconds)
