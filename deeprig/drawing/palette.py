"""Colours that people with any colour vision tell apart (Okabe and Ito, 2008), and what is not one.

The same thing has the same index in every drawing: cards count from 0.
"""

from __future__ import annotations

#: Hex for light paper, hex for dark, and the terminal's nearest of 256.
_COLOURS = (
    ("#0072b2", "#56b4e9", "color(74)"),
    ("#d55e00", "#ff8c42", "color(208)"),
    ("#009e73", "#2fc99a", "color(36)"),
    ("#cc79a7", "#e6a1c8", "color(175)"),
    ("#b58900", "#f0d442", "color(220)"),
    ("#6a51a3", "#b9a6e8", "color(141)"),
    ("#8c564b", "#c99a8e", "color(137)"),
    ("#4d4d4d", "#bdbdbd", "color(250)"),
)
#: Index of what is declared, not measured.
DECLARED = -1
#: Index of what stands for all cards.
ALL_CARDS = 0


def light(index: int) -> str:
    """Return a colour for light paper."""
    return "#222222" if index == DECLARED else _COLOURS[index % len(_COLOURS)][0]


def dark(index: int) -> str:
    """Return a colour for dark paper."""
    return "#f2f2f2" if index == DECLARED else _COLOURS[index % len(_COLOURS)][1]


def of_terminal(index: int) -> str:
    """Return a rich style."""
    return "bold" if index == DECLARED else _COLOURS[index % len(_COLOURS)][2]
