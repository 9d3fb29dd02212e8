"""Write docs/json.md from the report classes and recorded documents of a real machine.

    python -m tests.unit.report.json_doc

``recorded/`` holds documents as the commands printed them (tests/e2e/record_documents.py).
"""

from __future__ import annotations

import json
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, get_type_hints

from deeprig.audit.inspection import InspectReport
from deeprig.certificate.find import certificate_from
from deeprig.certificate.model import Certificate
from deeprig.report import store
from deeprig.report.model import (
    CheckResult,
    FileDiff,
    HostRun,
    HostVerification,
    OperationResult,
    RunReport,
    VerifyReport,
    VersionMove,
)
from deeprig.waves.model import Rollout
from tests.unit.report.certificate_doc import DESCRIPTIONS as CERTIFICATE_DESCRIPTIONS
from tests.unit.report.certificate_doc import TITLES as CERTIFICATE_TITLES
from tests.unit.report.inspect_doc import DESCRIPTIONS as INSPECT_DESCRIPTIONS
from tests.unit.report.inspect_doc import TITLES as INSPECT_TITLES
from tests.unit.report.rollout_doc import DESCRIPTIONS as ROLLOUT_DESCRIPTIONS
from tests.unit.report.rollout_doc import STATUS
from tests.unit.report.rollout_doc import TITLES as ROLLOUT_TITLES
from tests.unit.report.small_documents import DESCRIPTIONS

PAGE = Path(__file__).parents[3] / "docs" / "json.md"
RECORDED = Path(__file__).parent / "recorded"
_WIDTH = 100
#: Recorded by tests/e2e/record_documents.py.
REPORTS = ("plan", "apply", "verify", "inspect")
#: Made of the recorded reports of ``verify`` and ``inspect``.
CERTIFICATE = "certificate"
SMALL = ("init", "lock", "lab.status", "lab.down")

_HEAD = """# Documents as JSON

Written by `python -m tests.unit.report.json_doc` from the classes in `deeprig/report/model.py` and
`deeprig/audit` and `deeprig/certificate`, from `tests/unit/report/small_documents.py` and from
documents of a real run; a test keeps it so.

Every command prints one JSON object with `--json`, and nothing else on standard output. `deeprig
plan`, `apply`, `update`, `verify`, `inspect` and `diff-fleet` ([its keys](diff-fleet.md)) print a
report; each run also stores it in the lab directory, as `reports/<time>-<command>.json`, readable
by its owner only; the newest {kept} of a lab are kept. `deeprig report --json` prints the newest
again, or a file; `--format junit` and `--format html` turn it into what a CI system or a browser
reads. What `--output` writes has your usual permissions: look at it before you share it.

What you can rely on:

- `schema` names the kind of document and the version: `deeprig.plan/1`, `deeprig.apply/1`,
  `deeprig.update/1`, `deeprig.verify/1`, `deeprig.inspect/1` and so on. The number rises when a key
  goes away or changes its meaning. Keys may be added without that: skip those you do not know.
- Every key below is always there. `null` means that there is nothing to tell; it is never 0 or "".
- Times are ISO 8601 in UTC, durations are seconds.
- Secrets of the inventory are masked in commands, output, diffs, evidence and data.
- JSON has no NaN: a number that is not finite is the text `"nan"`, `"inf"` or `"-inf"`; in a
  training it is `null`. A backup document of a host with such a number, or one beyond 64 bits, is
  refused, and the host has `failed`.
- `exit_code` is the exit code of the command: 0 good, 1 something failed or could not be proven,
  3 a host was unreachable, 4 changes pending (`plan --detailed-exitcode`), 130 interrupted. Where
  several apply: 130, then 1, then 3, then 4. (Bad usage, 2, makes no report.) A command that
  prints its report and cannot store it says so and exits 1, whatever the report says.
- `deeprig report --certificate FILE.html` writes a certificate, `deeprig.certificate/1`, beside its
  page as `FILE.json`, and keeps it as `reports/<time>-certificate.json`. The same reports make the
  same certificate, letter by letter. deeprig refuses to read one that claims more than its items
  prove.
- A host is `passed` only if a check passed and none failed or is unknown. deeprig refuses to read a
  report that claims otherwise.
"""

#: One description per field of each class; a field without one fails the test.
_DESCRIPTIONS: dict[type, dict[str, str]] = {
    RunReport: {
        "command": "which command it was",
        "started": "when it started",
        "finished": "when it ended",
        "seconds": "how long it took",
        "version": "deeprig's version",
        "inventory": "the inventory file, as it was named",
        "hosts": "one object per selected host, in the inventory's order",
        "exit_code": "see above",
    },
    HostRun: {
        "host": "its name in the inventory",
        "status": "how its run ended",
        "reason": "why it is not `ok`",
        "remedy": "how to put it right",
        "facts": "what the host is: distribution, kernel, Python, NVIDIA devices; "
        "empty if it was not reached",
        "operations": "in the order in which they ran",
        "seconds": "how long it took, waiting for its turn included",
        "in_operation": "the operation that was abandoned by a second Ctrl-C",
        "simulated": "what on this host stands in for the real thing (test hosts only)",
        "round_trips": "how often an answer of the host was waited for, connecting left out; "
        "`null` where it is not counted (docs/transport.md)",
        "evaluated": "of which time this is, where nothing that was read then has changed since "
        "(docs/recheck.md); `null`: of this run",
    },
    OperationResult: {
        "role": 'the role it belongs to; "" for none',
        "name": "a constant text: the same operation has the same name on every host",
        "status": "`would change` in a plan only; `not run` after a failure or an interruption",
        "seconds": "how long it took",
        "commands": "what was run, or would be; uploads read `upload PATH`",
        "output": "the last lines that it printed, if it failed; in a plan, a remark",
        "diffs": "in a plan, one per file that would be written",
        "notes": "what was decided, and why, for people",
        "moves": "what goes from one version to another",
    },
    VersionMove: {
        "what": "what it is: the driver, a toolkit, a package",
        "before": 'the version that is there; "" for none',
        "after": 'the version that comes; "" for none',
    },
    FileDiff: {
        "path": "the file on the host",
        "text": "a unified diff, or why there is none (binary, large)",
    },
    VerifyReport: {
        "started": "when it started",
        "finished": "when it ended",
        "seconds": "how long it took",
        "version": "deeprig's version",
        "inventory": "the inventory file, as it was named",
        "hosts": "one object per selected host, in the inventory's order",
        "exit_code": "see above",
    },
    HostVerification: {
        "host": "its name in the inventory",
        "status": "the verdict over its checks",
        "reason": "why it is not `passed`, where no check says it",
        "remedy": "how to put it right",
        "checks": "in the order in which they ran",
        "facts": "what the host is: distribution, kernel, Python, NVIDIA devices; "
        "empty if it was not reached",
        "seconds": "how long it took",
        "gpu_count": "how many NVIDIA GPUs are declared; `null`: none is, 0: it has none",
    },
    CheckResult: {
        "host": "the host that was checked",
        "role": "the role whose check it is",
        "name": "what was checked",
        "outcome": "`unknown`: it could not be found out, which counts as a failure",
        "evidence": "what was seen, whether it passed or not",
        "seconds": "how long it took; checks of one test share its time",
        "environment": "the conda environment it ran in",
        "data": "more, for programs; a check that trains has a training (below) in it",
        "simulated": "whether what it checked stands in for the real thing (test hosts only)",
    },
    **INSPECT_DESCRIPTIONS,
    **CERTIFICATE_DESCRIPTIONS,
    **ROLLOUT_DESCRIPTIONS,
}
_TITLES = {
    RunReport: "`plan`, `apply` and `update`",
    HostRun: "A host of `plan`, `apply` or `update`",
    OperationResult: "An operation",
    VersionMove: "A move",
    FileDiff: "A diff",
    VerifyReport: "`verify`",
    HostVerification: "A host of `verify`",
    CheckResult: "A check",
    **INSPECT_TITLES,
    **CERTIFICATE_TITLES,
    **ROLLOUT_TITLES,
}


def page() -> str:
    """Return the text of docs/json.md."""
    parts = [_HEAD.format(kept=store.KEPT_COUNT)]
    parts += [_class(kind, title) for kind, title in _TITLES.items()]
    parts.append(STATUS.table(DESCRIPTIONS))
    parts += [description.table(DESCRIPTIONS) for description in DESCRIPTIONS.values()]
    parts.append(
        "## Examples\n\nOf a real run on a throwaway host of `deeprig lab`. Its conda command is "
        "simulated, and the\nchecks of it say so; the training is real. One check fails: the "
        "container may not lock as much\nmemory as was declared. It has no GPU, which `inspect` "
        "fails; so the certificate, which is made of the recorded `verify` and `inspect`, is of a\n"
        "machine that failed. A whole one, with trainings and a burn, lies in docs/certificates.\n"
    )
    parts += [_example(name) for name in (*REPORTS, CERTIFICATE, *SMALL)]
    return "\n".join(parts)


def _class(kind: type, title: str) -> str:
    hints = get_type_hints(kind)
    rows = [_row(field, hints[field.name], _DESCRIPTIONS[kind]) for field in fields(kind)]
    if kind in (VerifyReport, InspectReport):
        rows.insert(0, f"| `command` | `{kind.command}` | which command it was |")
    if kind in (RunReport, VerifyReport, InspectReport, Certificate, Rollout):
        rows.insert(0, "| `schema` | text | see above |")
    return "\n".join([f"## {title}\n", "| key | value | |", "|---|---|---|", *rows, ""])


def _row(field: Field[Any], hint: Any, descriptions: dict[str, str]) -> str:
    # Python reserves "class", which the document of the facts has.
    name = field.name.removesuffix("_")
    return f"| `{name}` | {_kind(hint)} | {descriptions[field.name]} |"


def _kind(hint: Any) -> str:
    simple = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}
    arguments = getattr(hint, "__args__", ())
    if hint in simple:
        return simple[hint]
    if hint in _TITLES:
        return _TITLES[hint].lower()
    if type(None) in arguments:
        return f"{_kind(arguments[0])} or `null`"
    origin = getattr(hint, "__origin__", None)
    if origin is tuple:
        inner = arguments[0]
        return "list of text" if inner is str else f"list: {_kind(inner)}"
    if arguments and isinstance(arguments[0], str) and not isinstance(origin, type):
        return " · ".join(f"`{word}`" for word in arguments)
    return "object"


def _example(name: str) -> str:
    return f"### {name.replace('.', ' ')}\n\n```json\n{pretty(recorded(name))}\n```\n"


def recorded(name: str) -> Any:
    """Return a document of the recorded run."""
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


def certificate() -> Any:
    """Return the certificate of the recorded run."""
    made = certificate_from(RECORDED / "verify.json", (RECORDED / "inspect.json",), ())
    return made.to_json()


def pretty(value: Any, indent: int = 0, taken: int = 0) -> str:
    """Return JSON in which a list or an object that fits on a line is on one."""
    flat = json.dumps(value, ensure_ascii=False)
    if indent + taken + len(flat) <= _WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    space = " " * (indent + 2)
    if isinstance(value, dict):
        keys = {key: f"{json.dumps(key)}: " for key in value}
        inner = [keys[k] + pretty(v, indent + 2, len(keys[k]) + 1) for k, v in value.items()]
        opening, closing = "{", "}"
    else:
        inner = [pretty(item, indent + 2, 1) for item in value]
        opening, closing = "[", "]"
    lines = ",\n".join(f"{space}{line}" for line in inner)
    return f"{opening}\n{lines}\n{' ' * indent}{closing}"


def undescribed() -> list[str]:
    """Return the fields that the page does not describe, and descriptions without a field."""
    wrong = []
    for kind, descriptions in _DESCRIPTIONS.items():
        names = {field.name for field in fields(kind)}
        wrong += [f"{kind.__name__}.{name}" for name in sorted(names ^ set(descriptions))]
    return wrong


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
