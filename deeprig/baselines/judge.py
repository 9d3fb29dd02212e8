"""Compare a verified host with its history and its twins, and keep what is good of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deeprig import __version__
from deeprig.baselines import history_file
from deeprig.baselines.compare import accepted, since_beginning, with_history, with_twins
from deeprig.baselines.measured import Trained, trained_in
from deeprig.baselines.model import Entry, Run
from deeprig.baselines.show import check_of, troubles_check, uncompared_check, unkept_check
from deeprig.certificate.baseline import Comparison
from deeprig.report.model import CheckResult, HostVerification

#: Of twins' files only these are read: what a twin is now, not what it was.
_LINES_OF_A_TWIN = 40


@dataclass(frozen=True, slots=True)
class Judged:
    """A run beside what was before. ``keep`` is the run as it would become history."""

    trained: Trained
    comparisons: tuple[Comparison, ...]
    keep: Run
    hardware_before: str

    @property
    def is_worse(self) -> bool:
        """Say whether something dropped."""
        return any(one.outcome == "fail" for one in self.comparisons)


def compare_host(
    lab_directory: Path, host: HostVerification, verified: str, *, accepts: bool = False
) -> tuple[CheckResult, ...]:
    """Return a check for each run of the suite that the host's checks hold.

    ``verified`` is when (ISO 8601, UTC). Where nothing dropped, or a person ``accepts`` what is
    measured now as the beginning of a new baseline, the numbers become history. Nothing is raised:
    a history that cannot be read or written is told as a check.
    """
    trained = trained_in(host)
    usable = tuple(one for one in trained if one.run)
    unusable = tuple(uncompared_check(one) for one in trained if not one.run)
    if not usable:
        return unusable
    try:
        with history_file.exclusively(lab_directory):
            compared = _compare(lab_directory, host.host, verified, usable, accepts=accepts)
    except OSError as error:
        return (*unusable, unkept_check(usable[0].check, error))
    return (*compared, *unusable)


def _compare(
    lab_directory: Path, host: str, verified: str, trained: Sequence[Trained], *, accepts: bool
) -> tuple[CheckResult, ...]:
    path = history_file.path_of(lab_directory, host)
    entries, troubles = _own(path)
    twins, more = _twins(lab_directory, host)
    earlier = tuple(run for entry in entries for run in entry.runs)
    judged = [_judged(one, one.run, earlier, twins, accepts) for one in trained if one.run]
    is_kept = not any(one.is_worse for one in judged)
    if is_kept:
        sequence = max((entry.sequence for entry in entries), default=0) + 1
        runs = tuple(one.keep for one in judged)
        history_file.append(path, entries, Entry(sequence, verified, __version__, runs))
    checks = [
        check_of(one.trained.check, one.trained.test, one.comparisons, one.hardware_before,
                 is_kept=is_kept) for one in judged
    ]  # fmt: skip
    told = (*troubles, *more)
    return (*checks, *((troubles_check(trained[0].check, told),) if told else ()))


def _judged(
    trained: Trained, run: Run, earlier: Sequence[Run], twins: Mapping[str, Sequence[Run]],
    accepts: bool,
) -> Judged:  # fmt: skip
    series = since_beginning([one for one in earlier if one.key == run.key])
    history = with_history(run, series)
    beside = with_twins(run, twins)
    slower = {one.test for one in beside if one.outcome == "fail"}
    known = {*series[-1].is_apart} if series else set()
    apart = slower if accepts else slower & known
    why = "accepted as the new baseline"
    if accepts:
        history = tuple(accepted(one, why) for one in history)
    beside = tuple(accepted(one, why) if one.test in apart else one for one in beside)
    keep = replace(run, begins=accepts, is_apart=tuple(sorted(apart)))
    return Judged(trained, (*history, *beside), keep, _hardware_before(run, earlier))


def _hardware_before(run: Run, earlier: Sequence[Run]) -> str:
    """Return the hardware of the last run in this environment where it was another, or ""."""
    same = [one for one in earlier if one.key[:3] == run.key[:3]]
    return same[-1].hardware if same and same[-1].hardware != run.hardware else ""


def _own(path: Path) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Return the host's history; a file with strange lines is moved aside, the others are kept."""
    stored = history_file.read(path)
    if not stored.bad_lines:
        return stored.entries, ()
    aside = history_file.move_aside(path)
    history_file.write(path, stored.entries)
    count = len(stored.bad_lines)
    lines = f"{count} line{'s' if count > 1 else ''}"
    told = (
        f"{path}: {lines} cannot be read ({stored.first_problem}); the file is now {aside.name}, "
        f"and {len(stored.entries)} earlier runs were kept"
    )
    return stored.entries, (told,)


def _twins(lab_directory: Path, host: str) -> tuple[dict[str, tuple[Run, ...]], tuple[str, ...]]:
    """Return the newest runs of all other hosts, and which of their files are not as they must be.

    Their files stay as they are: each is put right when its own host is verified.
    """
    found: dict[str, tuple[Run, ...]] = {}
    troubles = []
    for name, path in history_file.others(lab_directory, host).items():
        try:
            stored = history_file.read(path, _LINES_OF_A_TWIN)
        except OSError as error:
            troubles.append(f"{path}: it cannot be read: {error.strerror}")
            continue
        if stored.bad_lines:
            troubles.append(f"{path}: not all of it can be read ({stored.first_problem})")
        found[name] = tuple(run for entry in stored.entries for run in entry.runs)
    return found, tuple(troubles)
