"""The check of every role whose programs run on the host: their environment is whole."""

from __future__ import annotations

import json
from typing import Any

from deeprig.tasks.host_environment import ENVIRONMENT_PYTHON
from deeprig.verify.checks import Checks

_NAME = "deeprig's programs on the host are as they were placed"


def check_host_environment(host: Any, check: Checks) -> None:
    """Record whether the environment is whole; evidence is its name, or every damage."""
    done = host.run(f"{ENVIRONMENT_PYTHON} -I -m deeprig_host.environment check")
    try:
        answer = json.loads(done.stdout)
    except ValueError:  # too damaged to say so itself
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        check(_NAME, False, said[-1])
        return
    if done.rc == 0:
        check(_NAME, True, f"environment {answer['current']} of Python {answer['python']}")
    else:
        check(_NAME, False, "; ".join((answer["reason"], *answer["evidence"])))
