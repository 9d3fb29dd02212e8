"""Lines of JSON to whoever started the suite, and what is kept on disk when the run is cut."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deeprig_host.training.cases import CaseResult
from deeprig_host.training.cut import Cut
from deeprig_host.training.suite_document import tell_result

RESULTS = "results.jsonl"


class Events:
    """Tells what happens. ``write`` takes one line; where nobody reads it any more, Cut is raised:
    the results are on disk, and more computing would warm an empty room."""

    def __init__(self, write: Callable[[str], object], workdir: Path) -> None:
        self._write = write
        self._results = workdir / RESULTS

    def started(self, names: tuple[str, ...]) -> None:
        """Tell which cases will run."""
        self._tell({"event": "started", "cases": list(names)})

    def case_started(self, name: str) -> None:
        """Tell that a case begins."""
        self._tell({"event": "case_started", "name": name})

    def progress(self, name: str, share: float, text: str) -> None:
        """Tell how far a case is, 0 to 1, and what it does."""
        self._tell({"event": "progress", "name": name, "share": round(share, 4), "text": text})

    def case_finished(self, result: CaseResult) -> None:
        """Keep the result on disk, then tell it."""
        told = tell_result(result)
        with self._results.open("a", encoding="utf-8") as results:
            results.write(_line(told))
        self._tell({"event": "case_finished", "result": told})

    def document(self, document: Mapping[str, Any]) -> None:
        """Tell the last event."""
        self._tell({"event": "document", "document": document})

    def _tell(self, event: Mapping[str, Any]) -> None:
        try:
            self._write(_line(event))
        except OSError as problem:
            raise Cut(f"nobody reads the events: {problem}") from problem


def _line(told: Mapping[str, Any]) -> str:
    return json.dumps(told, allow_nan=False) + "\n"
