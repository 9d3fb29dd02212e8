"""Plants one fault in a copy of the training suite, and runs the case that must notice it."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HOST = Path(__file__).parents[3] / "host"
SERVER = Path(__file__).with_name("fork_server.py")


@dataclass(frozen=True)
class Answer:
    """What one run of the suite said."""

    code: int
    events: tuple

    @property
    def document(self):
        return self.events[-1]["document"]

    def case(self, name):
        (found,) = [case for case in self.document["cases"] if case["name"] == name]
        return found

    def failed_checks(self, name):
        return {check["name"] for check in self.case(name)["checks"] if not check["is_good"]}


class Bench:
    """Owns the process that runs suites; ends it."""

    def __init__(self, python, directory):
        self.directory = directory
        clean = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(directory)}
        self._errors = (directory / "stderr").open("wb")
        self._server = subprocess.Popen(
            [str(python), str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=clean,
        )
        self._count = 0

    def run(self, *arguments, edits=(), framework="pytorch"):
        """Run the suite from a copy with these edits; return what it said."""
        self._count += 1
        place = self.directory / str(self._count)
        (place / "work").mkdir(parents=True)
        source = HOST if not edits else mutated(place / "source", edits)
        output = place / "events"
        job = {
            "source": str(source),
            "arguments": ["suite", framework, "--workdir", str(place / "work"), *arguments],
            "output": str(output),
        }
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()
        told = self._server.stdout.readline()
        assert told, (self.directory / "stderr").read_text(encoding="utf-8")
        assert int(told) in (0, 1, 2), (self.directory / "stderr").read_text(encoding="utf-8")
        lines = output.read_text(encoding="utf-8").splitlines()
        return Answer(int(told), tuple(json.loads(line) for line in lines))

    def end(self):
        self._server.stdin.close()
        code = self._server.wait()
        self._server.stdout.close()
        self._errors.close()
        assert code == 0


def mutated(source, edits):
    """Copy the training programs and change them. An edit that fits nowhere is an error here."""
    programs = source / "deeprig_host"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HOST / "deeprig_host/training", programs / "training", ignore=ignored)
    shutil.copy(HOST / "deeprig_host/__init__.py", programs)
    for file, old, new in edits:
        path = programs / "training" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        os.utime(path)
    return source
