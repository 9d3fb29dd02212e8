"""Operations of the conda role: conda itself, and environments built aside and switched to.

conda environments know their own path, so one cannot be built elsewhere and moved. Each build
therefore has a path of its own (``generations/<name>/<digest>``), and the name that people use
(``envs/<name>``) is a link: it is switched only when the build is complete, at once, and an
earlier build stays for the programs that still run in it. conda's documented calls only.
"""

from __future__ import annotations

from collections.abc import Generator
from io import StringIO
from pathlib import Path

from pyinfra.api.command import FileUploadCommand, PyinfraCommand, QuoteString, StringCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host

from deeprig.engine.operations import Step
from deeprig.engine.remarks import explain, tell_move
from deeprig.fetch import fetch
from deeprig.report.model import VersionMove
from deeprig.tasks.steady import steadily
from roles.conda import newer
from roles.conda.drift import drift
from roles.conda.facts import CondaEnvironment, CondaInstallation, InstalledEnvironment
from roles.conda.newer import PipUpgrades, SolvedPackages
from roles.conda.settings import CondaSettings, EnvironmentSettings

_INSTALLER = "/var/tmp/deeprig-conda-installer.sh"  # noqa: S108 - uploaded as root, mode 600
_REQUIREMENTS = "/var/tmp/deeprig-requirements.txt"  # noqa: S108 - no secret in it
_LOCK = "/var/tmp/deeprig-conda.lock"  # noqa: S108 - no secret in it

Commands = Generator[PyinfraCommand, None, None]


@operation()
def installation(settings: CondaSettings, machine: str) -> Commands:
    """Install conda at the prefix, or bring an older one up to the declared release.

    The installer is fetched and verified on the controller when, and only when, it is needed.
    """
    host: Host = ctx_host.get()
    prefix, wanted = settings.prefix, settings.installer.conda_version
    found = host.get_fact(CondaInstallation, prefix=prefix)
    is_new = not found.exists or found.is_incomplete
    if not is_new and found.version is None:
        raise OperationError(
            f"{prefix} is there, but conda in it does not answer "
            f"({found.answer or 'no bin/conda'}): move the directory away, or set another prefix"
        )
    if not is_new and _as_numbers(found.version or "0") >= _as_numbers(wanted):
        host.noop(f"conda {found.version} is at {prefix}")
        return
    url = settings.installer.url_for(machine)

    def upload() -> None:
        """Fetch the installer, verify its checksum, and upload it."""
        path = fetch(url, settings.installer.sha256)
        if not host.put_file(str(path), _INSTALLER, _sudo=host.data.get("_sudo", False)):
            raise OperationError(f"the installer could not be uploaded to {_INSTALLER}")

    yield Step(upload)
    if is_new:
        # The mark tells a re-run that what it finds is an interrupted installation of ours, and
        # nothing that anybody else put there.
        mark = QuoteString(f"{prefix}.installing")
        yield StringCommand("mkdir", "-p", QuoteString(str(Path(prefix).parent)))
        yield StringCommand("touch", mark, "&&", "rm", "-rf", QuoteString(prefix))
        yield from _steadily("sh", _INSTALLER, "-b", "-p", prefix)
        yield StringCommand("rm", "-f", mark, _INSTALLER)
    else:
        yield from _steadily("sh", _INSTALLER, "-b", "-u", "-p", prefix)
        yield StringCommand("rm", "-f", _INSTALLER)


@operation()
def environment(
    settings: CondaSettings,
    declared: EnvironmentSettings,
    network: dict[str, str],
    update: bool = False,
    through: tuple[str, ...] = (),
) -> Commands:
    """Have an environment as it is declared. A failed build leaves the old one in use.

    ``update`` builds it anew where newer packages would be chosen today; a lock stays. ``through``
    are words before the commands that download (the role cache).
    """
    host: Host = ctx_host.get()
    path = settings.environment_path(declared.name)
    kept = settings.generations_path(declared.name)
    installed = host.get_fact(CondaEnvironment, path=path, generations=kept)
    if installed.target == "":
        raise OperationError(
            f"{path} is a directory that deeprig did not make; rename it, or name another"
        )
    digest = declared.digest(settings)
    differences = drift(declared, digest, installed)
    if not differences:
        found = _newer(settings, declared, installed, network) if update else ()
        if not found:
            host.noop(f"environment {declared.name} is as declared")
            return
        for move in found:
            tell_move(move.what, move.before, move.after)
    explain(*(f"{declared.name}: {difference}" for difference in differences))
    build = f"{kept}/{_free_name(digest, installed)}"
    yield from _build(settings, declared, build, network, through)
    yield from _switch(path, build)
    yield from _tidy(settings, kept, installed, build)


def _build(
    settings: CondaSettings,
    declared: EnvironmentSettings,
    build: str,
    network: dict[str, str],
    through: tuple[str, ...],
) -> Commands:
    """Yield what makes a complete environment at ``build``, from nothing."""
    conda = f"{settings.prefix}/bin/conda"
    yield StringCommand("rm", "-rf", QuoteString(build))
    yield StringCommand("mkdir", "-p", QuoteString(str(Path(build).parent)))
    variables = network | declared.solve_environment
    if declared.conda_lock is not None:
        yield FileUploadCommand(StringIO(declared.conda_lock.text), _LOCK)
        what: tuple[str, ...] = ("--file", _LOCK)
    else:
        channels = [part for c in settings.channels_of(declared) for part in ("-c", c)]
        what = ("--override-channels", *channels, f"python={declared.python}", "pip")
        what = (*what, *declared.packages)
    yield from _steadily(*through, conda, "create", "-y", "-p", build, *what, env=variables)
    yield from _pip(settings, declared, build, network, through)


def _pip(
    settings: CondaSettings,
    declared: EnvironmentSettings,
    build: str,
    network: dict[str, str],
    through: tuple[str, ...],
) -> Commands:
    if declared.pip_lock is not None:
        text, flags = declared.pip_lock.text, ["--require-hashes", "--no-deps"]
    elif declared.pip.packages:
        text, flags = "\n".join(declared.pip.packages) + "\n", []
    else:
        return
    yield FileUploadCommand(StringIO(text), _REQUIREMENTS)
    command = [f"{build}/bin/python", "-m", "pip", "install", "--no-input", *flags]
    command += [*settings.pip_of(declared), "--no-cache-dir", "-r", _REQUIREMENTS]
    yield from _steadily(*through, *command, env=network)


def _steadily(*words: str, env: dict[str, str] | None = None) -> Commands:
    """Yield a long command, which goes on when the connection is lost."""
    quoted = [QuoteString(word) for word in words]
    command = StringCommand(*quoted, _env=env) if env else StringCommand(*quoted)
    yield from steadily([command], "conda")


def _switch(path: str, build: str) -> Commands:
    """Yield what makes the name point to the build: rename(2) over the old link is atomic."""
    new = f"{path}.new"
    yield StringCommand("mkdir", "-p", QuoteString(str(Path(path).parent)))
    yield StringCommand("ln", "-sfn", QuoteString(build), QuoteString(new))
    yield StringCommand("mv", "-T", QuoteString(new), QuoteString(path))


def _tidy(
    settings: CondaSettings, kept: str, installed: InstalledEnvironment, build: str
) -> Commands:
    """Yield the removal of builds older than those that are kept."""
    current, new = Path(installed.target or "").name, Path(build).name
    earlier = [g for g in installed.generations if g not in (new, current)]
    if current and current != new:
        earlier.append(current)
    keep = settings.kept_generations
    for name in earlier[: len(earlier) - keep if keep else None]:
        yield StringCommand("rm", "-rf", QuoteString(f"{kept}/{name}"))


def _newer(
    settings: CondaSettings,
    declared: EnvironmentSettings,
    installed: InstalledEnvironment,
    network: dict[str, str],
) -> tuple[VersionMove, ...]:
    """Return what a solve of today would change in an environment that is as declared."""
    if declared.conda_lock is not None:
        return ()
    host: Host = ctx_host.get()
    solving = tuple((network | declared.solve_environment).items())
    solved = host.get_fact(
        SolvedPackages, words=newer.conda_words(settings, declared), variables=solving
    )
    upgrades = None
    if declared.pip.packages and declared.pip_lock is None:
        words = newer.pip_words(settings, declared)
        upgrades = host.get_fact(PipUpgrades, words=words, variables=tuple(network.items()))
    return newer.moves(declared, installed, solved or {}, upgrades or {}) if solved else ()


def _free_name(digest: str, installed: InstalledEnvironment) -> str:
    """Return a directory for a new build that is not the one in use (a repair, an update)."""
    current = Path(installed.target or "").name
    return f"{digest}-again" if current == digest else digest


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
