"""The contract of a role: what ``roles/<name>/__init__.py`` exposes as ``ROLE``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from deeprig.errors import Problem
from deeprig.update_request import NO_UPDATE, UpdateRequest

if TYPE_CHECKING:
    from deeprig.content import Content
    from deeprig.facts import HostFacts
    from deeprig.inventory.model import DeclaredHost


class RoleSettings(BaseModel):
    """Base of every settings model: frozen, and an unknown setting is an error, not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class NetworkAccess(RoleSettings):
    """How a host reaches the outside. Declared once per host; every role that downloads uses it."""

    http_proxy: str | None = Field(None, description="Proxy for http URLs, with its port.")
    https_proxy: str | None = Field(None, description="Proxy for https URLs; often the same.")
    no_proxy: tuple[str, ...] = Field((), description="Host names that are reached directly.")
    program_wheels: Path | None = Field(
        None,
        description="Directory on the controller with the wheels that deeprig's own programs on "
        "the host need; relative paths start at the lab directory. Default: the controller's pip "
        "fetches them, once.",
    )

    @field_validator("program_wheels")
    @classmethod
    def _is_directory(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        lab = (info.context or {}).get("lab_directory", Path())
        if path is not None and not (lab / path.expanduser()).is_dir():
            raise ValueError("there is no such directory")
        return path

    def environment(self) -> dict[str, str]:
        """Return the variables that command-line programs read, spelt as all of them know."""
        variables = {
            "http_proxy": self.http_proxy,
            "https_proxy": self.https_proxy,
            "no_proxy": ",".join(self.no_proxy) or None,
        }
        return {name: value for name, value in variables.items() if value is not None}


SettingsT = TypeVar("SettingsT", bound=RoleSettings)


@dataclass(frozen=True, slots=True)
class RoleContext(Generic[SettingsT]):
    """What a role's deploy function gets: its settings, the host's name, facts and declaration.

    Its templates see ``settings``, ``host_name``, ``facts`` and ``network``. ``content`` finds
    templates; relative paths in settings start at ``lab_directory``. ``settings_of`` has the
    settings of every role there is, also of those this host has not; ``roles`` names those that
    it has and that apply to it, also where this run was narrowed to others (empty after it).
    """

    role: str
    settings: SettingsT
    host_name: str
    facts: HostFacts
    content: Content
    lab_directory: Path
    network: NetworkAccess
    update: UpdateRequest = NO_UPDATE
    settings_of: Mapping[str, RoleSettings] = field(default_factory=dict)
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a role found, or did, once all roles have run and the host has rebooted if it had to.

    ``name`` is a constant text. ``is_good`` False fails the host. ``reboot`` says why the host
    must reboot once more (something was put back); then the role is asked again.
    """

    name: str
    is_good: bool
    has_changed: bool
    told: tuple[str, ...]
    reboot: str | None = None


def applies_always(facts: HostFacts, settings: Any) -> bool:
    """Say that a role is for every supported host."""
    return True


def asks_nothing_first(context: RoleContext[Any]) -> None:
    """Ask nothing: what a role's own deploy function asks goes one by one."""


def never_reboots(context: RoleContext[Any]) -> str | None:
    """Say that a role never needs a reboot."""
    return None


def nothing_simulated(context: RoleContext[Any]) -> str | None:
    """Say that a role found nothing that stands in for the real thing."""
    return None


def nothing_to_settle(context: RoleContext[Any]) -> Settlement | None:
    """Say that a role left nothing open."""
    return None


def nothing_between_hosts(settings_of_hosts: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Say that a role finds nothing wrong between hosts."""
    return ()


def nothing_between_roles(hosts: tuple[DeclaredHost, ...]) -> tuple[Problem, ...]:
    """Say that a role finds nothing wrong between its own settings and other roles' elsewhere."""
    return ()


@dataclass(frozen=True, slots=True)
class Role(Generic[SettingsT]):
    """One role.

    ``deploy`` is a pyinfra ``@deploy`` function whose deploy name equals ``name``; it receives a
    ``RoleContext``. ``after`` names roles that, where they are selected too, come first.
    ``applies`` decides by facts that do not change during the run, and by what was declared.
    ``reboot_reason`` is asked after all roles ran and returns why the host must reboot, or None.
    ``simulated`` is asked then too, and names what on the host only stands in for the real thing
    (this project's own tests).
    ``settle`` is asked last, after the reboot: a role whose change is a transaction proves it
    there, or puts back what was.
    ``asks_first`` asks the host the facts that ``deploy`` itself will (not its operations), and
    does nothing else: all roles' are asked at once, so that ``deploy`` finds them answered. It may
    be left out: that costs a round trip, nothing else.
    ``across`` gets this role's settings of every host of the inventory, by name, and returns what
    is wrong between them, before any connection. ``across_roles`` gets the hosts themselves, for
    what this role on one host and another role on another host must agree on.
    """

    name: str
    settings: type[SettingsT]
    deploy: Callable[..., Any]
    after: tuple[str, ...] = ()
    applies: Callable[[HostFacts, SettingsT], bool] = applies_always
    asks_first: Callable[[RoleContext[SettingsT]], object] = asks_nothing_first
    reboot_reason: Callable[[RoleContext[SettingsT]], str | None] = never_reboots
    simulated: Callable[[RoleContext[SettingsT]], str | None] = nothing_simulated
    settle: Callable[[RoleContext[SettingsT]], Settlement | None] = nothing_to_settle
    across: Callable[[Mapping[str, SettingsT]], tuple[Problem, ...]] = nothing_between_hosts
    across_roles: Callable[[tuple[DeclaredHost, ...]], tuple[Problem, ...]] = nothing_between_roles

    @property
    def is_transactional(self) -> bool:
        """Say whether its changes must be settled, also on a host that failed elsewhere."""
        return self.settle is not nothing_to_settle


AnyRole = Role[Any]
