"""Write a channel's repodata: run by the build tools' Python with a job on standard input.

Plain repodata only: sharded repodata does not survive a server that answers 304, as
Python's own `http.server` does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from rattler.index import index_fs  # type: ignore[import-not-found]  # build tools only

from .standin.leaving import leave

if __name__ == "__main__":
    channel = Path(json.load(sys.stdin)["channel"])
    asyncio.run(index_fs(channel, write_zst=True, write_shards=False, force=True))
    leave(0)
