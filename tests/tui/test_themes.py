"""Our colours can be read by everybody."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from textual.color import Color
from textual.theme import Theme

from tui.theme_names import DEFAULT_THEME, NO_COLOUR_THEME, THEME_NAMES
from tui.themes import BACKGROUNDS, TEXT_COLOURS, THEMES

# WCAG 2.1, 1.4.3: text of ordinary size.
CONTRAST_MIN = 4.5
# Colours that a colour-blind eye can still tell apart at a glance, in units of CIE Lab.
DISTANCE_MIN = 20
# Machado, Oliveira and Fernandes 2009, severity 1, in linear RGB.
DEUTERANOPIA = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)
PROTANOPIA = (
    (0.152286, 1.052583, -0.204868),
    (0.114503, 0.786281, 0.099216),
    (-0.003882, -0.048116, 1.051998),
)


def linear(color: Color) -> tuple[float, float, float]:
    """The colour in linear light, 0 to 1."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized
    )
    return red, green, blue


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of WCAG."""
    light = sorted(
        0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (linear(one), linear(other))
    )
    return (light[1] + 0.05) / (light[0] + 0.05)


def lab(light: tuple[float, float, float]) -> tuple[float, float, float]:
    """Linear light as CIE Lab (D65)."""
    red, green, blue = light
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    roots = [value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z)]
    return 116 * roots[1] - 16, 500 * (roots[0] - roots[1]), 200 * (roots[1] - roots[2])


def seen(color: Color, eye: tuple[tuple[float, float, float], ...]) -> tuple[float, float, float]:
    """What such an eye sees, as CIE Lab."""
    light = linear(color)
    red, green, blue = (
        min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, light, strict=True)))) for row in eye
    )
    return lab((red, green, blue))


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_text_can_be_read_on_every_background(theme: Theme) -> None:
    """4.5 to 1 or more."""
    colours = theme.to_color_system().generate()
    names = (*TEXT_COLOURS, "text-muted")
    for text, background in product(names, BACKGROUNDS):
        ratio = contrast(Color.parse(colours[text]), Color.parse(colours[background]))
        assert ratio >= CONTRAST_MIN, f"{text} on {background}: {ratio:.2f}"
    cursor = [Color.parse(colours[f"block-cursor-{part}"]) for part in ("foreground", "background")]
    assert contrast(cursor[0], cursor[1]) >= CONTRAST_MIN


@pytest.mark.parametrize("eye", [DEUTERANOPIA, PROTANOPIA], ids=["deuteranopia", "protanopia"])
def test_colour_blind_eyes_tell_the_meanings_apart(eye: tuple[tuple[float, float, float], ...]) -> None:
    """Good, doubtful and bad are far apart in the theme made for it."""
    theme = next(theme for theme in THEMES if theme.name == "credits-cb")
    colours = theme.to_color_system().generate()
    for one, other in combinations(("success", "warning", "error"), 2):
        points = zip(
            seen(Color.parse(colours[one]), eye), seen(Color.parse(colours[other]), eye), strict=True
        )
        distance = sum((a - b) ** 2 for a, b in points) ** 0.5
        assert distance >= DISTANCE_MIN, f"{one} and {other}: {distance:.0f}"


def test_the_measure_finds_bad_contrast() -> None:
    """Control: light grey on white is not enough."""
    assert contrast(Color.parse("#bbbbbb"), Color.parse("#ffffff")) < CONTRAST_MIN
    assert contrast(Color.parse("#000000"), Color.parse("#ffffff")) > 20.9


def test_names_on_the_command_line_are_the_themes_there_are() -> None:
    """The list that needs no Textual is kept in step."""
    assert {theme.name for theme in THEMES} <= set(THEME_NAMES)
    assert DEFAULT_THEME in {theme.name for theme in THEMES}
    assert NO_COLOUR_THEME in THEME_NAMES
