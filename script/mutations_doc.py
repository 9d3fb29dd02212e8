"""Plant every fault in training, and write what noticed it to docs/training-mutations.md.

Needs the environment that the tests make (tests/contract/torch_environment.py), and minutes. What
was found out is kept in build/mutations for this source and this environment: a run that was ended
goes on where it was, and ``--anew`` forgets it. A fault that nothing noticed, and a run that died,
do not end the others; all of them are told at the end, and the page stays as it was.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "script")]

from generated_end import GeneratedEnd  # noqa: E402 - found by the line above
from kept_rows import KeptRows, basis_of  # noqa: E402 - see above

from tests.contract.mutations.bench import HOST, Answer, Bench  # noqa: E402 - see above
from tests.contract.mutations.table import MUTATIONS, Mutation  # noqa: E402 - see above
from tests.contract.torch_environment import make_torch_environment  # noqa: E402 - see above

_MARK = "<!-- written by script/mutations_doc.py from what ran -->"
_KEPT = ROOT / "build" / "mutations"


def table() -> str:
    """Run every fault; return a row for each, with the checks that failed."""
    python = make_torch_environment()
    kept = KeptRows(_KEPT, _basis(python))
    found, problems = _found(python, kept)
    if problems:
        sys.exit("\n".join(("the page is not written:", *problems)))
    first = found[0]
    lines = [
        "",
        f"PyTorch {first['framework']}, Python {first['python']}, on a CPU: "
        f"{len(MUTATIONS)} faults, each failed the case that is there for it.",
        "",
        "| fault | case | what failed |",
        "|---|---|---|",
        *(one["row"] for one in found),
    ]
    return "\n".join(lines) + "\n"


def _found(python: Path, kept: KeptRows) -> tuple[list[dict[str, str]], list[str]]:
    """Return what each fault came to, and in words what did not come to a row."""
    found, problems = [], []
    with tempfile.TemporaryDirectory(prefix="deeprig-mutations-") as place:
        benches = _Benches(python, Path(place))
        for mutation in MUTATIONS:
            row, took = kept.read(_name(mutation)), "kept"
            if row is None:
                begun = time.monotonic()
                try:
                    row = benches.run(mutation)
                    kept.keep(_name(mutation), row)
                except (AssertionError, ValueError) as problem:
                    problems.append(f"{mutation.case}: {mutation.fault}: {problem}")
                took = f"{time.monotonic() - begun:.0f} s"
            if row is not None:
                found.append(row)
            word = "noticed" if row else "NO ROW"
            _say(f"{len(found)}/{len(MUTATIONS)} {mutation.case}: {mutation.fault}: {word}, {took}")
        benches.end()
    return found, problems


class _Benches:
    """Owns the process that runs suites; one that died is followed by another."""

    def __init__(self, python: Path, place: Path) -> None:
        self._python, self._place, self._count = python, place, 0
        self._bench: Bench | None = None

    def run(self, mutation: Mutation) -> dict[str, str]:
        """Plant one fault. Raise AssertionError where the run died, ValueError where nothing
        noticed the fault."""
        options = ("--profile", "acceptance", "--device", "cpu", "--case", mutation.case)
        try:
            answer = self._there().run(*options, edits=mutation.edits)
        except AssertionError:
            self.end()
            raise
        document = answer.document
        return {
            "row": _row(mutation, answer),
            "framework": document["framework_version"],
            "python": document["python_version"],
        }

    def end(self) -> None:
        """End the process, however it is."""
        bench, self._bench = self._bench, None
        if bench is not None:
            try:
                bench.end()
            except (AssertionError, BrokenPipeError) as problem:
                _say(f"the process that ran suites did not end well: {problem!r}")

    def _there(self) -> Bench:
        if self._bench is None:
            self._count += 1
            place = self._place / str(self._count)
            place.mkdir()
            self._bench = Bench(self._python, place)
        return self._bench


def _row(mutation: Mutation, answer: Answer) -> str:
    """Return what noticed the fault. Raise ValueError where nothing, or something else, did."""
    case = answer.case(mutation.case)
    noticed = answer.failed_checks(mutation.case)
    if case["outcome"] != "fail" or not noticed >= mutation.fails:
        raise ValueError(f"not noticed: {case['outcome']}, {case['reason'] or 'no reason'}")
    told = "; ".join(sorted(noticed)) or f"an error: {case['reason']}"
    return f"| {mutation.fault} | `{mutation.case}` | {told.replace('|', '/')} |"


def _name(mutation: Mutation) -> str:
    """Return a name that changes with the fault: another edit is another fault."""
    return f"{mutation.case}: {mutation.fault}: {mutation.edits!r}: {sorted(mutation.fails)}"


def _basis(python: Path) -> str:
    """Return a word for the suite's source, and for the packages that it runs with."""
    sources = (HOST / "deeprig_host" / "training").rglob("*.py")
    listed = subprocess.run(
        [python, "-m", "pip", "freeze"], capture_output=True, text=True, check=True
    )
    return basis_of(sources, str(python), listed.stdout)


def _say(told: str) -> None:
    sys.stderr.write(told + "\n")
    sys.stderr.flush()


END = GeneratedEnd(ROOT / "docs" / "training-mutations.md", _MARK, table)

if __name__ == "__main__":
    if "--anew" in sys.argv[1:] and _KEPT.exists():
        shutil.rmtree(_KEPT)
    END.write()
