"""Histories made for tests: two cards, one hotter, with a gap."""

from deeprig.cooling.curve import parse_curve
from deeprig.cooling.declared import DeclaredCurve
from deeprig.cooling.history import History, Sample
from deeprig.cooling.picture import Card, Recorded

NOW = 1_800_000_000.0
UUIDS = ("GPU-51a0dee9-0000-4000-8000-000000000000", "GPU-51a0dee9-0000-4000-8000-000000000001")
CURVES = (
    DeclaredCurve("all cards", parse_curve("30:30 50:40 70:70 85:100"), 70),
    DeclaredCurve("card 1", parse_curve("40:40 75:100"), None),
)


def sample(seconds_ago, card=0, heat=60.0, fan=55.0, **more):
    values = {"memory_c": None, "fan_rpm": None, "power_w": None, "load_percent": None} | more
    return Sample(NOW - seconds_ago, UUIDS[card], heat, fan_percent=fan, **values)


def recorded(hours=1.0, names=("Card A", "Card A")):
    """An hour, a row each 10 s; nobody asked between 30 and 20 minutes ago."""
    samples = [
        sample(ago, card, heat=60.0 + 5 * card + (ago % 100) / 50, fan=50.0 + 5 * card)
        for ago in range(3600, -1, -10)
        if not 1200 < ago < 1800
        for card in (0, 1)
    ]
    cards = tuple(Card(u, f"GPU {n}", 93.0, names[n]) for n, u in enumerate(UUIDS))
    return Recorded(History(tuple(samples)), NOW, hours, cards)


NOTHING = Recorded(History(()), NOW, 6.0, ())
