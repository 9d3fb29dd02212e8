"""How a host is talked to: a line that stays open, and questions put together."""
