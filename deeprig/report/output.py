"""Write a report into a file that a person named, and know before a long run that it will work."""

from __future__ import annotations

from pathlib import Path

from deeprig.errors import DeeprigError, UsageProblem


def require_writable(path: Path) -> None:
    """Raise UsageProblem when a file cannot be written at ``path``. Nothing there is changed.

    It is tried, not asked: access(2) does not know quotas, and root may write where it says no.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        return  # a device or a FIFO: opening it is already an effect
    try:
        is_new = not path.exists()
        with path.open("ab"):
            pass
        if is_new:
            path.unlink()
    except OSError as error:
        raise UsageProblem(
            f"it cannot be written: {error.strerror}",
            place=str(path),
            remedy="name a file in a directory that exists and that you may write to",
        ) from error


def write(path: Path, text: str) -> None:
    """Write the text as UTF-8. Raise DeeprigError when it cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DeeprigError(
            f"it cannot be written: {error.strerror}",
            place=str(path),
            remedy="make room or name another file; 'deeprig report --output' writes it again",
        ) from error
