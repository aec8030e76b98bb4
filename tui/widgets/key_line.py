"""The keys that work here, on one line; a click does what the key does."""

from __future__ import annotations

from textual import events as ui_events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.keys import Key, footer_keys, spelled
from tui.look import Look

_GAP = "  "


class KeyLine(Widget):
    """At most seven keys, those of the pane first; what has no room is left out."""

    class Clicked(Message):
        """Somebody clicked on a key."""

        def __init__(self, key: Key) -> None:
            super().__init__()
            self.key = key

    def __init__(self, *, look: Look, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self._look = look
        self._keys: tuple[Key, ...] = ()

    def show(self, where: str) -> None:
        """The keys of one pane, and those that work everywhere."""
        self._keys = footer_keys(where)
        self.refresh()

    def render(self) -> Content:
        """Keys and their labels."""
        line = Content(" ")
        for key in self._fitting():
            line = Content.assemble(line, (spelled(key, self._look), "bold $primary"), f" {key.label}", _GAP)
        return line

    def on_click(self, event: ui_events.Click) -> None:
        """Do what the key under the pointer does."""
        left = 1
        for key in self._fitting():
            right = left + len(self._text(key))
            if left <= event.x < right:
                self.post_message(self.Clicked(key))
                return
            left = right + len(_GAP)

    def _fitting(self) -> list[Key]:
        fitting: list[Key] = []
        left = 1
        for key in self._keys:
            left += len(self._text(key)) + len(_GAP)
            if left - len(_GAP) > self.size.width:
                break
            fitting.append(key)
        return fitting

    def _text(self, key: Key) -> str:
        return f"{spelled(key, self._look)} {key.label}"
