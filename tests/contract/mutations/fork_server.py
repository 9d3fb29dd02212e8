"""Runs the training suite many times, from any copy of its source, after one import of PyTorch.

Started with the environment's Python. Each line of standard input is a job in JSON: ``source`` (the
directory of ``deeprig_host``), ``arguments``, ``output`` (a file). Each is answered by a line with
the exit code. A job is a fork: it imports our code anew and the frameworks not at all.
"""

import json
import os
import runpy
import signal
import sys
import traceback
from pathlib import Path

# What the cases import; loaded here, once.
import sklearn.datasets
import sklearn.model_selection
import torch
import torch.utils.tensorboard

#: A suite that hangs is a finding, not a hanging test.
_LIMIT_SECONDS = 900


def _run(job):
    """Be ``python -m deeprig_host.training``, in this fork."""
    output = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(output, 1)
    os.environ["PYTHONPATH"] = job["source"]
    sys.path.insert(0, job["source"])
    sys.argv = ["deeprig_host.training", *job["arguments"]]
    signal.alarm(_LIMIT_SECONDS)
    runpy.run_module("deeprig_host.training", run_name="__main__", alter_sys=True)


def _forked(job):
    """Return the exit code: negative for a signal."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        _run(job)
    except SystemExit as told:
        sys.stdout.flush()
        os._exit(told.code)
    except BaseException:  # noqa: BLE001 - whatever it is, this fork must not go on as the server
        traceback.print_exc()
    os._exit(3)


if __name__ == "__main__":
    sklearn.datasets.load_digits()
    torch.set_num_threads(1)
    os.chdir(Path("/"))
    for line in sys.stdin:
        sys.stdout.write(f"{_forked(json.loads(line))}\n")
        sys.stdout.flush()
