"""Run one of deeprig's programs on the host: ``python3 deeprig_host.pyz PART ARGUMENTS``."""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

#: Part to the module that has its ``main``. An archive carries only the parts it needs.
_PARTS = {
    "audit": "deeprig_host.audit.__main__",
    "driver": "deeprig_host.driver.__main__",
    "environment": "deeprig_host.environment.__main__",
    "fleet": "deeprig_host.fleet.__main__",
    "network": "deeprig_host.network.__main__",
}


def main() -> NoReturn:
    """Run the named part with the remaining arguments and exit with its code."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in _PARTS:
        sys.exit(f"deeprig_host: no program {name!r}; one of: {', '.join(_PARTS)}")
    sys.exit(importlib.import_module(_PARTS[name]).main(sys.argv[2:]))


if __name__ == "__main__":
    main()
