"""Facts of the cache_server role."""

from __future__ import annotations

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase

#: Only what the package brought: no site of anybody's, and nothing of it changed.
_ASKED = """
if ! systemctl is-enabled --quiet nginx.service && ! systemctl is-active --quiet nginx.service
then echo off; exit; fi
there=$(cd /etc/nginx && find sites-enabled conf.d -mindepth 1 | tr '\\n' ' ')
if [ "$there" = "sites-enabled/default " ] && [ -z "$(dpkg --verify nginx-common)" ]
then echo packaged; else echo somebodys; fi
"""


class DefaultSite(FactBase[str]):
    """Whether the distribution's nginx serves what its package brought: its welcome page.

    ``off``, ``packaged``, or ``somebodys``: then it is left alone.
    """

    def command(self) -> StringCommand:
        """Return the command."""
        return StringCommand("sh", "-c", QuoteString(_ASKED))

    @staticmethod
    def default() -> str:
        """Return that it does not run."""
        return "off"

    def process(self, output: list[str]) -> str:
        """Return the word. Raise FactProcessError for another one."""
        if len(output) != 1 or output[0] not in ("off", "packaged", "somebodys"):
            raise FactProcessError(f"the state of nginx cannot be read: {output!r}")
        return output[0]
