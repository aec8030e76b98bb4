"""A table that draws only the lines on screen, so that a million rows cost what twenty do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from textual import events as ui_events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from tui.columns import Column, fit_columns, heading, row_content
from tui.keys import bindings_of
from tui.look import Look
from tui.widgets.scroll_bar import draw_bars

Row = TypeVar("Row")
RowAt = Callable[[int], Row | None]


class RowTable(ScrollView, Generic[Row], can_focus=True):
    """Rows by number, from `0` to `count`; `row_at` gives one, or None if it cannot be read now."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("table")

    cursor: reactive[int] = reactive(0)

    class Moved(Message):
        """The cursor stands on another row."""

    class Chosen(Message):
        """Somebody wants to see more of the row at `index`."""

        def __init__(self, table: RowTable[Row], index: int) -> None:
            super().__init__()
            self.table = table
            self.index = index

        @property
        def control(self) -> RowTable[Row]:
            """The table."""
            return self.table

    def __init__(
        self, columns: Sequence[Column[Row]], *, look: Look, widget_id: str | None = None, empty: str = ""
    ) -> None:
        super().__init__(id=widget_id)
        self._columns = tuple(columns)
        self._look = look
        self.empty = empty
        """What is said where there are no rows."""
        self._count = 0
        self._row_at: RowAt[Row] = _nothing

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._count

    def show(
        self,
        count: int,
        row_at: RowAt[Row],
        *,
        columns: Sequence[Column[Row]] | None = None,
        look: Look | None = None,
        cursor: int | None = None,
    ) -> None:
        """Show other rows; columns, look and cursor stay as they are unless others are given."""
        self._columns = self._columns if columns is None else tuple(columns)
        self._look = look or self._look
        self._count = count
        self._row_at = row_at
        self.virtual_size = Size(0, count + 1)
        self.cursor = self.cursor if cursor is None else cursor
        self.refresh()

    def row(self, index: int) -> Row | None:
        """The row with this number."""
        return self._row_at(index) if 0 <= index < self._count else None

    def on_mount(self) -> None:
        """Scroll bars exist from now on."""
        draw_bars(self, self._look)

    def render_line(self, y: int) -> Strip:
        """The heading stays at the top while the rows scroll below it."""
        width = self.scrollable_content_region.width
        fitted = fit_columns(self._columns, width - 2)
        if y == 0:
            return self._strip(Content.assemble(" ", heading(fitted, self._look, width=width - 2)), width)
        index = self.scroll_offset.y + y - 1
        if index >= self._count:
            is_note = self._count == 0 and y == 1
            note = Content.styled(f" {self.empty}", "$text-muted") if is_note else Content("")
            return self._strip(note, width)
        row = self._row_at(index)
        drawn = Content.styled("loading…", "$text-muted")
        if row is not None:
            drawn = row_content(row, fitted, self._look, width=width - 2)
        if index != self.cursor or not self.has_focus:
            return self._strip(Content.assemble(" ", drawn), width)
        line = Content.assemble((self._look.glyphs.cursor, "bold"), drawn).pad_right(width)
        return self._strip(line.stylize("$block-cursor-foreground on $block-cursor-background"), width)

    def _strip(self, content: Content, width: int) -> Strip:
        strips = Visual.to_strips(self, content, width, 1, self.visual_style)
        return strips[0] if strips else Strip([Segment(" " * width)], width)

    def watch_cursor(self, before: int, after: int) -> None:
        """Redraw the two lines, and scroll if the new one is out of sight."""
        height = max(1, self.size.height - 1)
        top = self.scroll_offset.y
        if after < top:
            self.scroll_to(y=after, animate=False, immediate=True)
        elif after >= top + height:
            self.scroll_to(y=after - height + 1, animate=False, immediate=True)
        self.refresh()
        if before != after:
            self.post_message(self.Moved())

    def validate_cursor(self, cursor: int) -> int:
        """The cursor stays on a row."""
        return max(0, min(cursor, self._count - 1))

    def action_move(self, rows: int) -> None:
        """Move the cursor down by `rows`, up if negative."""
        self.cursor += rows

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.cursor += pages * max(1, self.size.height - 2)

    def action_first(self) -> None:
        """Move to the first row."""
        self.cursor = 0

    def action_last(self) -> None:
        """Move to the last row."""
        self.cursor = self._count - 1

    def action_choose(self) -> None:
        """Ask for more of the row under the cursor."""
        if self._count:
            self.post_message(self.Chosen(self, self.cursor))

    def on_focus(self) -> None:
        """The cursor shows with the focus only."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor shows with the focus only."""
        self.refresh()

    def on_click(self, event: ui_events.Click) -> None:
        """A click moves the cursor; another on the same row asks for more of it."""
        index = self.scroll_offset.y + event.y - 1
        if event.y == 0 or not 0 <= index < self._count:
            return
        if index == self.cursor and event.chain > 1:
            self.action_choose()
        self.cursor = index
        self.refresh(Region(0, 0, self.size.width, self.size.height))


def _nothing(_index: int) -> None:
    return None
