"""Figures as pictures of text: columns with a dotted forecast, and a map of days. In ASCII, too."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from textual.content import Content

from tui import wording
from tui.look import Look

_MUTED = "$text-muted"
_STEP_MAX = 4
_BASE_FROM_ROWS = 5
_DAY_NAMES = 4
_HEAT_CELLS_MIN, _HEAT_CELLS_MAX = 2, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One column of a plot: what is known, or else what is expected; None draws nothing."""

    label: str
    known: int | None
    expected: int | None = None


def column_lines(
    marks: Sequence[Mark],
    look: Look,
    size: tuple[int, int],
    *,
    axis: Callable[[int], str],
    merge: Callable[[Sequence[int]], int],
    style: str = "$primary",
    is_area: bool = False,
) -> list[Content]:
    """Columns from nothing to the greatest, over a line where something is known; what is expected is dotted.

    Where there is no room for every column, `merge` makes one of several. An area has no gaps between them.
    """
    width, height = size
    shown, left = _fitted(marks, width, axis, merge)
    if not shown:
        return []
    step = max(1, min(_STEP_MAX, (width - left) // len(shown)))
    cells = step if is_area else max(1, step - 1)
    top = _top(shown)
    has_base = height >= _BASE_FROM_ROWS
    rows = max(1, height - 1 - has_base)
    lines = [
        Content.assemble(
            (_axis(axis, top, row, rows, left), _MUTED),
            *_row_parts(shown, top, row, rows, (step, cells), look, style),
        )
        for row in range(rows, 0, -1)
    ]
    if has_base:
        base = "".join((look.glyphs.rule if mark.known is not None else " ") * step for mark in shown)
        lines.append(Content.assemble((" " * left, ""), (base, "$border")))
    lines.append(Content.styled(" " * left + _labels([mark.label for mark in shown], step), _MUTED))
    return lines


def _fitted(
    marks: Sequence[Mark], width: int, axis: Callable[[int], str], merge: Callable[[Sequence[int]], int]
) -> tuple[Sequence[Mark], int]:
    """The columns that fit beside their axis, whose figures may be longer for merged ones; and its width."""
    shown, left = marks, 0
    while shown and left <= len(axis(_top(shown))):
        left = len(axis(_top(shown))) + 1
        if left >= width:
            return (), left
        shown = _merged(marks, -(-len(marks) // (width - left)), merge)
    return shown, left


def _top(marks: Sequence[Mark]) -> int:
    return max((value for mark in marks for value in (mark.known, mark.expected) if value), default=0)


def _axis(axis: Callable[[int], str], top: int, row: int, rows: int, left: int) -> str:
    text = axis(top) if row == rows else "0" if row == 1 else ""
    return f"{text:>{left - 1}} "


def _row_parts(
    marks: Sequence[Mark], top: int, row: int, rows: int, width: tuple[int, int], look: Look, style: str
) -> list[tuple[str, str]]:
    """Runs of cells in one style; `width` is that of a column, and how much of it is drawn."""
    step, cells = width
    shades = look.glyphs.shades
    levels = len(shades) - 1
    parts: list[tuple[str, str]] = []
    for mark in marks:
        if mark.known is None and mark.expected is not None:
            at = max(1, -(-mark.expected * rows // top)) if top else 1
            dot = look.glyphs.empty if at == row else " "
            parts.append((dot.ljust(step), "$warning"))
            continue
        value = max(mark.known or 0, 0)
        filled = 0 if top == 0 else -(-value * rows * levels // top) - (row - 1) * levels
        cell = shades[max(0, min(levels, filled))] * cells
        parts.append((cell.ljust(step), style))
    return parts


def _labels(labels: Sequence[str], step: int) -> str:
    """As many as have room, each above its column, with a space between."""
    line = ""
    for index, label in enumerate(labels):
        start = index * step
        if label and (not line or start > len(line)) and start + len(label) <= len(labels) * step:
            line = line.ljust(start) + label
    return line


def _merged(marks: Sequence[Mark], size: int, merge: Callable[[Sequence[int]], int]) -> Sequence[Mark]:
    """Groups of `size` columns as one each."""
    if size <= 1:
        return marks
    merged: list[Mark] = []
    for start in range(0, len(marks), size):
        group = marks[start : start + size]
        known = [mark.known for mark in group if mark.known is not None]
        expected = [mark.expected for mark in group if mark.expected is not None]
        merged.append(
            Mark(
                label=group[0].label,
                known=merge(known) if known else None,
                expected=merge(expected) if expected and not known else None,
            )
        )
    return merged


def heat_lines(
    first: date,
    days: Sequence[int | None],
    look: Look,
    size: tuple[int, int],
    *,
    lit: tuple[date, date],
    axis: Callable[[int], str],
) -> list[Content]:
    """A row for each weekday, a column for each week, the newest at the right; days from `lit` stand out.

    `first` is a Monday. A day without use is a dot, a day of which nothing is known is empty.
    """
    width, height = size
    weeks = len(days) // 7
    known = weeks - next((number // 7 for number, day in enumerate(days) if day is not None), weeks - 1)
    shown = max(1, min(known, (width - _DAY_NAMES) // _HEAT_CELLS_MIN))
    start, cells = weeks - shown, min(_HEAT_CELLS_MAX, max(1, (width - _DAY_NAMES) // shown))
    steps = _steps(days[start * 7 :], levels=len(look.glyphs.heat) - 1)
    lines: list[Content] = []
    if height >= 8:
        lines.append(Content.styled(" " * _DAY_NAMES + _month_names(first, start, weeks, cells), _MUTED))
    for weekday in range(7):
        parts: list[tuple[str, str]] = [(f"{wording.weekday_short(weekday):<{_DAY_NAMES}}", _MUTED)]
        for week in range(start, weeks):
            day = first + timedelta(days=7 * week + weekday)
            is_lit = lit[0] <= day <= lit[1]
            parts.append(
                (_heat(days[7 * week + weekday], steps, look) * cells, "$secondary" if is_lit else "$primary")
            )
        lines.append(Content.assemble(*parts))
    if height >= 9:
        scale = "".join(sign * 2 for sign in look.glyphs.heat[1:])
        legend = f"{look.glyphs.heat[0]} none  {scale} to {axis(steps[-1] if steps else 0)}"
        lines.append(Content.styled(" " * _DAY_NAMES + legend[: max(0, width - _DAY_NAMES)], _MUTED))
    return lines


def _steps(days: Sequence[int | None], *, levels: int) -> tuple[int, ...]:
    """Up to how much each shade goes: each has as many days, so that one great day hides no other."""
    used = sorted(day for day in days if day and day > 0)
    return tuple(used[-(-len(used) * level // levels) - 1] for level in range(1, levels + 1)) if used else ()


def _heat(used: int | None, steps: tuple[int, ...], look: Look) -> str:
    if used is None:
        return " "
    return look.glyphs.heat[bisect_left(steps, used) + 1] if used > 0 else look.glyphs.heat[0]


def _month_names(first: date, start: int, weeks: int, cells: int) -> str:
    """A month's name above the week that its first day lies in."""
    line = ""
    for week in range(start, weeks):
        last = first + timedelta(days=7 * week + 6)
        at = (week - start) * cells
        is_first = last.day <= 7 or week == start
        if is_first and at >= len(line) + (1 if line else 0) and at + 3 <= (weeks - start) * cells:
            line = line.ljust(at) + wording.month_short(last.month)
    return line
