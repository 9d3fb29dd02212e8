"""The command line: conda's flag spellings, conda's exit codes."""

from __future__ import annotations

import argparse

from . import VERSION


def _environment(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-p", "--prefix")
    group.add_argument("-n", "--name")


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-y", "--yes", action="store_true")
    parser.add_argument("-q", "--quiet", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("-d", "--dry-run", action="store_true")


def _solving(parser: argparse.ArgumentParser) -> None:
    _environment(parser)
    _common(parser)
    parser.add_argument("-c", "--channel", action="append", default=[])
    parser.add_argument("--override-channels", action="store_true")
    parser.add_argument("--file", action="append", default=[])
    parser.add_argument("specs", nargs="*")


def parser() -> argparse.ArgumentParser:
    """Return the parser; an unknown option exits with 2 and the usage, as conda's does."""
    root = argparse.ArgumentParser(prog="conda", allow_abbrev=False)
    root.add_argument("-V", "--version", action="version", version=f"conda {VERSION}")
    commands = root.add_subparsers(dest="command", required=True)

    def add(name: str, *aliases: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, aliases=aliases, allow_abbrev=False)

    _solving(add("create"))
    _solving(add("install"))
    remove = add("remove", "uninstall")
    _environment(remove)
    _common(remove)
    remove.add_argument("--all", action="store_true")
    remove.add_argument("specs", nargs="*")
    _listing(add("list"))
    _running(add("run"))
    info = add("info")
    info.add_argument("-e", "--envs", action="store_true")
    info.add_argument("--json", action="store_true")
    config = add("config")
    config.add_argument("--show", nargs="*", metavar="KEY")
    config.add_argument("--show-sources", action="store_true")
    config.add_argument("--json", action="store_true")
    clean = add("clean")
    _common(clean)
    clean.add_argument("-a", "--all", action="store_true")
    _environments(add("env"))
    return root


def _listing(listing: argparse.ArgumentParser) -> None:
    _environment(listing)
    listing.add_argument("--json", action="store_true")
    listing.add_argument("-e", "--export", action="store_true")
    listing.add_argument("--explicit", action="store_true")
    listing.add_argument("--md5", action="store_true")
    listing.add_argument("--sha256", action="store_true")


def _running(running: argparse.ArgumentParser) -> None:
    _environment(running)
    running.add_argument("--no-capture-output", action="store_true")
    running.add_argument("--cwd")
    running.add_argument("program", nargs=argparse.REMAINDER)


def _environments(env: argparse.ArgumentParser) -> None:
    sub = env.add_subparsers(dest="subcommand", required=True)
    listing = sub.add_parser("list")
    listing.add_argument("--json", action="store_true")
    remove = sub.add_parser("remove")
    _environment(remove)
    _common(remove)
    export = sub.add_parser("export")
    _environment(export)
    export.add_argument("--from-history", action="store_true")
    export.add_argument("--json", action="store_true")
