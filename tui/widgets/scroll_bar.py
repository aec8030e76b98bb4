"""Scroll bars without eighths of a cell, which ASCII does not have."""

from __future__ import annotations

from typing import ClassVar

from textual.scrollbar import ScrollBarRender
from textual.widget import Widget

from tui.look import Look


class PlainScrollBar(ScrollBarRender):
    """Whole cells, by their background only."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


def draw_bars(widget: Widget, look: Look) -> None:
    """Draw the scroll bars of `widget` as `look` allows."""
    if look.is_ascii:
        # Textual documents this attribute for single bars, too, and declares it for the class.
        widget.vertical_scrollbar.renderer = PlainScrollBar  # pyright: ignore[reportAttributeAccessIssue]  # see above
        widget.horizontal_scrollbar.renderer = PlainScrollBar  # pyright: ignore[reportAttributeAccessIssue]  # see above
