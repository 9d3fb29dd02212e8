"""Finish what an interrupted dpkg left, before anything new is begun."""

from __future__ import annotations

from deeprig_host.driver import apt
from deeprig_host.driver.cut_builds import forget_cut_builds
from deeprig_host.driver.packages import is_dpkg_interrupted, read_packages
from deeprig_host.driver.progress import Progress
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

_SECONDS = 4 * 3600


def repair_dpkg(machine: Machine, lock_wait_seconds: int, progress: Progress) -> None:
    """Configure what is half done. Raise Refused where that would remove something, or fails."""
    if not is_dpkg_interrupted(machine, read_packages(machine)):
        return
    progress.say("dpkg was interrupted earlier: finishing that first")
    forget_cut_builds(machine, progress)
    done = progress.keep(
        machine.run("dpkg", "--configure", "-a", seconds=_SECONDS, environment=apt.QUIET)
    )
    for more in (("--no-download",), ()):
        if not is_dpkg_interrupted(machine, read_packages(machine)):
            return
        fix = apt.words(lock_wait_seconds, *more, "-f", "install")
        plan = apt.parse_simulation(machine.run(*fix, "-s", seconds=300).out)
        removed = tuple(f"would remove {step.name} {step.old}" for step in plan if not step.new)
        if removed:
            raise _refusal((*apt.trouble(done), *removed))
        done = progress.keep(machine.run(*fix, seconds=_SECONDS, environment=apt.QUIET))
    if is_dpkg_interrupted(machine, read_packages(machine)):
        raise _refusal(apt.trouble(done))


def _refusal(evidence: tuple[str, ...]) -> Refused:
    return Refused(
        "dpkg was interrupted on this host and cannot be repaired without you",
        evidence=evidence,
        remedy="run `dpkg --configure -a` and `apt-get -f install` as root, and look at what "
        "they say",
    )
