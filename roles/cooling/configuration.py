"""What ``/etc/deeprig/cooling.conf`` says for declared settings: sections, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeprig.tasks.ini_sections import Section, options

if TYPE_CHECKING:
    from roles.cooling.settings import CardCooling, CoolingSettings

CONFIGURATION = "/etc/deeprig/cooling.conf"
_CARD_FIELDS = (
    *("mode", "curve", "target_c", "hysteresis_c", "memory_limit_c"),
    "power_limit_watts",
)


def sections(settings: CoolingSettings) -> tuple[Section, ...]:
    """Return the sections for settings; what is not declared is not in them."""
    timing = {
        "interval_seconds": settings.interval_seconds,
        "history_seconds": settings.history_seconds,
    }
    found = [Section("cooling", options(timing)), Section("defaults", _of_cards(settings))]
    found += [Section(f"gpu {name}", _of_cards(card)) for name, card in settings.gpus.items()]
    if settings.budget_watts is not None:
        found.append(Section("power", options({"budget_watts": settings.budget_watts})))
    return tuple(found)


def _of_cards(settings: CoolingSettings | CardCooling) -> tuple[tuple[str, str], ...]:
    return options({name: getattr(settings, name) for name in _CARD_FIELDS})
