"""pyinfra's state for one run, with our lab attached and failures raised where they happen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pyinfra.api.config import Config
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.state import State

from deeprig.facts import HostFacts
from deeprig.inventory.load import Lab
from deeprig.inventory.model import RebootPolicy
from deeprig.report.model import VersionMove
from deeprig.selection import Selection
from deeprig.update_request import NO_UPDATE, UpdateRequest


class HostFailed(PyinfraError):
    """This host cannot go on; the others can."""


@dataclass(slots=True)
class Remarks:
    """What a host's operation under way told about itself (deeprig.engine.remarks)."""

    notes: list[str] = field(default_factory=list)
    moves: list[VersionMove] = field(default_factory=list)


class RunState(State):
    """One run's state. The lab is attached, so that a deploy script finds its declarations."""

    def __init__(
        self,
        lab: Lab,
        selection: Selection,
        config: Config,
        update: UpdateRequest = NO_UPDATE,
        reboot: RebootPolicy | None = None,
    ) -> None:
        # No change detection while operations are collected: plan evaluates them afterwards,
        # and apply then reads each fact once instead of twice.
        super().__init__(lab.inventory, config, check_for_changes=False)
        self.lab = lab
        self.selection = selection
        self.facts: dict[str, HostFacts] = {}
        self.update = update
        self.reboot = reboot
        self.remarks: defaultdict[str, Remarks] = defaultdict(Remarks)
        #: Packages that operations want, by host: what a bundle is made from.
        self.wanted_packages: defaultdict[str, set[str]] = defaultdict(set)
        self.cwd = str(lab.directory)
        #: Takes a host's name, and what its operation under way waits for.
        self.tell: Callable[[str, str], None] = _tell_nobody

    def fail_hosts(self, hosts_to_fail: Iterable[Host], activated_count: int | None = None) -> None:
        """Raise HostFailed in the failing host's own greenlet.

        pyinfra only takes the host off a list here and goes on, with the default value of the
        fact that could not be read, until the operation ends.
        """
        hosts = set(hosts_to_fail)
        self.failed_hosts.update(hosts)
        self.active_hosts -= hosts
        if hosts:
            raise HostFailed("a fact could not be read")

    def trigger_callbacks(self, method_name: str, *args: Any, **kwargs: Any) -> None:
        """Call handlers as pyinfra does; here so that the type checker sees one signature."""
        super().trigger_callbacks(method_name, *args, **kwargs)


def _tell_nobody(host: str, told: str) -> None:
    """Keep to oneself what an operation waits for."""
