"""Where links lead, without a step into a mount whose server may be gone.

realpath(3) asks every directory on the way, and an answer of a lost server may never come. So each
part is resolved by itself, and before the first step into a mount that is not of this machine alone
another process looks into it, which can be killed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from deeprig_host.backup.mounts import Mount, answers, is_in, mounts
from deeprig_host.machine.commands import Machine

_AUTOMOUNT = "autofs"
#: As the kernel (path_resolution(7)).
_MOST_LINKS = 40


@dataclass(slots=True)
class Leading:
    """Follows links on a machine; what is mounted is known from when this was made.

    ``lost`` are the mounts that were come by and do not answer, ``unmounted`` the places of
    automounts that links lead below: looking would mount them.
    """

    machine: Machine
    lost: list[Mount] = field(default_factory=list)
    unmounted: list[str] = field(default_factory=list)
    _mounts: tuple[tuple[str, Mount], ...] = ()
    _answers: dict[Mount, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what is mounted; the innermost, and one that hides another, come first."""
        found = ((str(self.machine.path(one.path)), one) for one in reversed(mounts(self.machine)))
        self._mounts = tuple(sorted(found, key=lambda pair: len(pair[0]), reverse=True))

    def end_of(self, path: str) -> str | None:
        """Return where an absolute path leads; parts that are not there are taken as they stand.

        None where the way cannot be known: it goes in a circle, or over what does not answer.
        """
        waiting, place, followed = path.split("/")[::-1], "/", 0
        while waiting:
            part = waiting.pop()
            if part in ("", ".", ".."):
                place = (place.rpartition("/")[0] or "/") if part == ".." else place
                continue
            here = os.path.join(place, part)  # noqa: PTH118 - a million texts, no paths
            if not self._may_ask(here):
                return None
            target = _target(here)
            if target is None:
                place = here
                continue
            followed += 1
            if followed > _MOST_LINKS:
                return None
            place = "/" if target.startswith("/") else place
            waiting.extend(target.split("/")[::-1])
        return place

    def _may_ask(self, place: str) -> bool:
        """Say whether a path, of which all parts before the last are no links, can be asked."""
        mount = self._mount_of(place)
        if mount is None:
            return True
        if mount.kind == _AUTOMOUNT:
            is_below = str(self.machine.path(mount.path)) != place
            if is_below and mount.path not in self.unmounted:
                self.unmounted.append(mount.path)
            return not is_below
        if mount.is_remote and mount not in self._answers:
            self._answers[mount] = answers(self.machine, mount)
            if not self._answers[mount]:
                self.lost.append(mount)
        return self._answers.get(mount, True)

    def _mount_of(self, place: str) -> Mount | None:
        return next((one for path, one in self._mounts if is_in(place, path)), None)


def _target(place: str) -> str | None:
    """Return what a link says, None for what is none or is not there."""
    try:
        return os.readlink(place)  # noqa: PTH115 - see above
    except OSError:
        return None
