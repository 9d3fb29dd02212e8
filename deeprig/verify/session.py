"""One host's verification: pytest over the checks of its roles, results as JSON lines."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from deeprig.inventory.load import Lab
from deeprig.inventory.model import DeclaredHost
from deeprig.masking import Masker
from deeprig.verify.plugin import GivenLab
from deeprig.verify.recorder import Recorder
from deeprig.verify.request import Request
from deeprig.verify.ssh_config import ssh_config_text

#: pytest's exit codes for tests that ran, passed or not; everything else is our failure.
_TESTS_RAN = (0, 1, 5)


def run_session(lab: Lab, request: Request, results: TextIO) -> bool:
    """Run a host's checks; return whether they ran to their end.

    ``results`` gets a line per check; what pytest itself says goes where this process prints.
    """
    host = lab.host(request.host)
    with tempfile.TemporaryDirectory(prefix="deeprig-") as directory:
        config = Path(directory, "ssh_config")
        config.write_text(ssh_config_text(host, lab.directory, Path(directory)), encoding="utf-8")
        masker = Masker.of(host.settings, *host.role_settings.values())
        plugins = [Recorder(request.host, results, masker), GivenLab(lab)]
        with _connection(config, request.host):
            code = pytest.main(_arguments(lab, request, host, config), plugins=plugins)
    return code in _TESTS_RAN


def _arguments(lab: Lab, request: Request, host: DeclaredHost, config: Path) -> list[str]:
    burn = request.burn_minutes
    return [
        *(str(lab.content.file(f"roles/{role}/verify.py")) for role in request.roles),
        f"--deeprig-inventory={request.inventory}",
        f"--hosts=ssh://{request.host}",
        f"--deeprig-profile={request.profile}",
        *([f"--deeprig-burn-minutes={burn}"] if burn is not None else []),
        f"--ssh-config={config}",
        *(["--sudo"] if host.needs_sudo else []),
        f"--rootdir={config.parent}",
        *("-c", "/dev/null"),
        *("-p", "no:cacheprovider"),
        # The plugins were loaded before pytest could rewrite their assertions: they have none.
        *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
        "--import-mode=importlib",
        "-q",
    ]


@contextmanager
def _connection(config: Path, host: str) -> Iterator[None]:
    """End ssh's shared connection with the block.

    It would live on for a minute, with its socket in a directory that is gone.
    """
    try:
        yield
    finally:
        end = ["ssh", "-F", str(config), "-O", "exit", host]
        subprocess.run(end, capture_output=True, check=False)
