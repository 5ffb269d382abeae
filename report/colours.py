"""Colours of people, teams and marks, the same in the timeline and in the video."""

from __future__ import annotations

import colorsys

Colour = tuple[int, int, int]  # red, green, blue

GREY: Colour = (0x9A, 0xA1, 0xA9)  # nobody
YELLOW: Colour = (0xFF, 0xD1, 0x00)  # referees
GREEN: Colour = (0x2E, 0xE5, 0x6B)  # the ball
DARK: Colour = (0x14, 0x17, 0x1B)
WHITE: Colour = (0xFF, 0xFF, 0xFF)
# Rings of teams, in the order of their names: apart from each other, from grass, wood and ice, and from yellow.
TEAMS: tuple[Colour, ...] = ((0xFF, 0x3B, 0x3B), (0x2F, 0x9B, 0xFF), (0xF0, 0x5C, 0xF0), (0xFF, 0x8C, 0x1A))


def nth(k: int) -> Colour:
    """Colour k of an endless row: the golden angle keeps neighbours apart, three depths keep look-alikes apart.

    Yellow is left out: it is the referees'.
    """
    hue = (0.22 + 0.89 * ((0.4 + 0.381966 * k) % 1)) % 1
    depth = (0.86, 0.62, 0.74)[k % 3]
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.72, depth if 0.05 < hue < 0.5 else min(depth + 0.1, 0.9))
    return round(red * 255), round(green * 255), round(blue * 255)


def hexadecimal(colour: Colour) -> str:
    """A colour as style sheets write it: ``#9aa1a9``."""
    return "#" + "".join(f"{part:02x}" for part in colour)


def ink_on(colour: Colour) -> Colour:
    """Black or white, whichever is read better on a colour (relative luminance: WCAG 2.1)."""
    linear = [(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in (part / 255 for part in colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return WHITE if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else (0, 0, 0)


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """A colour with a share (0 to 1) of another in it."""
    a, b, c = (round(x + (y - x) * share) for x, y in zip(colour, other, strict=True))
    return a, b, c
