"""The ways to tell people: each sends one message, or says why it could not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from deeprig_host.alerts.config import Config, Mail, Ntfy, Webhook
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
        found.append(Channel("mail", partial(_mail, config.mail, machine)))
    if config.webhook is not None:
        found.append(Channel("webhook", partial(_webhook, config.webhook)))
    if config.ntfy is not None:
        found.append(Channel("ntfy", partial(_ntfy, config.ntfy)))
    return tuple(found)


# Imported when there is something to send: they are half of the time that a run takes, which
# comes every minute and mostly finds nothing.


def _mail(mail: Mail, machine: Machine, message: Message) -> tuple[str, ...]:
    from deeprig_host.alerts.mail import send

    return send(mail, machine, message)


def _webhook(webhook: Webhook, message: Message) -> tuple[str, ...]:
    from deeprig_host.alerts.web import send_webhook

    return send_webhook(webhook, message)


def _ntfy(ntfy: Ntfy, message: Message) -> tuple[str, ...]:
    from deeprig_host.alerts.web import send_ntfy

    return send_ntfy(ntfy, message)
