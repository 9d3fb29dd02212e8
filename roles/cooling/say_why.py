"""What a unit said before it failed: systemctl itself only names the unit."""

from __future__ import annotations


def or_say_why(command: str, unit: str) -> str:
    """Return a shell command that shows a unit's last words where it fails, and fails too."""
    return f"{command} || {{ journalctl -u {unit} -n 10 -o cat --no-pager >&2; exit 1; }}"
