"""Units of systemd: whether each is enabled, and whether it runs where that says something."""

from __future__ import annotations

from collections.abc import Iterator

from deeprig_host.fleet.order import Order
from deeprig_host.fleet.told import Page

_KINDS = ("service", "timer", "socket", "path", "mount")
_PROPERTIES = "Id,Type,ActiveState,SubState,UnitFileState,RemainAfterExit,Transient"
#: States of unit files whose units run or not by decision; others come and go as they are needed.
_DECIDED = ("enabled", "enabled-runtime", "disabled", "generated", "linked", "linked-runtime")
_SECONDS = 30


def units(page: Page, order: Order) -> None:
    """Tell ``enabled, running`` and the like by unit; of what is loaded on demand only failures."""
    files = _unit_files(page)
    loaded = _loaded(page)
    if files is None or loaded is None:
        return
    told = {name: state for name, state in files.items() if state != "transient"}
    for name, state in told.items():
        is_decided = state in _DECIDED and "@." not in name
        page.say(name, f"{state}, stopped" if is_decided else state)
    for properties in loaded:
        name = properties.get("Id", "")
        value = _value(properties, files.get(name))
        if value is not None:
            page.say(name, value)


def _value(properties: dict[str, str], listed: str | None) -> str | None:
    """Return what is told of a loaded unit; None where its file says all that can be compared."""
    state = properties.get("UnitFileState") or listed or ""
    active = properties.get("ActiveState")
    if active == "failed":
        return f"{state or 'loaded'}, failed"
    if state not in _DECIDED or properties.get("Transient") == "yes":
        return None
    is_brief = properties.get("Type") == "oneshot" and properties.get("RemainAfterExit") != "yes"
    if is_brief:
        return f"{state}, runs when asked"
    words = {"active": "running", "inactive": "stopped"}
    return f"{state}, {words.get(active or '', active)}"


def _unit_files(page: Page) -> dict[str, str] | None:
    text = _asked(page, "list-unit-files", "--no-legend", f"--type={','.join(_KINDS)}")
    if text is None:
        return None
    words = (line.split() for line in text.splitlines())
    return {line[0]: line[1] for line in words if len(line) > 1}


def _loaded(page: Page) -> list[dict[str, str]] | None:
    patterns = [f"*.{kind}" for kind in _KINDS]
    text = _asked(page, "show", "--all", f"--property={_PROPERTIES}", "--", *patterns)
    return None if text is None else list(_blocks(text))


def _blocks(text: str) -> Iterator[dict[str, str]]:
    for block in text.split("\n\n"):
        pairs = (line.partition("=") for line in block.splitlines())
        yield {name: value for name, _, value in pairs}


def _asked(page: Page, *words: str) -> str | None:
    """Return systemctl's answer; without one, nothing of the section is known."""
    done = page.machine.run("systemctl", "--no-pager", *words, seconds=_SECONDS)
    if done.is_good:
        return done.out
    page.lack("", " ".join(done.tail(3)) or f"systemctl exited {done.code}")
    return None
