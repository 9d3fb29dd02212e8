"""What a page must be for everybody, measured by scripts inside the real browser.

Each returns what is wrong, as text: nothing where all is well.
"""

from __future__ import annotations

from tests.contract.chromium import Browser

OPEN_ALL = "document.querySelectorAll('details').forEach(d => { d.open = true }); 1"

#: What sticks out of the window, but for what scrolls inside a region of its own.
_STICKING_OUT = """(() => {
  const wide = document.documentElement.clientWidth, found = [];
  if (document.documentElement.scrollWidth > wide)
    found.push(`the page is ${document.documentElement.scrollWidth} of ${wide} wide`);
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('.scroll') && !e.matches('.scroll') || e.closest('svg') && e.tagName != 'svg')
      continue;
    const box = e.getBoundingClientRect();
    if (box.width && box.right > wide + 1 && !e.matches('.skip'))
      found.push(`${e.tagName} ${e.className} ends at ${box.right}`);
  }
  return found;
})()"""

#: Relative luminance and contrast: WCAG 2.2, definitions; 4.5 is its level AA for text (1.4.3).
_LOW_CONTRAST = """(paper => {
  const parts = text => {
    const m = text.match(/rgba?\\(([^)]+)\\)/);
    if (!m) throw new Error('no colour: ' + text);
    const [r, g, b, a = 1] = m[1].split(/[ ,/]+/).filter(Boolean).map(Number);
    return [r, g, b, a];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255)
      .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const ground = e => {
    for (let at = e; at && !paper; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour[3] == 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  const found = new Set(), walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || ['TITLE', 'STYLE', 'title', 'desc'].includes(e.tagName))
      continue;
    if (!e.checkVisibility()) continue;
    const style = getComputedStyle(e), svg = e.closest('svg');
    const ink = parts(svg ? style.fill : style.color), under = ground(svg ? svg.parentElement : e);
    const [a, b] = [light(ink), light(under)].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    seen++;
    const text = walker.currentNode.data.trim().slice(0, 40);
    if (ratio < 4.5) found.add(`${ratio.toFixed(2)}: ${text}`);
  }
  if (!seen) found.add('no text was seen');
  return [...found];
})"""

_FOCUSABLE = """(() => {
  const all = [...document.querySelectorAll('a[href], summary, [tabindex="0"]')];
  window.reachable = all.filter(e => e.checkVisibility());
  return window.reachable.length;
})()"""
_FOCUSED = """(() => {
  const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
  return {
    place: window.reachable.indexOf(e), text: e.textContent.trim().slice(0, 40),
    ring: style.outlineStyle != 'none' && parseFloat(style.outlineWidth) >= 2,
    seen: box.width > 0 && box.left >= 0 && box.top >= 0 && box.top < innerHeight,
  };
})()"""

_UNNAMED = """(() => {
  const found = [], text = id => (document.getElementById(id) || {}).textContent || '';
  for (const svg of document.querySelectorAll('svg')) {
    const ids = (svg.getAttribute('aria-labelledby') || '').split(' ');
    if (svg.getAttribute('role') != 'img' || ids.length != 2 || !ids.every(i => text(i).trim()))
      found.push('a picture without a name or a description');
    if (!svg.parentElement.querySelector('table')) found.push('a picture without its numbers');
  }
  let level = 0;
  for (const h of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    const next = Number(h.tagName[1]);
    if (next > level + 1) found.push(`heading ${h.textContent} skips a level`);
    level = next;
  }
  for (const mark of document.querySelectorAll('.mark'))
    if (!/[a-z]{4}/.test(mark.textContent)) found.push('a sign without a word');
  if (document.querySelectorAll('main').length != 1) found.push('not one main part');
  if (document.documentElement.lang != 'en') found.push('no language');
  return found;
})()"""


def sticking_out(browser: Browser) -> list[str]:
    """Return what does not fit into the width of the window."""
    return list(browser.evaluate(_STICKING_OUT))


def low_contrast(browser: Browser, *, is_paper: bool = False) -> list[str]:
    """Return the texts with a contrast below 4.5; ``is_paper``: on white, whatever the ground."""
    return list(browser.evaluate(f"{_LOW_CONTRAST}({str(is_paper).lower()})"))


def unnamed(browser: Browser) -> list[str]:
    """Return what a screen reader would not be told."""
    return list(browser.evaluate(_UNNAMED))


def unreachable_by_keyboard(browser: Browser) -> list[str]:
    """Press Tab through the whole page; return what was not reached in order, or not seen."""
    count = browser.evaluate(_FOCUSABLE)
    wrong = [] if count else ["nothing can be reached"]
    for place in range(count):
        browser.press("Tab", code=9)
        at = browser.evaluate(_FOCUSED)
        if at["place"] != place:
            return [*wrong, f"Tab {place} leads to {at['place']}: {at['text']!r}"]
        wrong += [f"{at['text']!r} has no ring"] if not at["ring"] else []
        wrong += [f"{at['text']!r} is out of sight"] if not at["seen"] else []
    return wrong
