"""The environment variables that ``conda env config vars set`` gave an environment."""

from __future__ import annotations

import json
from pathlib import Path

from deeprig_host.backup.state_part import PartFailed, read_text

FILE = "conda-meta/state"
#: conda's word for a variable that was taken away (conda/core/prefix_data.py).
_UNSET = "***unset***"


def variables(environment: Path) -> dict[str, str]:
    """Return the variables by name. Raise PartFailed, OSError on a file that tells none."""
    path = environment / FILE
    try:
        told = json.loads(read_text(path)).get("env_vars") or {}
        return {str(name): str(told[name]) for name in sorted(told) if told[name] != _UNSET}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        # Its content is not told: people keep tokens there.
        raise PartFailed(f"{path} tells no variables: {type(error).__name__}") from error
