"""One host's verification in a process of its own: ``python -m deeprig.verify.session``.

Standard output carries one JSON line per check; pytest's own words go to standard error.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

#: pytest's exit codes for tests that ran, passed or not; everything else is our failure.
_TESTS_RAN = (0, 1, 5)


@click.command()
@click.option("--inventory", required=True)
@click.option("--host", "name", required=True)
@click.option("--role", "roles", multiple=True, required=True)
@click.option("--profile", default="smoke")
@click.option("--burn-minutes", type=float)
def session(
    inventory: str, name: str, roles: tuple[str, ...], profile: str, burn_minutes: float | None
) -> None:
    """Run the checks of the given roles against one host of an inventory."""
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    import pytest

    from deeprig.inventory.load import load_lab
    from deeprig.inventory.sources.source import parse_where
    from deeprig.masking import Masker
    from deeprig.verify.recorder import Recorder
    from deeprig.verify.ssh_config import ssh_config_text

    lab = load_lab(parse_where(inventory))
    host = lab.host(name)
    with tempfile.TemporaryDirectory(prefix="deeprig-") as directory:
        config = Path(directory, "ssh_config")
        config.write_text(ssh_config_text(host, lab.directory, Path(directory)), encoding="utf-8")
        arguments = [
            *(str(lab.content.file(f"roles/{role}/verify.py")) for role in roles),
            f"--deeprig-inventory={inventory}",
            f"--hosts=ssh://{name}",
            f"--deeprig-profile={profile}",
            *([f"--deeprig-burn-minutes={burn_minutes}"] if burn_minutes is not None else []),
            f"--ssh-config={config}",
            *(["--sudo"] if host.needs_sudo else []),
            f"--rootdir={directory}",
            *("-c", "/dev/null"),
            *("-p", "no:cacheprovider"),
            "--import-mode=importlib",
            "-q",
        ]
        masker = Masker.of(host.settings, *host.role_settings.values())
        try:
            code = pytest.main(arguments, plugins=[Recorder(name, results, masker)])
        finally:
            # The master would live on for a minute, with its socket in a directory that is gone.
            subprocess.run(
                ["ssh", "-F", str(config), "-O", "exit", name], capture_output=True, check=False
            )
    results.close()
    sys.exit(0 if code in _TESTS_RAN else 1)


if __name__ == "__main__":
    session()
