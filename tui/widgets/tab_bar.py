"""The names of the panes on one line, and how amounts and times are shown; a click shows a pane."""

from __future__ import annotations

from textual import events as ui_events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


class TabBar(Widget):
    """One line of tabs: names, and what is shown of them."""

    class Clicked(Message):
        """Somebody wants to see the pane `name`."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class NoteClicked(Message):
        """Somebody wants amounts shown otherwise."""

    def __init__(self, names: tuple[tuple[str, str], ...], *, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self._names = names
        self._active = names[0][0]
        self._note = ""

    def note(self, text: str) -> None:
        """What stands at the right: how amounts and times are shown."""
        self._note = text
        self.refresh()

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
        line = Content.assemble(*parts)
        gap = self.size.width - line.cell_length - len(self._note) - 1
        return line if gap < 1 else Content.assemble(line, " " * gap, (self._note, "$text-muted"))

    def on_click(self, event: ui_events.Click) -> None:
        """Find the tab at the click."""
        left = 0
        for text, name in self._spelled():
            if left <= event.x < left + len(text):
                self.post_message(self.Clicked(name))
                return
            left += len(text)
        if self._note and event.x >= self.size.width - len(self._note) - 1:
            self.post_message(self.NoteClicked())

    def _spelled(self) -> list[tuple[str, str]]:
        return [(f"[{title}]" if name == self._active else f" {title} ", name) for name, title in self._names]
