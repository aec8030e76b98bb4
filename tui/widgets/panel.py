"""A box with a title whose lines are drawn for its size."""

from __future__ import annotations

from collections.abc import Callable

from textual import events as ui_events
from textual.content import Content
from textual.widget import Widget

Draw = Callable[[int, int], list[Content]]


class Panel(Widget):
    """Draws `lines(width, height)`; told to draw again with `show`."""

    def __init__(self, title: str, *, widget_id: str, is_ascii: bool = False) -> None:
        super().__init__(id=widget_id)
        self._draw: Draw = _nothing
        self.set_title(title)
        self.set_class(is_ascii, "-ascii")

    def set_title(self, title: str) -> None:
        """Another title; it is text, never markup."""
        self.border_title = Content(title)  # pyright: ignore[reportAttributeAccessIssue]  # declared as str, takes Content

    def show(self, draw: Draw) -> None:
        """Draw this from now on."""
        self._draw = draw
        self.refresh()

    def render(self) -> Content:
        """The lines that fit."""
        width, height = self.size
        if width <= 0 or height <= 0:
            return Content("")
        return Content("\n").join(self._draw(width, height)[:height])

    def on_resize(self, _event: ui_events.Resize) -> None:
        """Lines are laid out for the width."""
        self.refresh()


def _nothing(_width: int, _height: int) -> list[Content]:
    return []
