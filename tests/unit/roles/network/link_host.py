"""A host of testinfra's kind for the tests of the link proof: what its commands answer.

`recorded/bonds_*.json` is what `ip -json -details address show` (iproute2 6.1) printed in a virtual
machine with Debian 12's kernel 6.1 whose network cards are veth pairs.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from deeprig.tasks.host_programs import PYTHON

RECORDED = Path(__file__).parent / "recorded"
PROBES = Path(__file__).parents[4] / "roles" / "network" / "link" / "on_host"


class Host:
    """Answers by a command's first words; a probe of ``on_host/`` by its name and arguments.

    An answer is what is printed, or (printed, errors, exit status), or an exit status. A command
    that no answer is for fails the test.
    """

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers, self.asked = answers, []

    def run(self, command: str, *arguments: str) -> SimpleNamespace:
        text = self._readable(command % tuple(shlex.quote(a) for a in arguments))
        self.asked.append(text)
        for words in sorted(self.answers, key=len, reverse=True):
            if text.startswith(words):
                return self._answer(self.answers[words])
        raise AssertionError(f"asked for more than was said: {text}")

    @staticmethod
    def _readable(text: str) -> str:
        for program in PROBES.glob("*.py"):
            text = text.replace(f"{PYTHON} -c {shlex.quote(program.read_text())}", program.stem)
        return text

    @staticmethod
    def _answer(answer: Any) -> SimpleNamespace:
        if isinstance(answer, int):
            answer = ("", "", answer)
        if not isinstance(answer, tuple):
            answer = (answer, "", 0)
        out, err, rc = answer
        out = out if isinstance(out, str) else json.dumps(out)
        return SimpleNamespace(stdout=out, stderr=err, rc=rc)


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text())


def link(name: str, *addresses: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Return one entry of `ip -json -details address show`."""
    flags = ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"]
    return {"ifname": name, "flags": flags, "mtu": 1500, "addr_info": list(addresses)} | values


def address(local: str, prefix: int, **values: Any) -> dict[str, Any]:
    return {"local": local, "prefixlen": prefix, "scope": "global"} | values


UNPLUGGED = ["NO-CARRIER", "BROADCAST", "MULTICAST", "UP"]
DOWN = ["BROADCAST", "MULTICAST"]
