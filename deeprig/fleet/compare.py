"""Compare hosts key by key: what most have, who has something else, and of whom it is unknown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from deeprig.fleet.model import Difference, Variant
from deeprig.fleet.state import Snapshot


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences, and how many keys were compared."""

    differences: tuple[Difference, ...]
    compared: int


@dataclass(slots=True)
class _Known:
    """What hosts cannot tell, by section: whole sections, and single keys."""

    sections: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    keys: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def unknown_to(self, section: str, key: str) -> set[str]:
        """Return the hosts that do not know the key."""
        return self.sections.get(section, set()) | self.keys.get((section, key), set())


def compare(
    snapshots: Sequence[Snapshot], against: str | None = None, ignored: Sequence[str] = ()
) -> Comparison:
    """Return where the hosts differ, with ``against`` a host: from that host.

    ``ignored`` are sections, or ``SECTION:PATTERN`` of keys. A key that only some hosts have
    differs; a host that does not know differs from nobody and is equal to nobody.
    """
    unknown = _Known()
    for snapshot in snapshots:
        for entry in snapshot.unread:
            place = unknown.keys[entry.section, entry.key]
            (place if entry.key else unknown.sections[entry.section]).add(snapshot.host)
    found, compared = [], 0
    for section, key in _keys(snapshots):
        if is_ignored(section, key, ignored):
            continue
        compared += 1
        difference = _difference(snapshots, section, key, unknown.unknown_to(section, key), against)
        found += [difference] if difference else []
    return Comparison(tuple(found), compared)


def is_ignored(section: str, key: str, ignored: Sequence[str]) -> bool:
    """Say whether one of the patterns leaves a key out."""
    for pattern in ignored:
        of, has_key, keys = pattern.partition(":")
        if fnmatchcase(section, of) and (not has_key or fnmatchcase(key, keys)):
            return True
    return False


def _keys(snapshots: Sequence[Snapshot]) -> Iterator[tuple[str, str]]:
    """Yield every section and key that one host has: sections as told, keys sorted."""
    for section in dict.fromkeys(name for one in snapshots for name in one.values):
        keys = {key for one in snapshots for key in one.values.get(section, {})}
        keys |= {e.key for s in snapshots for e in s.unread if e.section == section and e.key}
        yield from ((section, key) for key in sorted(keys))


def _difference(
    snapshots: Sequence[Snapshot],
    section: str,
    key: str,
    unknown: set[str],
    against: str | None,
) -> Difference | None:
    hosts: dict[str | None, list[str]] = defaultdict(list)
    for snapshot in snapshots:
        # What does not apply to a host is no value of it: a section it skipped has no keys.
        if snapshot.host not in unknown and not _is_skipped(snapshot, section):
            hosts[snapshot.values.get(section, {}).get(key)].append(snapshot.host)
    if len(hosts) < 2:
        return None
    variants = [Variant(value, tuple(names)) for value, names in hosts.items()]
    variants.sort(key=lambda one: -len(one.hosts))
    common = _common(variants, against)
    others = tuple(one for one in variants if one is not common)
    lost = tuple(one.host for one in snapshots if one.host in unknown)
    return Difference(section, key, common, others, lost)


def _is_skipped(snapshot: Snapshot, section: str) -> bool:
    return any(entry.section == section for entry in snapshot.skipped)


def _common(variants: Sequence[Variant], against: str | None) -> Variant | None:
    """Return the variant that the others are compared with; None where there is no majority."""
    if against is not None:
        return next((one for one in variants if against in one.hosts), None)
    first, second = variants[0], variants[1]
    return first if len(first.hosts) > len(second.hosts) else None
