"""What each tool says when it is done: whether the run did what a measurement needs.

A run that failed, or changed something where nothing was to be changed, is no measurement.
"""

from __future__ import annotations

import json
import re

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_GRAND_TOTAL = re.compile(r"Grand total\s+(\d+)\s+(\d+|-)\s+(\d+|-)\s+(\d+|-)")
_RECAP = re.compile(r"^\S+\s*: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.M)
_TAIL_CHARACTERS = 400


def pyinfra_problem(output: str, hosts: int, *, may_change: bool) -> str | None:
    """Return why pyinfra's run counts for nothing; its exit code 0 says too little."""
    found = _GRAND_TOTAL.search(_ANSI.sub("", output))
    if found is None:
        return f"no total: {_tail(output)}"
    asked, succeeded, failed, unchanged = (0 if n == "-" else int(n) for n in found.groups())
    if failed or (not may_change and succeeded):
        return f"{failed} failed, {succeeded} changed"
    done = succeeded + unchanged
    return None if done and done % hosts == 0 and done >= asked else f"{done} of {asked} done"


def ansible_problem(output: str, hosts: int, *, may_change: bool) -> str | None:
    """Return why Ansible's run counts for nothing, by its recap."""
    rows = [tuple(map(int, row)) for row in _RECAP.findall(_ANSI.sub("", output))]
    if len(rows) != hosts:
        return f"a recap of {len(rows)} hosts: {_tail(output)}"
    changed, bad = sum(row[1] for row in rows), sum(row[2] + row[3] for row in rows)
    if bad or (changed and not may_change):
        return f"{bad} failed, {changed} changed"
    return None if all(row[0] for row in rows) else "nothing was done on a host"


def deeprig_problem(output: str, hosts: int, *, may_change: bool) -> str | None:
    """Return why deeprig's run counts for nothing, by its JSON report."""
    try:
        runs = json.loads(output)["hosts"]
    except (ValueError, KeyError):
        return f"no report: {_tail(output)}"
    bad = [run["host"] for run in runs if run["status"] != "ok"]
    operations = [operation for run in runs for operation in run["operations"]]
    changed = [f"{o['role']}: {o['name']}" for o in operations if o["status"] != "unchanged"]
    if bad or len(runs) != hosts:
        return f"{len(runs)} hosts, of which {len(bad)} not ok"
    if changed and not may_change:
        return f"{len(changed)} changed, the first is {changed[0]}"
    return None if operations else "nothing was done"


def deeprig_round_trips(output: str) -> int | None:
    """Return the most round trips of one host that deeprig's report tells; None for none."""
    told = [run.get("round_trips") for run in json.loads(output)["hosts"]]
    return max((trips for trips in told if trips is not None), default=None)


def script_problem(output: str, hosts: int, *, may_change: bool) -> str | None:
    """Return None: what a script says is in its exit code, which is looked at for every way."""
    return None


def _tail(text: str) -> str:
    return text.strip()[-_TAIL_CHARACTERS:]
