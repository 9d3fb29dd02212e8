"""Keep repositories for others: ``python -m deeprig_host.backup_server``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from deeprig_host.backup.declared import Repository
from deeprig_host.backup.reading import snapshots_in
from deeprig_host.backup.restic import Restic
from deeprig_host.backup_server.accepted import accept, accepted_in
from deeprig_host.backup_server.config import read_server
from deeprig_host.backup_server.declared import Client, Server
from deeprig_host.backup_server.places import LOCK_FILE
from deeprig_host.backup_server.pruning import prune
from deeprig_host.backup_server.rest_probe import ask_rest, open_rest
from deeprig_host.backup_server.told import told_before, write_told
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.exclusive import Lock
from deeprig_host.machine.ini import BadConfiguration
from deeprig_host.machine.program import Program, answer, exit_code, machine_of, tell
from deeprig_host.machine.refusal import Refused

BAD_CONFIG = 2
_LOCK = Lock(LOCK_FILE, "a prune", "wait until it has ended")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 where something failed, 2 on a bad configuration."""
    program = Program("backup_server", __doc__)
    pruning = program.add("prune", _prune, "forget and prune what clients may not")
    pruning.add_argument("client", nargs="*", help="default: all that are pruned here")
    pruning.add_argument("--restic", default="restic", help="the program")
    accepting = program.add("accept", _accept, "take the snapshots that there are for good")
    accepting.add_argument("client")
    accepting.add_argument("--restic", default="restic", help="the program")
    program.add("open-rest", _open_rest, "write who may come in to the REST server")
    program.add("ask", _ask, "try whether the REST server deletes or changes anything")
    options = program.parse(arguments)
    try:
        told = answer(machine_of(options), options)
    except BadConfiguration as bad:
        sys.stderr.write(f"{bad}\n")
        return BAD_CONFIG
    tell(told)
    return exit_code(told)


def _prune(machine: Machine, options: argparse.Namespace) -> Any:
    """Prune; what did not end well is told on standard error too, for the journal."""
    server = read_server(machine)
    chosen = tuple(_client(server, name) for name in options.client) or server.pruned
    with _LOCK.held(machine):
        now = time.time()
        before = told_before(machine)
        known = {name: one["snapshots"] for name, one in before.items()}
        ended = [
            prune(machine, _restic(machine, one, options), one, now, known.get(one.name))
            for one in chosen
        ]
        left = {one.name for one in server.pruned} - {one.name for one in chosen}
        others = [one for name, one in before.items() if name in left]
        told = write_told(machine, ended, now, others)
    for one in ended:
        for reason in one.reasons:
            sys.stderr.write(f"{one.client}: {one.outcome}: {reason}\n")
    return told


def _accept(machine: Machine, options: argparse.Namespace) -> Any:
    client = _client(read_server(machine), options.client)
    repository = Repository(client.name, client.repository, client.password_file)
    found = snapshots_in(_restic(machine, client, options), repository)
    known = {one.id for one in found}
    new = known - accepted_in(machine, client.name)
    accept(machine, client.name, known)
    return {"outcome": "good", "client": client.name, "accepted": sorted(new)}


def _open_rest(machine: Machine, options: argparse.Namespace) -> Any:
    open_rest(machine)
    return {"outcome": "good"}


def _ask(machine: Machine, options: argparse.Namespace) -> Any:
    url = read_server(machine).rest_url
    if not url:
        raise Refused("no REST server is declared", remedy="declare backup_server.rest")
    found = ask_rest(machine, url)
    is_good = all(one.is_good for one in found)
    return {
        "outcome": "good" if is_good else "failed",
        "findings": [asdict(one) for one in found],
    }


def _client(server: Server, name: str) -> Client:
    for client in server.pruned:
        if client.name == name:
            return client
    names = ", ".join(one.name for one in server.pruned) or "none"
    raise Refused(f"{name} is not pruned here", remedy=f"pruned here: {names}")


def _restic(machine: Machine, client: Client, options: argparse.Namespace) -> Restic:
    return Restic(machine, program=options.restic, user=client.user)


if __name__ == "__main__":
    sys.exit(main())
