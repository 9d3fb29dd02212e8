"""What went wrong with a delivery."""

from __future__ import annotations


class NotDelivered(Exception):
    """A message did not arrive; it is kept. The words hold no address and no secret."""
