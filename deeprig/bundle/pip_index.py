"""Package indexes: under which URL a host's pip asks, and where the controller reads instead."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from deeprig.errors import DeeprigError
from deeprig.lab.access import index_urls
from deeprig.wheels.download import find_pip

#: pip knows its default index; it is asked, and none is written here.
_DEFAULT = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


@dataclass(frozen=True, slots=True)
class Index:
    """An index. A controller may have a mirror of its own for what a host's pip asks for."""

    url: str
    read_at: str

    def page_of(self, project: str) -> str:
        """Return the URL of a project's page."""
        return f"{self.url.rstrip('/')}/{project}/"


def default_index() -> Index:
    """Return pip's own index, read where this machine's pip is told to. Raise DeeprigError."""
    words = find_pip()
    if words[-2:] != ("-m", "pip"):
        raise DeeprigError(
            "this machine's pip cannot be asked for its default index",
            remedy="name the index (conda.pip.index_url), or install python3-pip",
        )
    default = _told(*words[:-2], "-c", _DEFAULT)
    configured = index_urls(_told(*words, "config", "list"))
    own = os.environ.get("PIP_INDEX_URL")
    return Index(default, own or next(iter(configured), default))


def _told(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DeeprigError(f"this machine's pip does not answer:\n{done.stderr.strip()}")
    return done.stdout.strip()
