"""Plant every fault in training, and write what noticed it to docs/training-mutations.md.

Needs the environment that the tests make (tests/contract/torch_environment.py), and minutes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "script")]

from generated_end import GeneratedEnd  # noqa: E402 - found by the line above

from tests.contract.mutations.bench import Answer, Bench  # noqa: E402 - see above
from tests.contract.mutations.table import MUTATIONS, Mutation  # noqa: E402 - see above
from tests.contract.torch_environment import make_torch_environment  # noqa: E402 - see above

_MARK = "<!-- written by script/mutations_doc.py from what ran -->"


def table() -> str:
    """Run every fault; return a row for each, with the checks that failed."""
    with tempfile.TemporaryDirectory(prefix="deeprig-mutations-") as place:
        bench = Bench(make_torch_environment(), Path(place))
        try:
            answers = [_run(bench, mutation) for mutation in MUTATIONS]
        finally:
            bench.end()
    document = answers[0].document
    lines = [
        "",
        f"PyTorch {document['framework_version']}, Python {document['python_version']}, on a CPU: "
        f"{len(MUTATIONS)} faults, each failed the case that is there for it.",
        "",
        "| fault | case | what failed |",
        "|---|---|---|",
    ]
    lines += [_row(*one) for one in zip(MUTATIONS, answers, strict=True)]
    return "\n".join(lines) + "\n"


def _run(bench: Bench, mutation: Mutation) -> Answer:
    sys.stderr.write(f"{mutation.case}: {mutation.fault}\n")
    options = ("--profile", "acceptance", "--device", "cpu", "--case", mutation.case)
    return bench.run(*options, edits=mutation.edits)


def _row(mutation: Mutation, answer: Answer) -> str:
    """Return what noticed the fault. Raise ValueError where nothing, or something else, did."""
    case = answer.case(mutation.case)
    noticed = answer.failed_checks(mutation.case)
    if case["outcome"] != "fail" or not noticed >= mutation.fails:
        raise ValueError(f"{mutation.fault} was not noticed by {mutation.case}: {case}")
    told = "; ".join(sorted(noticed)) or f"an error: {case['reason']}"
    return f"| {mutation.fault} | `{mutation.case}` | {told.replace('|', '/')} |"


END = GeneratedEnd(ROOT / "docs" / "training-mutations.md", _MARK, table)

if __name__ == "__main__":
    END.write()
