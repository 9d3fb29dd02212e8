"""Deliver what waits, oldest first; what does not get out waits for the next run."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from deeprig_host.alerts.channels import Channel
from deeprig_host.alerts.delivery import NotDelivered
from deeprig_host.alerts.message import Message
from deeprig_host.alerts.state import Outbox

#: After so long what is left waits for the next run: the others are to be told too.
_SECONDS = 20.0
#: More are not kept per channel: the oldest go, and the next message says so.
KEPT = 20


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a channel's delivery went. ``remarks`` are for the log."""

    outbox: Outbox
    remarks: tuple[str, ...] = ()


def put(
    outboxes: Mapping[str, Outbox], channels: Iterable[Channel], message: Message | None
) -> dict[str, Outbox]:
    """Return the outboxes with a message in each; those of channels no longer there are left."""
    found = {channel.name: outboxes.get(channel.name, Outbox()) for channel in channels}
    if message is None:
        return found
    return {name: _add(outbox, message) for name, outbox in found.items()}


def deliver(channel: Channel, outbox: Outbox, now: float) -> Delivery:
    """Send what waits until one fails, or it takes too long."""
    remarks: list[str] = []
    end = time.monotonic() + _SECONDS
    while outbox.waiting and time.monotonic() < end:
        message = _with_dropped(outbox.waiting[0], outbox.dropped)
        try:
            remarks += channel.send(message)
        except NotDelivered as error:
            kept = len(outbox.waiting)
            remarks.append(f"{channel.name}: not delivered, {kept} kept: {error}")
            failed = replace(outbox, failures=outbox.failures + 1)
            return Delivery(failed, tuple(remarks))
        outbox = replace(outbox, waiting=outbox.waiting[1:], dropped=0, delivered_at=now)
    return Delivery(outbox, tuple(remarks))


def _add(outbox: Outbox, message: Message) -> Outbox:
    waiting = (*outbox.waiting, message)
    dropped = outbox.dropped + max(0, len(waiting) - KEPT)
    return replace(outbox, waiting=waiting[-KEPT:], dropped=dropped)


def _with_dropped(message: Message, dropped: int) -> Message:
    if not dropped:
        return message
    note = f"{dropped} older messages could not be delivered and are lost.\n"
    return replace(message, text=message.text + note)
