"""Just enough of SVG for a state diagram: boxes, groups, arrows along given paths, and labels."""

from collections.abc import Sequence
from html import escape

FONT = "font-family='Roboto, Helvetica, Arial, sans-serif'"
LINE = 17
"""The height of a line of text, in pixels."""
BOX = 54
"""The height of a state, in pixels."""
COLOURS = {
    "live": ("#e8eafd", "#3949ab"),
    "done": ("#e4f3e6", "#2e7d32"),
    "over": ("#f0f1f3", "#5f6368"),
    "lost": ("#fdecea", "#b3261e"),
}


def text(x: float, y: float, lines: Sequence[str], *, size: int = 13, anchor: str = "middle", style: str = "") -> str:
    """Return lines of text, centred on ``y``, with a white edge so that no arrow runs through a letter."""
    top = y - LINE * (len(lines) - 1) / 2 + size * 0.35
    edge = "paint-order='stroke' stroke='#ffffff' stroke-width='5' stroke-linejoin='round'"
    return "".join(
        f"<text x='{x:g}' y='{top + LINE * number:g}' {FONT} font-size='{size}' text-anchor='{anchor}' "
        f"fill='#202124' {edge} {style}>{escape(line)}</text>\n"
        for number, line in enumerate(lines)
    )


def label(x: float, y: float, lines: Sequence[str]) -> str:
    """Return what is written on an arrow, on a white ground."""
    width, height = max(map(len, lines)) * 6.7 + 8, len(lines) * LINE + 2
    ground = (
        f"<rect x='{x - width / 2:g}' y='{y - height / 2:g}' width='{width:g}' height='{height:g}' fill='#ffffff'/>\n"
    )
    return ground + text(x, y, lines)


def box(x: float, y: float, width: float, lines: Sequence[str], colour: str) -> str:
    """Return a state: its name, and below it what it means."""
    height = BOX
    fill, line = COLOURS[colour]
    rect = (
        f"<rect x='{x:g}' y='{y:g}' width='{width:g}' height='{height:g}' rx='9' fill='{fill}' "
        f"stroke='{line}' stroke-width='1.6'/>\n"
    )
    middle = y + height / 2 - LINE * (len(lines) - 1) / 2
    name = text(x + width / 2, middle, lines[:1], size=14, style="font-weight='600'").replace("#ffffff", fill)
    means = "".join(
        text(x + width / 2, middle + LINE * number, [line], size=12).replace("#ffffff", fill)
        for number, line in enumerate(lines[1:], start=1)
    )
    return rect + name + means


def group(x: float, y: float, width: float, height: float, name: str) -> str:
    """Return a frame round states that an arrow can leave or enter together."""
    return (
        f"<rect x='{x:g}' y='{y:g}' width='{width:g}' height='{height:g}' rx='14' fill='none' stroke='#9aa0a6' "
        f"stroke-width='1.2' stroke-dasharray='2 4'/>\n"
    ) + text(x + 14, y + 15, [name], size=12, anchor="start", style="font-style='italic'")


def start(x: float, y: float, lines: Sequence[str] = ()) -> str:
    """Return the dot from which a promise comes."""
    return f"<circle cx='{x:g}' cy='{y:g}' r='8' fill='#202124'/>\n" + text(
        x - 8, y + 22, lines, size=12, anchor="start"
    )


def arrow(path: str, *, dashed: bool = False) -> str:
    """Return an arrow along ``path``; dashed where no fact of the promise itself moves it."""
    dashes = " stroke-dasharray='6 4'" if dashed else ""
    return f"<path d='{path}' fill='none' stroke='#3c4043' stroke-width='1.5' marker-end='url(#tip)'{dashes}/>\n"


def picture(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    """Return the whole drawing."""
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}' "
        f"role='img'>\n<title>{escape(title)}</title>\n"
        "<defs><marker id='tip' viewBox='0 0 10 10' refX='9' refY='5' markerWidth='8' markerHeight='8' "
        "orient='auto-start-reverse'><path d='M 0 0.8 L 10 5 L 0 9.2 z' fill='#3c4043'/></marker></defs>\n"
        f"<rect width='{width}' height='{height}' rx='6' fill='#ffffff'/>\n{''.join(parts)}</svg>\n"
    )
