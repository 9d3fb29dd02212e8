"""``show``: the daemon's status for a person."""

from __future__ import annotations

from typing import Any

_TITLES = ("GPU", "mode", "temp", "memory", "limit", "fans", "rpm", "power", "load", "why")


def show_status(document: dict[str, Any], boottime_seconds: float) -> tuple[str, bool]:
    """Return the text, and whether the status is recent enough to be believed."""
    age = boottime_seconds - float(document["boottime_seconds"])
    is_recent = 0 <= age <= 3 * float(document["interval_seconds"]) + 5
    lines = [f"cooling daemon, pid {document['pid']}, status {age:.0f} s old"]
    if not is_recent:
        lines.append("this is too old: the daemon does not run, or it hangs")
    if document["no_library"]:
        lines.append(f"NVML cannot be used: {document['no_library']}")
    lines += [f"the {what} could not be written {n} times" for what, n in _unwritten(document)]
    lines += _table([_TITLES, *(_row(gpu) for gpu in document["gpus"])])
    return "\n".join(lines) + "\n", is_recent


def _unwritten(document: dict[str, Any]) -> list[tuple[str, int]]:
    return [(what, times) for what, times in document["unwritten"].items() if times]


def _row(gpu: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{gpu['index']} {gpu['name']}",
        gpu["mode"],
        _with(gpu["temperature_c"], " C"),
        _with(gpu["memory_c"], " C"),
        _with(gpu["slowdown_c"], " C"),
        " ".join(_with(fan["percent"], " %") for fan in gpu["fans"]) or "none",
        " ".join(_with(fan["rpm"], "") for fan in gpu["fans"]) or "-",
        _power(gpu),
        _with(gpu["load_percent"], " %"),
        gpu["reason"],
    )


def _power(gpu: dict[str, Any]) -> str:
    if gpu["power_w"] is None:
        return "?"
    return f"{gpu['power_w']:.0f} of {_with(gpu['power_limit_w'], '')} W"


def _with(value: float | None, unit: str) -> str:
    return "?" if value is None else f"{value:.0f}{unit}"


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
