"""A CI file as jobs: which scripts each runs with which variables, and what it keeps."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{ *([\w.]+) *\}\}")


@dataclass(frozen=True, slots=True)
class Step:
    """A script that one shell runs. ``always`` is for steps that run after a failure too."""

    name: str
    script: str
    variables: dict[str, str]
    always: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """What one machine does."""

    name: str
    steps: tuple[Step, ...]
    artifacts: tuple[str, ...]


def github(text: str, matrix: dict[str, str] | None = None) -> tuple[Job, ...]:
    """Return the jobs of a GitHub workflow; ``matrix`` is one cell of a job's matrix."""
    workflow = yaml.safe_load(text)
    cell = {f"matrix.{name}": value for name, value in (matrix or {}).items()}
    return tuple(_github_job(name, job, cell) for name, job in workflow["jobs"].items())


def github_cells(text: str, job: str) -> tuple[dict[str, str], ...]:
    """Return the cells of a job's matrix of ``os`` and ``role``."""
    matrix = yaml.safe_load(text)["jobs"][job]["strategy"]["matrix"]
    return tuple({"os": os, "role": role} for os in matrix["os"] for role in matrix["role"])


def _github_job(name: str, job: dict[str, Any], cell: dict[str, str]) -> Job:
    steps, artifacts = [], []
    for step in job["steps"]:
        if "upload-artifact" in step.get("uses", ""):
            artifacts += step["with"]["path"].split()
        condition = step.get("if", "")
        if "run" in step and _concerns(condition, cell):
            own = job.get("env", {}) | step.get("env", {})
            variables = {key: _filled(value, cell) for key, value in own.items()}
            always = "always()" in condition or "cancelled()" in condition
            steps.append(Step(step["name"], _filled(step["run"], cell), variables, always))
    return Job(name, tuple(steps), tuple(artifacts))


def _concerns(condition: str, cell: dict[str, str]) -> bool:
    """Say whether a step's condition lets it run in a cell; other conditions are not about that."""
    wanted = re.findall(r"(matrix\.\w+) == '([^']*)'", condition)
    return all(cell.get(name) == value for name, value in wanted)


def _filled(text: str, cell: dict[str, str]) -> str:
    # A secret has no value here: who runs the steps brings it.
    return _EXPRESSION.sub(lambda found: cell.get(found[1], found[0]), str(text))


def gitlab(text: str) -> tuple[Job, ...]:
    """Return the jobs of a GitLab pipeline; ``extends`` is followed once."""
    pipeline = yaml.safe_load(text)
    variables = pipeline.get("variables", {})
    jobs = []
    for name, own in pipeline.items():
        if not isinstance(own, dict) or "script" not in own:
            continue
        job = pipeline.get(own.get("extends"), {}) | own
        main = "\n".join([*job.get("before_script", ()), *job["script"]])
        after = "\n".join(job.get("after_script", ()))
        steps = (Step("script", main, variables), Step("after_script", after, variables, True))
        kept = job["artifacts"]
        artifacts = (*kept.get("paths", ()), *kept.get("reports", {}).values())
        jobs.append(Job(name, steps, artifacts))
    return tuple(jobs)


def commands(step: Step) -> tuple[list[str], ...]:
    """Return what a step calls deeprig with, its variables filled in."""
    lines = (shlex.split(_expanded(line, step.variables)) for line in step.script.splitlines())
    found = []
    for words in lines:
        at = next((n for n, word in enumerate(words[:2]) if Path(word).name == "deeprig"), None)
        if at is not None:
            found.append(words[at + 1 :])
    return tuple(found)


def _expanded(line: str, variables: dict[str, str]) -> str:
    for name, value in variables.items():
        line = line.replace(f"${name}", value)
    return line


def without_redirection(words: list[str]) -> list[str]:
    """Return a command's own words."""
    return words[: words.index(">")] if ">" in words else words


def outputs(words: list[str]) -> tuple[str, ...]:
    """Return the files that a command of deeprig writes where it is told to."""
    return tuple(b for a, b in pairwise(words) if a in ("--junit", "-o", ">"))


def units_command(path: Path) -> list[str]:
    """Return the words of a systemd service's ExecStart."""
    text = path.read_text(encoding="utf-8")
    (line,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    return shlex.split(line)


def variables_of(script: str) -> tuple[str, ...]:
    """Return the names of the variables that a script reads."""
    return tuple(re.findall(r"\$\{?([A-Za-z_]\w*)", script))
