"""What the role's templates become: read as apt and a shell read them."""

import subprocess
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from roles.cuda.settings import CudaSettings

ROOT = Path(__file__).parents[4] / "templates" / "cuda"


def rendered(path, **settings):
    # As pyinfra's files.template renders: a final newline is kept.
    environment = Environment(  # noqa: S701 - configuration files, no HTML
        loader=FileSystemLoader(ROOT), undefined=StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template(path).render(settings=CudaSettings(**settings))


def records(**settings):
    """Return the preferences as (package, pin, priority), parted as apt parts them: empty lines."""
    text = rendered("etc/apt/preferences.d/00-deeprig-cuda", **settings)
    assert text.endswith("\n")
    found = []
    for stanza in text.split("\n\n"):
        lines = [line for line in stanza.splitlines() if line and not line.startswith("#")]
        if lines:
            fields = dict(line.split(": ", 1) for line in lines)
            assert len(fields) == len(lines), "two records in one"
            found.append((fields["Package"], fields["Pin"], fields["Pin-Priority"]))
    return found


NCCL, CUDNN = "libnccl2 libnccl-dev", "libcudnn9-*"


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, [(NCCL, "version *+cuda13.0", "700")]),
        (
            {"toolkits": ("12.9", "13.0"), "default": "12.9"},
            [(NCCL, "version *+cuda12.9", "700")],
        ),
        (
            {"nccl_version": "2.28.9-1+cuda13.0"},
            [(NCCL, "version 2.28.9-1+cuda13.0", "700")],
        ),
        (
            {"cudnn_version": "9.10.2.21-1"},
            [(NCCL, "version *+cuda13.0", "700"), (CUDNN, "version 9.10.2.21-1", "700")],
        ),
        ({"nccl": False, "cudnn_version": "9.10.2.21"}, [(CUDNN, "version 9.10.2.21-*", "700")]),
        ({"nccl": False, "cudnn": False}, []),
    ],
)
def test_apt_keeps_nccl_and_cudnn_as_declared(settings, wanted):
    assert records(**settings) == wanted


def test_the_profile_is_good_shell_and_names_the_default_toolkit(tmp_path):
    text = rendered("etc/profile.d/deeprig-cuda.sh", toolkits=("12.6", "12.9"), default="12.6")
    assert "12.6" in text
    script = tmp_path / "profile.sh"
    script.write_text(text.replace("/usr/local/cuda", str(tmp_path)))
    twice = f'PATH=/bin; . {script}; . {script}; echo "$PATH"'
    done = subprocess.run(["sh", "-euc", twice], capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path}/bin:/bin\n"
