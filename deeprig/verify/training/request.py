"""What is to be proven in an environment, and the words and script that start it on the host."""

from __future__ import annotations

import io
import shlex
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Profile = Literal["smoke", "acceptance", "soak"]
DEFAULT_PROFILE: Profile = "smoke"
#: What an inventory says to framework and backend of the suite.
TESTS: dict[str, tuple[str, str | None]] = {
    "pytorch": ("pytorch", None),
    "tensorflow": ("tensorflow", None),
    "jax": ("jax", None),
    "keras-torch": ("keras", "torch"),
    "keras-tensorflow": ("keras", "tensorflow"),
    "keras-jax": ("keras", "jax"),
}
#: A suite that takes longer hangs. Far beyond what the slowest machine of ours took (an import from
#: a cold network disk counts too); soak's hours are those of the burn.
_LIMIT_SECONDS: dict[Profile, int] = {"smoke": 900, "acceptance": 3600, "soak": 900}
#: After its time the suite gets SIGTERM, tells what it has, and ends; then it is killed.
_KILL_SECONDS = 60
_SENDING_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Request:
    """A suite in an environment. ``test`` is a key of TESTS; ``gpu_count`` 0: on the CPU."""

    test: str
    environment_path: str
    gpu_count: int
    profile: Profile = DEFAULT_PROFILE

    @property
    def words(self) -> tuple[str, ...]:
        """Return the suite's command line without ``--workdir``."""
        framework, backend = TESTS[self.test]
        chosen = ("--backend", backend) if backend else ()
        device = ("--gpus", str(self.gpu_count)) if self.gpu_count else ("--device", "cpu")
        return ("suite", framework, *chosen, "--profile", self.profile, *device)

    @property
    def longest_seconds(self) -> float:
        """Return after which time nothing is to be heard any more: the host has ended it itself."""
        return _LIMIT_SECONDS[self.profile] + _KILL_SECONDS + _SENDING_SECONDS

    @property
    def script(self) -> str:
        """Return a shell script that reads the programs from its standard input.

        ``nobody`` trains, so that permissions are proven for every user; nothing is left behind.
        """
        python = shlex.quote(f"{self.environment_path}/bin/python")
        limit = _LIMIT_SECONDS[self.profile]
        return f"""set -e
d=$(mktemp -d)
trap 'rm -rf "$d"' EXIT
mkdir $d/work
tar -xz -C $d
chmod -R a+rX $d
chown nobody $d/work 2>/dev/null || true
cd $d/work
run="env -i PATH=/usr/bin:/bin HOME=$d/work LANG=C.UTF-8 PYTHONPATH=$d PYTHONDONTWRITEBYTECODE=1"
if [ "$(id -u)" = 0 ]; then run="runuser -u nobody -- $run"; fi
timeout --kill-after={_KILL_SECONDS} {limit} $run \
{python} -m deeprig_host.training {shlex.join(self.words)} --workdir $d/work </dev/null
"""


def archive(programs: Path) -> bytes:
    """Return the training programs of a ``host/`` directory as a compressed tar file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        root = programs / "deeprig_host"
        for path in (root / "__init__.py", *sorted((root / "training").rglob("*.py"))):
            packed.add(path, arcname=str(path.relative_to(programs)))
    return buffer.getvalue()
