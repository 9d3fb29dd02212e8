"""Start the command line: ``deeprig`` or ``python -m deeprig``."""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit with its code."""
    from deeprig.cli import cli

    cli(prog_name="deeprig")


if __name__ == "__main__":
    main()
