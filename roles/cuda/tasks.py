"""Tasks of the cuda role, in order: refuse, sources, packages, default, environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pyinfra.api.deploy import deploy
from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.operations import files, server

from deeprig.engine.operations import changed
from deeprig.role import RoleContext
from deeprig.tasks import place_template, refresh_package_lists, repair_packages
from deeprig.tasks.left_undone import NewerFiles
from deeprig.tasks.nvidia_apt import configure_nvidia_repository
from deeprig.tasks.nvidia_repository import NvidiaRepositorySettings
from roles.cuda import check, operations
from roles.cuda.default_toolkits import choose_toolkit
from roles.cuda.driver_pin import keep_driver_of_archive
from roles.cuda.facts import SimulationText
from roles.cuda.settings import CudaSettings
from roles.nvidia_driver.sources import archive_components

CudaContext = RoleContext[CudaSettings]
PROFILE = "/etc/profile.d/deeprig-cuda.sh"
LIBRARIES = "/etc/ld.so.conf.d/deeprig-cuda.conf"
PREFERENCES = "/etc/apt/preferences.d/00-deeprig-cuda"
#: ldconfig(8) makes it.
_INDEX = "/etc/ld.so.cache"
_COMPONENTS = ("contrib", "non-free")


@deploy("cuda")
def deploy_cuda(context: CudaContext) -> None:
    """Bring toolkits, libraries and their environment to the declared state."""
    fitted = context.settings.fitted_to(context.facts.nvidia_devices)
    reason = None
    if fitted is not context.settings:
        reason = choose_toolkit(context.facts.nvidia_devices).reason
    context = replace(context, settings=fitted)
    repair_packages()  # what is half done would fail apt's simulation
    operations.fit(name="Check that the toolkits fit", context=context, reason=reason)
    _configure_sources(context)
    operations.toolkits(name="Install CUDA", context=context)
    if context.settings.source == "nvidia":
        _configure_sessions(context)
    else:  # Debian's toolkit is in /usr, where everything looks anyway
        for path in (PROFILE, LIBRARIES, PREFERENCES):
            files.file(name="Remove what NVIDIA's toolkits need", path=path, present=False)


def simulated_cuda(context: CudaContext) -> str | None:
    """Return the mark of this project's tests, where CUDA's packages are theirs."""
    host: Host = ctx_host.get()
    text: str = host.get_fact(SimulationText)
    return f"CUDA's packages ({text})" if text else None


def repository_settings(
    settings: CudaSettings, settings_of: Mapping[str, Any]
) -> NvidiaRepositorySettings:
    """Return the repository declared here, else the one of role nvidia_driver, else NVIDIA's."""
    if settings.nvidia_repository is not None:
        return settings.nvidia_repository
    driver = settings_of.get("nvidia_driver")
    declared: NvidiaRepositorySettings | None = getattr(driver, "nvidia_repository", None)
    return declared or NvidiaRepositorySettings()


def _configure_sources(context: CudaContext) -> None:
    if context.settings.source == "nvidia":
        repository = repository_settings(context.settings, context.settings_of)
        configure_nvidia_repository(repository, context.facts)
        place_template(context, PREFERENCES, name="Keep cuDNN and NCCL matched to the toolkit")
        keep_driver_of_archive(context)
    else:
        archive_components(
            name="Add the components that CUDA is in",
            codename=context.facts.codename,
            components=_COMPONENTS,
        )
    refresh_package_lists(when=lambda: operations.is_anything_to_do(context))


def _configure_sessions(context: CudaContext) -> None:
    switched = operations.default_toolkit(
        name="Set the default toolkit", series=context.settings.default_series
    )
    place_template(context, PROFILE, name="Offer nvcc to login sessions")
    listed = place_template(context, LIBRARIES, name="Offer CUDA's libraries")
    moved, host = changed(switched, listed), ctx_host.get()
    read = (LIBRARIES, check.ALTERNATIVE)
    server.shell(
        name="Index the libraries",
        commands=["ldconfig"],
        # Or a run was cut before it got here.
        _if=lambda: moved() or bool(host.get_fact(NewerFiles, files=read, than=_INDEX)),
    )
