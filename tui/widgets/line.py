"""A line of text that is drawn for its width: the status line, the tab bar, a notice."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.widget import Widget

DrawLine = Callable[[int], Content]


class Line(Widget):
    """One line; told to draw again with `show`."""

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self._draw: DrawLine = _blank

    def show(self, draw: DrawLine) -> None:
        """Draw this from now on."""
        self._draw = draw
        self.refresh()

    def render(self) -> Content:
        """The line."""
        return self._draw(self.size.width)


def _blank(_width: int) -> Content:
    return Content("")
