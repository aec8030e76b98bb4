"""Pictures of text: what they draw, in any size, and in ASCII."""

from __future__ import annotations

import random
from datetime import date

import pytest

from tui.look import Look
from tui.plots import Mark, column_lines, heat_lines

LOOK, ASCII = Look(), Look(is_ascii=True)
MONDAY = date(2026, 2, 2)


def columns(marks: list[Mark], look: Look, size: tuple[int, int]) -> list[str]:
    """The lines of a plot."""
    lines = column_lines(marks, look, size, axis="{:,}".format, merge=sum)
    return [line.plain for line in lines]


def test_columns_grow_from_nothing_to_the_greatest() -> None:
    """In eighths; the line below is drawn where something is known."""
    marks = [Mark(label="a", known=0), Mark(label="b", known=4), Mark(label="c", known=None)]
    assert "  a  b  c" == columns(marks, LOOK, (11, 5))[-1].rstrip()
    drawn = columns(marks, LOOK, (8, 5))
    assert "4   █" == drawn[0].rstrip()
    assert "0   █" == drawn[2].rstrip()
    assert "  ────" == drawn[3].rstrip()


def test_what_is_expected_is_dotted_and_what_is_unknown_is_empty() -> None:
    """Nobody takes a guess for a fact."""
    marks = [Mark(label="", known=8), Mark(label="", known=None, expected=4), Mark(label="", known=None)]
    drawn = columns(marks, LOOK, (5, 5))
    assert 1 == sum(line.count("·") for line in drawn)
    assert "  ─" == drawn[3].rstrip()


@pytest.mark.parametrize("look", [LOOK, ASCII])
def test_plots_keep_to_their_size(look: Look) -> None:
    """Whatever the figures, however small the panel."""
    chance = random.Random(3)
    for _ in range(300):
        marks = [
            Mark(
                label=str(number),
                known=chance.choice((None, 0, chance.randint(-5, 10**9))),
                expected=chance.choice((None, chance.randint(0, 99))),
            )
            for number in range(chance.randint(0, 400))
        ]
        width, height = chance.randint(1, 120), chance.randint(1, 20)
        lines = columns(marks, look, (width, height))
        assert len(lines) <= max(height, 2)
        assert all(len(line) <= width for line in lines)
        assert look is LOOK or all(line.isascii() for line in lines)


def test_columns_without_room_are_merged_and_none_is_lost() -> None:
    """Forty ones in ten cells are columns of four."""
    lines = columns([Mark(label="", known=1)] * 40, LOOK, (12, 4))
    assert "4 ██████████" == lines[0]


def heat(days: list[int | None], look: Look, size: tuple[int, int]) -> list[str]:
    """The lines of a map of days."""
    lines = heat_lines(MONDAY, days, look, size, lit=(MONDAY, MONDAY), axis="{:,}".format)
    return [line.plain for line in lines]


def test_the_map_has_a_row_for_each_weekday_and_a_column_for_each_week() -> None:
    """A day without use is a dot, an unknown one is empty, and shades go by rank."""
    days: list[int | None] = [0, 1, 2, 3, 400, None, None]
    drawn = heat(days, LOOK, (8, 9))
    assert ["Mon ····", "Tue ░░░░", "Wed ▒▒▒▒", "Thu ▓▓▓▓", "Fri ████", "Sat     ", "Sun     "] == drawn[1:8]
    assert "    Feb" == drawn[0]


def test_the_map_has_an_ascii_form() -> None:
    """Five signs that differ without colour."""
    drawn = heat([0, 1, 2, 3, 400, None, None], ASCII, (40, 9))
    assert all(line.isascii() for line in drawn)
    assert 5 == len({line[4] for line in drawn[1:6]})
    assert "to 400" in drawn[8]


def test_the_map_shows_the_newest_weeks_that_fit() -> None:
    """In any size; also without any use."""
    days: list[int | None] = [*range(7 * 53)]
    for width in (5, 12, 80, 200):
        for height in (1, 7, 8, 9, 20):
            lines = heat(days, LOOK, (width, height))
            assert all(len(line) <= max(width, 6) for line in lines)
    assert "to 370" in heat(days, LOOK, (60, 9))[8]
    assert "to 0" in heat([None] * 14, LOOK, (60, 9))[8]
