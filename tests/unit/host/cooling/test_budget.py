"""A power budget is shared out within what the cards accept, and never exceeded where it can be."""

import random

import pytest
from deeprig_host.cooling.budget import BudgetTooSmall, PowerNeed, least, share_out


def needs(*rows):
    return tuple(PowerNeed(f"gpu{index}", *row) for index, row in enumerate(rows))


@pytest.mark.parametrize(
    ("rows", "budget", "limits"),
    [
        (((350, 100, 400),), None, (350,)),
        (((500, 100, 400), (50, 100, 400)), None, (400, 100)),
        (((350, 100, 400),) * 2, 700, (350, 350)),
        (((350, 100, 400),) * 2, 500, (250, 250)),
        (((400, 100, 400), (200, 100, 400)), 450, (300, 150)),
        # One that cannot go lower stays at its minimum, and the others share the rest.
        (((400, 100, 400), (200, 180, 400), (400, 100, 400)), 600, (210, 180, 210)),
        (((350, 100, 400),) * 3, 1000, (333, 333, 333)),
        (((350, 100, 400),) * 3, 300, (100, 100, 100)),
        ((), 300, ()),
    ],
)
def test_the_shares(rows, budget, limits):
    assert tuple(share_out(needs(*rows), budget).values()) == limits


def test_a_budget_below_the_minima_is_refused_with_the_numbers():
    cards = needs((350, 100.5, 400), (350, 150, 400))
    with pytest.raises(BudgetTooSmall, match=r"200 W is below the 251 W that 2 GPUs"):
        share_out(cards, 200)
    assert least(cards) == {"gpu0": 101, "gpu1": 150}


def test_whatever_the_cards_the_budget_and_every_minimum_are_kept():
    chance = random.Random(5)  # noqa: S311 - cases that repeat, no secret
    for _ in range(2000):
        rows = []
        for _ in range(chance.randint(1, 8)):
            low = chance.choice((100, 125.5, 200))
            rows.append((chance.randint(50, 700), low, low + chance.randint(1, 500)))
        cards = needs(*rows)
        budget = chance.randint(100, 3000)
        try:
            shares = share_out(cards, budget)
        except BudgetTooSmall:
            assert sum(least(cards).values()) > budget
            continue
        assert sum(shares.values()) <= budget
        for card in cards:
            assert card.min_watts <= shares[card.name] <= card.max_watts + 0.5
            assert shares[card.name] <= card.within_watts + 1
