"""Read a host's cooling history and status over SSH, as ``deeprig verify`` reaches hosts.

Both are readable by everybody there (the unit's UMask), so no sudo is asked for.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeprig.cooling.history import History, read_history
from deeprig.cooling.picture import Card, Recorded
from deeprig.errors import DeeprigError, HostUnreachable
from deeprig.inventory.model import DeclaredHost
from deeprig.report.printable import printable
from deeprig.verify.ssh_config import ssh_config_text

#: ``deeprig_host.cooling`` writes them; the older half of the history is beside the newer one.
STATUS = "/run/deeprig/cooling/status.json"
HISTORY = ("/var/lib/deeprig/cooling/history.1.csv", "/var/lib/deeprig/cooling/history.csv")
_MARK = "@@deeprig:"
_SSH_FAILED = 255
#: Rows of the wanted time only: ten days of eight cards are no business of the network's.
_ASK = f"""
echo {_MARK}now; date +%s
echo {_MARK}status; [ -r {STATUS} ] && cat {STATUS}
echo; echo {_MARK}history
for f in {" ".join(HISTORY)}; do [ -r "$f" ] && cat "$f"; done |
  awk -F, -v since="$(($(date +%s) - $1))" '$1 + 0 >= since'
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a host told, as text."""

    now: float
    status: str
    history: tuple[str, ...]


def fetch_recorded(host: DeclaredHost, lab_directory: Path, hours: float) -> Recorded:
    """Return what a host recorded in its last hours.

    Raise HostUnreachable when it cannot be asked, DeeprigError when it says something else.
    """
    done = _asked(host, lab_directory, hours)
    if done.returncode == _SSH_FAILED:
        said = printable(done.stderr.strip().rpartition("\n")[2]) or "no connection"
        raise HostUnreachable(
            said, place=host.address, remedy="'deeprig verify' tells what is wrong with it"
        )
    told = parse_told(done.stdout)
    if told is None:
        said = printable((done.stderr or done.stdout).strip()[-300:])
        raise DeeprigError(
            f"it told no history: {said or f'exit {done.returncode}'}", place=host.name
        )
    history = read_history(told.history)
    return Recorded(history, told.now, hours, cards_of(history, told.status))


def _asked(
    host: DeclaredHost, lab_directory: Path, hours: float
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory(prefix="deeprig-") as directory:
        config = Path(directory, "ssh_config")
        config.write_text(ssh_config_text(host, lab_directory, Path(directory)), encoding="utf-8")
        ask = shlex.join(["sh", "-c", _ASK, "sh", str(int(hours * 3600))])
        return subprocess.run(
            ["ssh", "-F", str(config), "-C", "-o", "ConnectTimeout=10", host.name, ask],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
        )


def parse_told(text: str) -> Told | None:
    """Return the three parts of an answer, None where one is missing."""
    parts: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith(_MARK):
            current = parts.setdefault(line[len(_MARK) :], [])
        elif parts:
            current.append(line)
    try:
        now = float("".join(parts["now"]))
        return Told(now, "\n".join(parts["status"]), tuple(filter(None, parts["history"])))
    except (KeyError, ValueError):
        return None


def cards_of(history: History, status: str = "") -> tuple[Card, ...]:
    """Return the cards: those of the daemon's status in its order, then others of the history."""
    try:
        document: Any = json.loads(status)
        cards = [_card(gpu) for gpu in document["gpus"] if gpu.get("uuid")]
    except (ValueError, KeyError, TypeError, AttributeError):
        cards = []  # no daemon runs, or one of another version: the history still has the cards
    known = {card.uuid for card in cards}
    others = [Card(u, u[: len("GPU-01234567")]) for u in history.uuids if u not in known]
    return (*cards, *others)


def _card(gpu: dict[str, Any]) -> Card:
    name = printable(str(gpu.get("name") or "")).removeprefix("NVIDIA ")
    label = f"GPU {gpu.get('index')}"
    slowdown = gpu.get("slowdown_c")
    return Card(str(gpu["uuid"]), label, None if slowdown is None else float(slowdown), name)
