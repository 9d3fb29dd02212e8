"""Runs the training suite as the host does: a process of its own, in any environment."""

import json
import subprocess

from tests.contract.mutations.bench import HOST, Answer, mutated

#: A suite that hangs is a finding, not a hanging test.
_LIMIT_SECONDS = 1200


class Direct:
    """Runs one framework, and backend, with one environment's Python."""

    def __init__(self, python, framework, directory, backend=None):
        self.framework = framework
        self.backend = backend
        self._python = python
        self._directory = directory
        self._count = 0

    def run(self, *arguments, edits=(), device=("--device", "cpu")):
        """Run the suite from a copy with these edits; return what it said."""
        self._count += 1
        place = self._directory / str(self._count)
        (place / "work").mkdir(parents=True)
        source = HOST if not edits else mutated(place / "source", edits)
        backend = ("--backend", self.backend) if self.backend else ()
        command = [self._python, "-m", "deeprig_host.training", "suite", self.framework, *backend]
        command += ["--workdir", place / "work", *device, *arguments]
        clean = {"PATH": "/usr/bin:/bin", "HOME": str(place), "PYTHONPATH": str(source)}
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=clean | {"PYTHONDONTWRITEBYTECODE": "1"},
            timeout=_LIMIT_SECONDS,
        )
        assert done.stdout, done.stderr
        events = tuple(json.loads(line) for line in done.stdout.splitlines())
        return Answer(done.returncode, events)
