"""`python -m conda_standin`: what `bin/conda` runs."""

from __future__ import annotations

import errno
import json
import sys

from . import commands
from .activation import shell_commands
from .cli import parser
from .errors import CondaError
from .leaving import leave
from .prefixes import open_session

_COMMANDS = {
    "create": commands.create,
    "install": commands.install,
    "remove": commands.remove,
    "uninstall": commands.remove,
    "list": commands.list_packages,
    "info": commands.info,
    "config": commands.config,
    "clean": commands.clean,
}
_ENV_COMMANDS = {"list": commands.list_environments, "export": commands.export}


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code: 0, or 1 with conda's kind of message."""
    if arguments and arguments[0] in ("shell.posix", "shell.bash"):
        return _shell(arguments[1:])
    options = parser().parse_args(arguments)
    try:
        session = open_session()
        if options.command == "run":
            return commands.run(session, options)
        if options.command == "env":
            if options.subcommand == "remove":
                options.all = True
                commands.remove(session, options)
            else:
                _ENV_COMMANDS[options.subcommand](session, options)
        else:
            _COMMANDS[options.command](session, options)
    except CondaError as error:
        _tell(error, as_json=getattr(options, "json", False))
        return 1
    except OSError as error:  # a full disk, a file of another user: the machine's, not a bug
        kind = "NoSpaceLeftError" if error.errno == errno.ENOSPC else "CondaOSError"
        _tell(CondaError(kind, f"{error}\n"), as_json=getattr(options, "json", False))
        return 1
    return 0


def _shell(arguments: list[str]) -> int:
    try:
        print(shell_commands(open_session(), arguments), end="")
    except CondaError as error:
        _tell(error, as_json=False)
        return 1
    return 0


def _tell(error: CondaError, *, as_json: bool) -> None:
    if as_json:
        document = {"error": error.message, "exception_name": error.kind, "success": False}
        print(json.dumps(document, indent=2))
    print(f"\n{error.kind}: {error.message}", file=sys.stderr)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
