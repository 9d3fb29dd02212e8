"""The JSON document of ``deeprig status``: the rollout, and what only the present can tell."""

from __future__ import annotations

from typing import Any

from deeprig.waves.model import Rollout
from deeprig.waves.start import is_led
from deeprig.waves.store import RolloutStore


def status_document(store: RolloutStore, rollout: Rollout) -> dict[str, Any]:
    """Return the rollout's own document with ``is_led``, ``asked_to`` and ``directory``."""
    return {
        **rollout.to_json(),
        "is_led": is_led(rollout),
        "asked_to": store.asked(rollout),
        "directory": str(store.directory / rollout.id),
    }
