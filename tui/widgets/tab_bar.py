"""The names of the panes on one line; a click shows one."""

from __future__ import annotations

from textual import events as ui_events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


class TabBar(Widget):
    """One line of tabs, numbered from 1."""

    class Clicked(Message):
        """Somebody wants to see the pane `name`."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, names: tuple[tuple[str, str], ...], *, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self._names = names
        self._active = names[0][0]

    def activate(self, name: str) -> None:
        """Mark the pane that is shown."""
        self._active = name
        self.refresh()

    def render(self) -> Content:
        """The tabs; the active one stands in brackets, so that it shows without colour."""
        parts: list[tuple[str, str]] = []
        for text, name in self._spelled():
            style = "bold $primary" if name == self._active else "$text-muted"
            parts.append((text, style))
        return Content.assemble(*parts)

    def on_click(self, event: ui_events.Click) -> None:
        """Find the tab at the click."""
        left = 0
        for text, name in self._spelled():
            if left <= event.x < left + len(text):
                self.post_message(self.Clicked(name))
                return
            left += len(text)

    def _spelled(self) -> list[tuple[str, str]]:
        return [
            (f"[{number} {title}]" if name == self._active else f" {number} {title} ", name)
            for number, (name, title) in enumerate(self._names, start=1)
        ]
