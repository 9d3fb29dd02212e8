"""Checks of the cuda role: read on a fresh connection, from what a user of the machine gets."""

from __future__ import annotations

import shlex

import pytest

from deeprig.tasks.nvidia_apt import KEYRING_PATTERNS, SOURCE_PATTERNS, AptFiles
from deeprig.tasks.nvidia_repository import SOURCE_FILE, choose_repository
from deeprig.tasks.nvidia_sources import without_nvidia, without_old_keys
from roles.cuda import evidence
from roles.cuda.facts import SIMULATION_MARK, AptCuda
from roles.cuda.packages import NCCL_PACKAGES, cudnn_packages, is_metapackage
from roles.cuda.resolution import packages_asked_for
from roles.cuda.settings import major_of
from roles.cuda.tasks import repository_settings

_PROGRAM = "__global__ void add(float *x) { x[threadIdx.x] += 1.0f; }\nint main() { return 0; }\n"
#: The simulated nvcc of this project's tests says so when it is asked to compile.
_SIMULATED_NVCC = "simulated by deeprig's tests"


@pytest.fixture
def settings(settings, facts):
    """Return the role's settings, with the toolkit for this host's GPUs where none is named."""
    return settings.fitted_to(facts.nvidia_devices)


@pytest.fixture
def simulated(host):
    """Say whether CUDA's packages on this host only stand in for the real ones (our own tests)."""
    return host.file(SIMULATION_MARK).exists


@pytest.fixture
def seen(host, settings):
    """Return CUDA's packages as the host has them now."""
    return _ask(host, AptCuda(), packages=packages_asked_for(settings))


def test_toolkits_are_there(host, settings, check, simulated):
    """The compiler of each declared toolkit says its version."""
    for series in settings.series:
        nvcc = "nvcc" if settings.source == "debian" else f"/usr/local/cuda-{series}/bin/nvcc"
        done = host.run("%s --version", nvcc)
        is_good, told = evidence.nvcc_is(series, done.rc, done.stdout + done.stderr)
        check(f"toolkit {series} is there", is_good, told, simulated=simulated)


def test_the_default_toolkit_is_everybodys(host, settings, check, simulated):
    """The link, and the nvcc of an ordinary user's login shell, are the default toolkit's."""
    if settings.source != "nvidia":
        pytest.skip("Debian's toolkit has no default: it is the only one")
    wanted = f"/usr/local/cuda-{settings.default_series}"
    real = host.run("readlink -f /usr/local/cuda").stdout.strip()
    check("the default toolkit", real == wanted, real or "no link", simulated=simulated)
    login = host.run("runuser -u nobody -- env -i HOME=/tmp bash -lc %s", "nvcc --version")
    text = login.stdout + login.stderr
    is_good, told = evidence.nvcc_is(settings.default_series, login.rc, text)
    check("a login shell has nvcc", is_good, told, simulated=simulated)


def test_it_compiles(host, settings, check):
    """nvcc and the host's C++ compiler understand each other: a kernel is compiled."""
    nvcc = "nvcc" if settings.source == "debian" else "/usr/local/cuda/bin/nvcc"
    command = f"printf %s {shlex.quote(_PROGRAM)} | {nvcc} -x cu -c -o /dev/null -"
    done = host.run("runuser -u nobody -- env HOME=/tmp sh -c %s", command)
    text = (done.stdout + done.stderr).strip()
    if _SIMULATED_NVCC in text:
        check("a CUDA program compiles", True, f"not tried: {text}", simulated=True)
        return
    check("a CUDA program compiles", done.rc == 0, text[-600:] or "compiled")


def test_libraries_are_found(host, settings, check, simulated):
    """The dynamic linker knows the default toolkit's runtime, cuDNN and NCCL."""
    if settings.source != "nvidia":
        pytest.skip("Debian's libraries lie where the linker looks anyway")
    listed = host.run("/sbin/ldconfig -p").stdout
    for library in evidence.libraries_of(settings):
        line = evidence.line_of(library, listed)
        check(f"{library} is found", line is not None, line or "not listed", simulated=simulated)


def test_cudnn_and_nccl_match_the_toolkit(settings, seen, check, simulated):
    """Both are installed, for the default toolkit, in the declared versions."""
    if settings.wants_cudnn:
        name = cudnn_packages(major_of(settings.default_series))[0]
        version = seen.installed.get(name)
        is_good = evidence.cudnn_matches(settings, version)
        check("cuDNN matches the toolkit", is_good, f"{name} {version}", simulated=simulated)
    if settings.wants_nccl:
        version = seen.installed.get(NCCL_PACKAGES[0])
        is_good = evidence.nccl_matches(settings, version)
        told = f"{NCCL_PACKAGES[0]} {version}, toolkit {settings.default_series}"
        check("NCCL matches the toolkit", is_good, told, simulated=simulated)


def test_no_metapackage_brings_a_driver(seen, check):
    """Neither cuda nor cuda-X-Y is installed: they depend on a driver of their own choice."""
    found = sorted(name for name in seen.installed if is_metapackage(name))
    check("no metapackage brings a driver", not found, ", ".join(found) or "none")


def test_there_is_one_source_and_no_old_key(host, declared, settings, facts, check):
    """One file names NVIDIA's repository, and its keys are trusted for that one only."""
    if settings.source != "nvidia":
        pytest.skip("CUDA comes from Debian here")
    repository = choose_repository(repository_settings(settings, declared.role_settings), facts)
    sources = _ask(host, AptFiles(), patterns=SOURCE_PATTERNS)
    others = [path for path, _ in without_nvidia(sources, repository.url, SOURCE_FILE)]
    own = any(path == SOURCE_FILE for path, _ in sources)
    told = ", ".join(others) or (SOURCE_FILE if own else f"{SOURCE_FILE} is not there")
    check("one source of NVIDIA's repository", own and not others, told)
    old, unread = without_old_keys(_ask(host, AptFiles(), patterns=KEYRING_PATTERNS))
    told = ", ".join((*(path for path, _ in old), *unread)) or "none"
    check("no old key of NVIDIA's is trusted", None if unread and not old else not old, told)


def _ask(host, fact, **arguments):
    """Ask a fact of pyinfra's through testinfra."""
    lines = host.check_output(fact.command(**arguments).get_raw_value()).splitlines()
    return fact.process(lines) if lines else fact.default()
