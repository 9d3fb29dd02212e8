"""Tasks of the conda role."""

from __future__ import annotations

from pyinfra.api.deploy import deploy
from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.operations import files

from deeprig.role import RoleContext
from deeprig.tasks import place_template
from roles.cache.through import through_cache
from roles.conda import operations
from roles.conda.facts import SimulationMark
from roles.conda.settings import CondaSettings

#: bash reads it for interactive shells that are no login shells, such as a desktop's terminal.
_BASHRC_LINE = "[ -r /etc/profile.d/deeprig-conda.sh ] && . /etc/profile.d/deeprig-conda.sh"


@deploy("conda")
def deploy_conda(context: RoleContext[CondaSettings]) -> None:
    """Bring conda, its configuration and the declared environments to the declared state."""
    settings = context.settings
    operations.installation(name="Install conda", settings=settings, machine=context.facts.machine)
    # Not /etc/conda: conda ranks the prefix's file above it, and Miniforge writes one there.
    place_template(
        context,
        "/opt/conda/.condarc",
        name="Configure conda for everybody",
        dest=f"{settings.prefix}/.condarc",
    )
    place_template(context, "/etc/pip.conf", name="Configure pip for everybody", mode="644")
    place_template(context, "/etc/profile.d/deeprig-conda.sh", name="Offer 'conda activate'")
    files.line(
        name="Offer 'conda activate' in desktop terminals",
        path="/etc/bash.bashrc",
        line=_BASHRC_LINE,
        escape_regex_characters=True,
    )
    for environment in settings.environments:
        operations.environment(
            name="Build an environment",
            settings=settings,
            declared=environment,
            network=context.network.environment(),
            update=context.update.environments,
            through=through_cache(context),
        )


def simulated_conda(context: RoleContext[CondaSettings]) -> str | None:
    """Name the conda command when it only stands in for the real one."""
    host: Host = ctx_host.get()
    is_simulated = host.get_fact(SimulationMark, prefix=context.settings.prefix)
    return f"the conda command at {context.settings.prefix}" if is_simulated else None
