"""How certificates look: colours for light and dark, and a sign beside every word."""

from __future__ import annotations

from importlib import resources

from deeprig.drawing.figure import figure_colours, figure_style

#: Outcomes, answers and verdicts by what they look like; whatever is not named here is quiet.
_CLASSES = {
    "good": ("pass", "proven", "fits"),
    "bad": ("fail", "failed", "unknown", "not proven", "does not fit"),
    "warn": ("simulated", "warn", "fits with warnings", "not tested"),
}
CLASS_OF = {word: name for name, words in _CLASSES.items() for word in words}
#: What the audit cannot tell is no failure: what fails must stand out.
AUDIT_CLASS_OF = {**CLASS_OF, "unknown": "warn"}
_SIGNS = {
    "\N{CHECK MARK}": ("pass", "proven", "fits", "fits with warnings"),
    "\N{MULTIPLICATION X}": ("fail", "failed", "does not fit"),
    "?": ("unknown", "not proven"),
    "\N{EN DASH}": ("skip", "not tested", "not applicable", "does not apply"),
    "~": ("simulated",),
    "!": ("warn",),
}
#: Signs stand beside words, never instead: hue alone tells nothing to many readers.
SIGN_OF = {word: sign for sign, words in _SIGNS.items() for word in words}
#: Every pair of text and ground has a contrast of 4.5 or more (WCAG 2.2, 1.4.3): tests compute it.
_LIGHT = """--text: #1f2328; --page: #f6f8fa; --card: #ffffff; --line: #d1d9e0; --quiet: #59636e;
  --good: #116329; --bad: #b3151f; --warn: #7d4e00; --link: #0550ae;"""
_DARK = """--text: #f0f6fc; --page: #0d1117; --card: #151b23; --line: #3d444d; --quiet: #9aa3ad;
  --good: #4ac26b; --bad: #ff8c85; --warn: #dba32c; --link: #6cb6ff;"""


def style() -> str:
    """Return the whole style sheet."""
    sheet = (resources.files("deeprig.certificate") / "templates/style.css").read_text("utf-8")
    light, dark = f"{_LIGHT} {figure_colours(is_dark=False)}", figure_colours(is_dark=True)
    return "\n".join(
        (
            f":root {{ color-scheme: light dark; {light} }}",
            # Paper is white, whatever the screen likes.
            f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {_DARK} {dark} }} }}",
            sheet,
            figure_style(),
        )
    )
