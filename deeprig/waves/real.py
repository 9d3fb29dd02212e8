"""The real works of a rollout: pyinfra changes, testinfra proves, the lab's commands drain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deeprig.cli.bundle_in_use import from_bundle
from deeprig.cli.progress import progress_for, verify_progress_for
from deeprig.engine.run import run_lab
from deeprig.engine.side_by_side import side_by_side
from deeprig.inventory.load import Lab
from deeprig.inventory.sources.source import Source, Where
from deeprig.report.model import HostRun, RunReport, VerifyReport
from deeprig.selection import Selection
from deeprig.update_request import UpdateRequest
from deeprig.verify.run import DEFAULT_PARALLEL as VERIFY_PARALLEL
from deeprig.verify.run import Thoroughness, verify_lab
from deeprig.waves import drain, put_back
from deeprig.waves.declared import digest
from deeprig.waves.model import Rollout
from deeprig.waves.store import RolloutStore
from deeprig.waves.works import Interrupted, PutBack


@dataclass(frozen=True, slots=True)
class RealWorks:
    """Works on the hosts of a lab."""

    lab: Lab
    store: RolloutStore
    parallel: int
    sudo_password: str | None
    is_quiet: bool
    is_verbose: bool

    def declared(self) -> str:
        """Return the digest of what the lab declares now.

        The inventory is what this process has read: nothing else is rolled out by it.
        """
        return digest(self.lab.directory, self.lab.read)

    def drains(self, host: str) -> bool:
        """Say whether a host has a command that takes it out of service."""
        return self.lab.host(host).settings.waves.drain.before is not None

    def drain(self, rollout: Rollout, hosts: tuple[str, ...]) -> Mapping[str, str]:
        """Run each host's command before. Return why it failed, by host. Raise Interrupted."""
        commands = {n: self.lab.host(n).settings.waves.drain.before for n in hosts}
        return self._commands(rollout, commands)

    def give_back(self, rollout: Rollout, hosts: tuple[str, ...]) -> Mapping[str, str]:
        """Run each host's command after. Return why it failed, by host. Raise Interrupted."""
        commands = {n: self.lab.host(n).settings.waves.drain.after for n in hosts}
        return self._commands(rollout, commands)

    def change(self, rollout: Rollout, hosts: tuple[str, ...]) -> RunReport:
        """Apply to, or update, these hosts: one run of the engine."""
        asked = rollout.asked
        bundle = None if asked.bundle is None else Path(asked.bundle.path)
        with (
            from_bundle(self.lab, bundle, as_json=self.is_quiet) as supplied,
            progress_for(asked.command, as_json=self.is_quiet, verbose=self.is_verbose) as progress,
        ):
            return run_lab(
                supplied,
                asked.command,
                Selection(hosts, asked.roles, asked.skipped),
                progress,
                parallel=self.parallel,
                sudo_password=self.sudo_password,
                update=UpdateRequest(**asked.update),
                reboot=asked.reboot,
            )

    def prove(self, rollout: Rollout, hosts: tuple[str, ...]) -> tuple[VerifyReport, bool]:
        """Verify these hosts with the gate's profile. Return also whether it was interrupted."""
        gate, asked = rollout.policy.gate, rollout.asked
        if gate == "none":
            raise ValueError("a rollout without a gate proves nothing")
        # An update is of a whole host: a role that does not apply to it (a driver, where there is
        # no GPU) would prove nothing.
        is_whole = asked.command == "update"
        selection = Selection(hosts) if is_whole else Selection(hosts, asked.roles, asked.skipped)
        with verify_progress_for(as_json=self.is_quiet) as progress:
            return verify_lab(
                self.lab,
                selection,
                progress,
                parallel=min(self.parallel, VERIFY_PARALLEL),
                thoroughness=Thoroughness(gate),
            )

    def put_back(self, rollout: Rollout, hosts: tuple[str, ...]) -> tuple[PutBack, ...]:
        """Apply to each host what it was good with, proven by the same gate. Raise Interrupted."""
        if rollout.asked.command == "update":
            return tuple(PutBack(host, "kept", put_back.UPDATE_STAYS) for host in hosts)
        targets = self.store.good_before(rollout, hosts)
        results = [
            PutBack(host, "kept", put_back.NOTHING_KEPT) for host in hosts if host not in targets
        ]
        changed = self._changed(rollout)
        for target in {target.id: target for target in targets.values()}.values():
            of_it = tuple(h for h in hosts if h in targets and targets[h].id == target.id)
            results += self._put_back(rollout, of_it, target, changed)
        return tuple(results)

    def _put_back(
        self,
        rollout: Rollout,
        hosts: tuple[str, ...],
        target: Rollout,
        changed: dict[str, HostRun],
    ) -> tuple[PutBack, ...]:
        inventory = self._kept_inventory(target)
        if inventory is None:
            return tuple(PutBack(host, "kept", put_back.NOT_IN_LAB) for host in hosts)
        words = put_back.session_words(inventory, rollout, hosts, self.parallel)
        try:
            document = put_back.run_session(words, self.sudo_password, is_quiet=self.is_quiet)
        except RuntimeError as error:
            told = f"it could not be put back to {target.id}: {error}"
            return tuple(PutBack(host, "failed", told) for host in hosts)
        stem = f"wave-{rollout.waves[-1].number:03d}-back"
        for kind in ("run", "gate"):
            if document[kind] is not None:
                self.store.keep_report(rollout, f"{stem}-{kind}", document[kind])
        return put_back.results_of(document, hosts, target, changed)

    def _kept_inventory(self, target: Rollout) -> Where | None:
        """Return what a rollout keeps of the inventory; None: it was no file of the lab."""
        snapshot = self.store.snapshot_of(target)
        if snapshot is not None:
            return Source("snapshot", str(snapshot.resolve()))
        if isinstance(self.lab.path, Source):
            return None
        path, directory = self.lab.path.resolve(), self.lab.directory.resolve()
        if not path.is_file() or not path.is_relative_to(directory):
            return None
        return self.store.copy_of(target) / path.relative_to(directory)

    def _changed(self, rollout: Rollout) -> dict[str, HostRun]:
        """Return what the wave under way did to its hosts, as far as its reports know."""
        runs: dict[str, HostRun] = {}
        for file in rollout.waves[-1].reports:
            document = self.store.report(rollout, file)
            if document["command"] != "verify":
                report = RunReport.from_json(document)
                runs |= {run.host: run for run in report.hosts}
        return runs

    def _commands(self, rollout: Rollout, commands: Mapping[str, str | None]) -> Mapping[str, str]:
        problems: dict[str, str] = {}

        def run(name: str, command: str) -> None:
            told = drain.run_command(self.lab, self.lab.host(name), command, rollout.id)
            if told is not None:
                problems[name] = told

        works = [partial(run, name, text) for name, text in commands.items() if text]
        if side_by_side(works, self.parallel):
            raise Interrupted
        return problems
