"""Packages: every one that dpkg has, with its version and hold; and snaps by their revision."""

from __future__ import annotations

from collections.abc import Iterator

from deeprig_host.fleet.order import Order
from deeprig_host.fleet.told import Page

_STATUS = "/var/lib/dpkg/status"
#: dpkg(1): removed packages of which at most configuration files are left.
_GONE = ("config-files", "not-installed")


def packages(page: Page, order: Order) -> None:
    """Tell the packages by name; one of another architecture than dpkg's own with it."""
    text = page.text(_STATUS)
    if text is None:
        page.lack("", f"there is no {_STATUS}")
        return
    found = list(_stanzas(text))
    native = next((told.get("Architecture") for told in found if told.get("Package") == "dpkg"), "")
    for told in found:
        name, arch = told.get("Package", ""), told.get("Architecture", "")
        wish, flag, state = [*told.get("Status", "").split(), "", "", ""][:3]
        if not name or state in _GONE:
            continue
        notes = [] if (flag, state) == ("ok", "installed") else [f"{flag} {state}".strip()]
        notes += ["held"] if wish == "hold" else []
        note = f" ({', '.join(notes)})" if notes else ""
        key = name if arch in (native, "all") else f"{name}:{arch}"
        page.say(key, told.get("Version", "") + note)
    for name in page.names("/snap"):
        link = page.machine.path(f"/snap/{name}/current")
        if link.is_symlink():
            page.say(f"snap {name}", f"revision {link.readlink()}")


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    """Yield the fields of each stanza that take one line (deb822(5))."""
    for stanza in text.split("\n\n"):
        pairs = (li.partition(": ") for li in stanza.splitlines() if not li.startswith(" "))
        yield {name: value for name, _, value in pairs}
