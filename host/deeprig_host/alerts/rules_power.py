"""Alerts about power limits: what a card has, against what is declared for it."""

from __future__ import annotations

from deeprig_host.alerts.conditions import Alert, Compare, Quotient, Series
from deeprig_host.metrics import names

_GPU = ("gpu", "uuid")
#: A card rounds: within one part in a hundred it is the same limit.
_SHARE = Quotient(Series(names.POWER_LIMIT.name), Series(names.POWER_LIMIT_DECLARED.name))
ALERTS: tuple[Alert, ...] = (
    Alert(
        "GpuPowerLimitLow",
        "warning",
        "GPU {gpu} may draw only {value} of the power that is declared for it",
        "It has a lower limit than is declared: training is slower than it could be.",
        "`deeprig verify` says which role sets it, `deeprig apply` sets it again; what is beyond "
        "the card's own range cannot be had.",
        Compare(_SHARE, "<", 0.99),
        _GPU,
        for_seconds=300,
        value_form="share",
    ),
    Alert(
        "GpuPowerLimitHigh",
        "warning",
        "GPU {gpu} may draw {value} of the power that is declared for it",
        "The limit was lost (the driver was loaded anew, or somebody set another one): power "
        "supply and cooling may not be made for it.",
        "`deeprig apply` sets it again; `journalctl -u deeprig-cooling -u deeprig-nvidia-power` "
        "says why it was not kept.",
        Compare(_SHARE, ">", 1.01),
        _GPU,
        for_seconds=300,
        value_form="share",
    ),
)
