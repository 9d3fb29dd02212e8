"""The host tells what is wrong, to whom it was told to."""

from __future__ import annotations

from typing import Any

from deeprig.tasks.host_environment import ENVIRONMENT_PYTHON
from deeprig.verify.checks import Checks
from roles.monitoring.checks.asking import asked, once_known
from roles.monitoring.checks.exporter import listens_at
from roles.monitoring.checks.samples import samples, value_of
from roles.monitoring.notifier import CONFIGURATION
from roles.monitoring.settings import MonitoringSettings, NotifySettings
from roles.monitoring.watched import asked_at

LAST_RUN = "deeprig_notifier_last_run_timestamp_seconds"
UNDELIVERED = "deeprig_notifier_undelivered"
#: It looks every minute; a delivery that hangs takes its time.
_OLDEST_SECONDS = 600
_FIRST_SECONDS = 30


def test_the_notifier_has_its_configuration(host: Any, check: Checks) -> None:
    """Its own reader takes the file, which nobody else can read."""
    done = host.run(f"{ENVIRONMENT_PYTHON} -I -m deeprig_host.alerts check")
    said = (done.stderr or done.stdout).strip()
    check("the notifier's configuration is good", done.rc == 0, said or "it has no complaint")
    file = host.file(CONFIGURATION)
    mode = oct(file.mode)[2:] if file.exists else "not there"
    check("nobody else reads its secrets", mode == "600", f"{CONFIGURATION}: {mode}")


def test_the_notifier_looks_and_delivers(
    host: Any, settings: MonitoringSettings, declared: Any, request: Any, check: Checks
) -> None:
    """It ran lately, and no message waits."""
    listens = listens_at(declared, request)
    url = f"http://{asked_at(listens, settings.exporter.port)}/metrics"
    answer = once_known(
        lambda: asked(host, url),
        lambda found: found.text is None or value_of(found.text, LAST_RUN) is not None,
        _FIRST_SECONDS,
    )
    at = value_of(answer.text or "", LAST_RUN)
    seen = f"{answer.now - at:.0f} s ago" if at is not None else "never, or nobody can know"
    is_good = None if at is None else answer.now - at <= _OLDEST_SECONDS
    check("the notifier looked lately", is_good, seen)
    waiting = {s.labels.get("channel"): s.value for s in samples(answer.text or "", UNDELIVERED)}
    for channel in channels(settings.notify):
        left = waiting.get(channel)
        evidence = "not known" if left is None else f"{left:.0f} wait"
        is_delivered = None if left is None else left == 0
        check(f"messages are delivered: {channel}", is_delivered, evidence)


def channels(notify: NotifySettings) -> tuple[str, ...]:
    """Return the declared ways to tell, as the notifier names them."""
    declared = {"mail": notify.mail, "webhook": notify.webhook, "ntfy": notify.ntfy}
    return tuple(name for name, settings in declared.items() if settings is not None)
