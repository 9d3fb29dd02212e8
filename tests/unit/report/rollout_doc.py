"""What docs/json.md says of each key of a rollout."""

from __future__ import annotations

from deeprig.waves.model import (
    Asked,
    Controller,
    HostRecord,
    Policy,
    Rollout,
    Supply,
    WaveRecord,
)
from tests.unit.report.described import Description, Key

DESCRIPTIONS: dict[type, dict[str, str]] = {
    Rollout: {
        "id": "its name: when it began, and the command",
        "status": "`running` also where the controller was killed: see `is_led`. `incomplete`: "
        "hosts were unreachable, and are left for later. `stopped`: by what failed",
        "inventory": "the inventory file, as it was named",
        "version": "deeprig's version",
        "started": "when it began",
        "declared": "SHA-256 of what the lab declared then; a rollout never goes on with another",
        "asked": "what the command line asked for",
        "policy": "how it goes, in numbers of hosts",
        "hosts": "one object per host, in the inventory's order",
        "waves": "the waves so far, in their order",
        "reason": "why it is not running, where there is more to say",
        "finished": "when it ended, or began to wait",
        "controller": "the process that led it last",
        "resumed": "how often it was taken up again",
    },
    HostRecord: {
        "host": "its name in the inventory",
        "state": "`applied`: changed without a gate, so that nothing proves it",
        "wave": "number of its wave",
        "reason": "why it is not good",
        "is_drained": "whether it was taken out of service and not back in",
        "is_touched": "whether a change of it was begun",
        "put_back": "what became of putting it back, where that was tried",
    },
    WaveRecord: {
        "number": "from 1",
        "hosts": "its hosts",
        "step": "`unproven`: none of its hosts answered. The last three are ends",
        "is_canary": "whether it is a canary",
        "reason": "why it was stopped",
        "started": "when it began",
        "finished": "when it ended",
        "seconds": "how long its steps took",
        "reports": "files beside the state: of the change, then of the gate; repeated steps too",
        "back_reports": "files beside the state: of putting it back",
    },
    Policy: {
        "canary_count": "hosts of the canary",
        "canary_hosts": "their names, where the inventory says them",
        "growth": "how many times larger each wave is",
        "wave_size": "hosts of each wave, in place of growth",
        "max_unavailable": "hosts that may be out at once",
        "max_fail": "hosts that may fail in all",
        "gate": "profile of `verify`",
        "rollback": "what is put back of a wave that fails",
        "windows": "when waves may begin",
        "time_zone": "zone of the windows; `null` is the controller's",
        "expected_wave_minutes": "how long a wave is said to take",
    },
    Asked: {
        "command": "which command it was",
        "roles": "only these; empty: all",
        "skipped": "not these",
        "reboot": "`null`: as the inventory says",
        "update": "what of `update` was asked for, by name",
        "bundle": "what everything comes from; `null`: the network",
    },
    Supply: {
        "path": "where the bundle is",
        "sha256": "SHA-256 of its manifest, which names every file by its own",
    },
    Controller: {
        "machine": "its host name",
        "boot": "identifier of that machine's boot",
        "pid": "its process",
        "start": "when that started, in the kernel's ticks",
        "since": "since when it leads",
    },
}
TITLES = {
    Rollout: "A rollout (`status`)",
    HostRecord: "A host of a rollout",
    WaveRecord: "A wave",
    Policy: "A policy of waves",
    Asked: "What was asked of a rollout",
    Supply: "Bundle of a rollout",
    Controller: "A controller",
}
STATUS = Description(
    "`status`",
    (
        Key(
            "is_led",
            "`true` or `false` or `null`",
            "whether a live process leads it; `null`: "
            "another machine's, of which that cannot be told",
        ),
        Key(
            "asked_to",
            "text or `null`",
            "`pause` or `abort`, where that was asked and not yet done",
        ),
        Key("directory", "text", "where the state and the reports of the waves lie"),
    ),
    "A rollout (above), and what only the present can tell. `status --all` prints "
    "`deeprig.rollouts/1`, an\nobject with the list `rollouts`; `--show-waves` prints "
    "`deeprig.waves/1`, with the list `waves` of lists\nof hosts.",
)
