"""Settings of the cache role: whose cache this host uses."""

from __future__ import annotations

from pydantic import Field

from deeprig.role import RoleSettings


class CacheSettings(RoleSettings):
    """Settings under ``cache`` in the inventory."""

    server: str | None = Field(
        None,
        min_length=1,
        description="Host of this inventory with the role cache_server whose cache is used. "
        "Default: none, everything comes from its source.",
    )
    patience_seconds: int = Field(
        2, ge=1, le=30, description="How long its answer is waited for; then the source is asked."
    )
