"""NVLinks as nvidia-smi shows them: told beside what copies reached, never judged alone.

How many must be active depends on board and bridges, which the driver does not tell.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

_LIMIT_SECONDS = 60
_GPU = re.compile(r"GPU \d+: .*\(UUID: (?P<uuid>[^)]+)\)")
_LINK = re.compile(r"\s*Link (?P<number>\d+): (?P<state>.+)")
_RATE = re.compile(r"(?P<rate>\d+(\.\d+)?) GB/s")


@dataclass(frozen=True, slots=True)
class NvLinks:
    """Of one GPU: the rates of the links that are active, in GB/s, and how many are not."""

    uuid: str
    active: tuple[float, ...] = ()
    inactive: int = 0

    def describe(self) -> str:
        """Return ``12 active, 300 GB/s; 0 inactive``."""
        if not self.active and not self.inactive:
            return "none"
        return f"{len(self.active)} active, {sum(self.active):g} GB/s; {self.inactive} inactive"


def read_links() -> tuple[NvLinks, ...]:
    """Ask nvidia-smi. Raise RuntimeError where it does not answer."""
    command = ["nvidia-smi", "nvlink", "--status"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise RuntimeError(f"nvidia-smi nvlink: {problem}") from problem
    if done.returncode != 0:
        said = " ".join((done.stdout + done.stderr).split())
        raise RuntimeError(f"nvidia-smi nvlink ended with {done.returncode}: {said}")
    return parse(done.stdout)


def parse(text: str) -> tuple[NvLinks, ...]:
    """Return the links of each GPU. Only a rate makes a link active, whatever else is said."""
    found: list[NvLinks] = []
    for line in text.splitlines():
        gpu, link = _GPU.match(line), _LINK.match(line)
        if gpu:
            found.append(NvLinks(gpu["uuid"]))
        elif link and found:
            found[-1] = _with(found[-1], link["state"])
    return tuple(found)


def _with(links: NvLinks, state: str) -> NvLinks:
    rate = _RATE.match(state)
    if rate is None:
        return NvLinks(links.uuid, links.active, links.inactive + 1)
    return NvLinks(links.uuid, (*links.active, float(rate["rate"])), links.inactive)
