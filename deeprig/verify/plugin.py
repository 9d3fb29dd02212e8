"""The pytest plugin that gives ``roles/*/verify.py`` their settings and records what they found.

It is active only with ``--deeprig-inventory``:

    pytest roles/*/verify.py --hosts=ssh://rig1 --sudo --deeprig-inventory inventory/lab.py

and then needs nothing else of deeprig. Every pytest in the environment loads this module, so it
imports nothing heavy before it is asked to.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from deeprig.facts import HostFacts
    from deeprig.inventory.load import Lab
    from deeprig.inventory.model import DeclaredHost
    from deeprig.verify.checks import Checks
    from deeprig.verify.recorder import Recorder

#: Where a session's recorder is found.
RECORDER = pytest.StashKey["Recorder"]()
_LAB = pytest.StashKey["Lab"]()
_CHECKS = pytest.StashKey["Checks"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--deeprig-inventory``."""
    group = parser.getgroup("deeprig")
    group.addoption(
        "--deeprig-inventory",
        metavar="PATH",
        help="Inventory whose declarations the roles' checks compare the hosts with",
    )
    group.addoption(
        "--deeprig-profile",
        choices=("smoke", "acceptance", "soak"),
        default="smoke",
        help="How thoroughly environments are proven to train (default: smoke)",
    )
    group.addoption(
        "--deeprig-burn-minutes",
        type=float,
        metavar="MINUTES",
        help="How long the profiles acceptance and soak burn the machine in",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the inventory, when one is named, before the checks are imported."""
    path = config.getoption("deeprig_inventory")
    if path is None or _LAB in config.stash:
        return
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.inventory.load import load_lab
    from deeprig.inventory.sources.source import parse_where

    lab = load_lab(parse_where(path))
    lab.content.activate()
    config.stash[_LAB] = lab


class GivenLab:
    """A plugin object for who has loaded the inventory already."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Have the checks find it."""
        self._lab.content.activate()
        config.stash[_LAB] = self._lab


def lab_of(config: pytest.Config) -> Lab:
    """Return the session's lab. Raise UsageError when no inventory was named."""
    lab = config.stash.get(_LAB, None)
    if lab is None:
        raise pytest.UsageError(
            "these checks compare a host with an inventory: --deeprig-inventory PATH"
        )
    return lab


@pytest.fixture
def declared(request: pytest.FixtureRequest, host: Any) -> DeclaredHost:
    """Return what the inventory declares for the host under test."""
    name = host.backend.host.name if hasattr(host.backend, "host") else host.backend.hostname
    try:
        return lab_of(request.config).host(name)
    except KeyError:
        raise pytest.UsageError(f"the inventory names no host {name!r}") from None


@pytest.fixture(scope="module")
def facts(host: Any) -> HostFacts:
    """Return the host's facts, read once per role: they do not change during a run."""
    from deeprig.facts import Machine

    fact = Machine()
    return fact.process(host.check_output(fact.command()).splitlines())


@pytest.fixture
def role_name(request: pytest.FixtureRequest) -> str:
    """Return the role whose ``verify.py`` this is."""
    return request.path.parent.name


@pytest.fixture
def settings(declared: DeclaredHost, role_name: str) -> Any:
    """Return the role's settings for the host."""
    return declared.role_settings[role_name]


@pytest.fixture
def check(request: pytest.FixtureRequest) -> Checks:
    """Return the recorder with which one test reports several checks."""
    from deeprig.verify.checks import Checks

    told_to = _recorder_of(request.config)
    recorder = Checks() if told_to is None else Checks(partial(told_to.tell_check, request.node))
    request.node.stash[_CHECKS] = recorder
    return recorder


@pytest.fixture
def tell_progress(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return what shows a person how far a long check is; nobody sees it without deeprig."""
    told_to = _recorder_of(request.config)
    return (lambda text: None) if told_to is None else partial(told_to.tell_progress, request.node)


@pytest.fixture
def profile(request: pytest.FixtureRequest) -> str:
    """Return how thoroughly environments are proven to train."""
    return str(request.config.getoption("deeprig_profile"))


@pytest.fixture
def burn_minutes(request: pytest.FixtureRequest) -> float | None:
    """Return how long the machine is burned in, None for the profile's own time."""
    minutes: float | None = request.config.getoption("deeprig_burn_minutes")
    return minutes


def _recorder_of(config: pytest.Config) -> Recorder | None:
    return config.stash.get(RECORDER, None)


@pytest.fixture(autouse=True)
def _only_where_the_role_applies(request: pytest.FixtureRequest) -> None:
    """Skip, as not applicable, the checks of a role that this host does not have."""
    if _LAB not in request.config.stash or "host" not in request.fixturenames:
        return
    role = request.getfixturevalue("role_name")
    declared = request.getfixturevalue("declared")
    if declared.roles is not None and role not in declared.roles:
        pytest.skip(f"{declared.name} does not have the role {role}")
    content = lab_of(request.config).content
    if not content.role(role).applies(
        request.getfixturevalue("facts"), declared.role_settings[role]
    ):
        pytest.skip(f"the role {role} does not apply to this machine")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test when one of the checks it recorded is not good."""
    result = yield
    recorder = item.stash.get(_CHECKS, None)
    if recorder is not None:
        recorder.raise_if_bad()
    return result


def recorded_checks(item: pytest.Item) -> Checks | None:
    """Return what a test recorded, or None when it is one plain check."""
    return item.stash.get(_CHECKS, None)
