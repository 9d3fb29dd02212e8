"""The collector as ``deeprig inspect`` runs it: from an archive that lies only in memory."""

import ast
import base64
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deeprig.audit import memory_boot
from deeprig.host_programs import build_archive

from .test_nvml import FIRST, SECOND, build

PROGRAMS = Path(__file__).parents[4] / "host"
ASK = """
import json
from deeprig_host.audit import nvml
from deeprig_host.audit.tree import Tree
answer = nvml.ask(Tree())
print(json.dumps([answer.error, *(gpu.address for gpu in answer.gpus)]))
"""


def started_with(main):
    """Return the collector's archive with another main program."""
    whole = zipfile.ZipFile(io.BytesIO(build_archive(PROGRAMS, "audit")))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for entry in whole.infolist():
            content = main.encode() if entry.filename == "__main__.py" else whole.read(entry)
            archive.writestr(entry.filename, content)
    return base64.b64encode(buffer.getvalue())


def test_the_process_that_asks_nvml_finds_the_archive_in_ours(tmp_path):
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", Path(memory_boot.__file__).read_text()],
        input=started_with(ASK),
        env={"LD_LIBRARY_PATH": str(build(tmp_path)), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [None, FIRST, SECOND]


def test_a_python_with_a_part_of_its_library_is_told():
    """As Debian's python3-minimal, which has no json."""
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", Path(memory_boot.__file__).read_text()],
        input=started_with("import no_such_module\n"),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"@@deeprig:partial-python no_such_module\n"


@pytest.mark.parametrize("part", ["audit", "machine"])
def test_it_needs_nothing_but_python(part):
    for path in (PROGRAMS / "deeprig_host" / part).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                assert top in (*sys.stdlib_module_names, "deeprig_host"), f"{path}: {name}"
