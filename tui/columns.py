"""Columns of a table: which of them fit, how wide, a row drawn in them. Figures are dropped, never cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from textual.content import Content

from tui.look import Look

Row = TypeVar("Row")
_WIDE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Text that is safe to draw, and a style of ours."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[Row]):
    """A column.

    Attributes:
        title: its heading.
        width: cells; of a `flexible` column, the least.
        cell: what a row has there.
        is_right: figures are aligned to the right.
        is_flexible: it takes what is left.
        needs: the width of the table from which on the column is shown.
    """

    title: str
    width: int
    cell: Callable[[Row, Look], Cell]
    is_right: bool = False
    is_flexible: bool = False
    needs: int = 0


Fitted = tuple[tuple[Column[Row], int], ...]


def fit_columns(columns: Sequence[Column[Row]], width: int) -> Fitted[Row]:
    """The columns that are shown in `width` cells, with their widths."""
    shown = [column for column in columns if column.needs <= width]
    left = width - sum(column.width for column in shown) - gap(width) * (len(shown) - 1)
    flexible = sum(column.is_flexible for column in shown)
    fitted: list[tuple[Column[Row], int]] = []
    for column in shown:
        more = 0
        if column.is_flexible and left > 0:
            more = left // flexible
            left -= more
            flexible -= 1
        fitted.append((column, column.width + more))
    return tuple(fitted)


def gap(width: int) -> int:
    """The cells between columns of a table of this width."""
    return 2 if width >= _WIDE else 1


def heading(fitted: Fitted[Row], look: Look, *, width: int) -> Content:
    """The titles of the columns of a table of this width."""
    cells = (look.fit(column.title, width, right=column.is_right) for column, width in fitted)
    return Content.styled((" " * gap(width)).join(cells), "$text-muted")


def row_content(row: Row, fitted: Fitted[Row], look: Look, *, width: int) -> Content:
    """One row of a table of this width, drawn."""
    parts: list[tuple[str, str]] = []
    for column, cells in fitted:
        cell = column.cell(row, look)
        if parts:
            parts.append((" " * gap(width), ""))
        parts.append((look.fit(cell.text, cells, right=column.is_right), cell.style))
    return Content.assemble(*parts)
