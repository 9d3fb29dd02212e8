"""Write the result of ``script/test --full`` as a page of the documentation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Read pytest's output and write date, commit and a table."""
    started, status, output, page = sys.argv[1:]
    text = Path(output).read_text(encoding="utf-8")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    last = next((line for line in reversed(text.splitlines()) if " in " in line), "no last line")
    slow = re.findall(r"^([\d.]+)s (call|setup|teardown)\s+(tests/\S+)", text, re.MULTILINE)
    rows = "\n".join(f"| {name} | {phase} | {seconds} |" for seconds, phase, name in slow)
    Path(page).write_text(
        f"# Last full test\n\n"
        f"Written by `script/test --full`.\n\n"
        f"| date | commit | result | exit |\n|---|---|---|---|\n"
        f"| {started} | {commit} | {last.strip(' =')} | {status} |\n\n"
        f"The slowest parts, in seconds:\n\n| test | part | seconds |\n|---|---|---|\n{rows}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
