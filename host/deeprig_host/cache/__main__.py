"""The cache's way out: ``python -m deeprig_host.cache DECLARATION DIRECTORY``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from deeprig_host.cache.declared import BadDeclaration, upstreams_of
from deeprig_host.cache.relay import log, relay

FAILED, BAD_DECLARATION = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Relay until SIGTERM; return 0, 1 where it cannot, 2 where the declaration is bad."""
    parser = argparse.ArgumentParser(prog="deeprig_host cache", description=__doc__)
    parser.add_argument("declaration", type=Path, help="JSON file that the role places")
    parser.add_argument("directory", type=Path, help="where the sockets are made")
    options = parser.parse_args(arguments)
    try:
        upstreams = upstreams_of(options.declaration.read_text(encoding="utf-8"))
        asyncio.run(relay(upstreams, options.directory))
    except BadDeclaration as bad:
        log(str(bad))
        return BAD_DECLARATION
    except OSError as error:
        log(f"the way out cannot be opened: {error}")
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
