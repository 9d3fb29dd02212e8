"""The ways to tell people: each sends one message, or says why it could not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from deeprig_host.alerts import mail, web
from deeprig_host.alerts.config import Config
from deeprig_host.alerts.message import Message
from deeprig_host.machine.commands import Machine


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to tell. ``send`` returns remarks, and raises NotDelivered."""

    name: str
    send: Callable[[Message], tuple[str, ...]]


def channels(config: Config, machine: Machine) -> tuple[Channel, ...]:
    """Return the channels that are configured."""
    found: list[Channel] = []
    if config.mail is not None:
        found.append(Channel("mail", partial(mail.send, config.mail, machine)))
    if config.webhook is not None:
        found.append(Channel("webhook", partial(web.send_webhook, config.webhook)))
    if config.ntfy is not None:
        found.append(Channel("ntfy", partial(web.send_ntfy, config.ntfy)))
    return tuple(found)
