"""The relays: which answer, what they hold month by month, what they lack, and what they did wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message

from tui.keys import bindings_of
from tui.look import Look
from tui.relay_rows import RelayRow, coverage_columns, reason_of, relay_columns, relay_rows
from tui.relay_work import RelaysKnown
from tui.snapshot import FeedState, RelayQueue
from tui.widgets.line import Line
from tui.widgets.row_table import RowTable

if TYPE_CHECKING:
    # Its dataclasses come with the relay client.
    from nostr_usage.proof import MonthCoverage

ROWS_SHOWN = 8
_OPERATOR_NOTE = "Holds: entries of this account that the relay served when they were read back."
_FOLLOWER_NOTE = "Holds: entries of this account that the relay has shown so far; it may have more."


class RelaysPane(Container):
    """Relays above; below, by month, who holds what."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("relays")

    class Wanted(Message):
        """What is known of the relays is wanted."""

    def __init__(self, *, look: Look) -> None:
        super().__init__(id="relays")
        self._look = look
        self._feed: FeedState | None = None
        self._queues: tuple[RelayQueue, ...] = ()
        self._known: RelaysKnown | None = None
        self._is_busy = False
        self._note = Line(widget_id="relay_note")
        self.table: RowTable[RelayRow] = RowTable(
            (), look=look, widget_id="relay_table", empty="No relay was asked yet."
        )
        self.coverage: RowTable[MonthCoverage] = RowTable(
            (), look=look, widget_id="coverage", empty="Nothing is held of this account yet."
        )
        for table, title in ((self.table, "Relays"), (self.coverage, "Who holds what, by month (UTC)")):
            table.set_class(look.is_ascii, "-ascii")
            table.border_title = Content(title)  # pyright: ignore[reportAttributeAccessIssue]  # declared as str, takes Content

    def compose(self) -> ComposeResult:
        """Relays, coverage, and what the figures mean."""
        yield self.table
        yield self.coverage
        yield self._note

    def want(self) -> None:
        """Ask for what is known once more."""
        self.post_message(self.Wanted())

    def reset(self) -> None:
        """Another account: what is known of it comes later."""
        self._known = None
        self._draw()

    def show(self, feed: FeedState, queues: tuple[RelayQueue, ...], look: Look) -> None:
        """Draw the relays as they stand now."""
        self._feed, self._queues, self._look = feed, queues, look
        self._draw()

    def show_known(self, known: RelaysKnown) -> None:
        """Draw what is known; what relays answered when they were asked stays."""
        before = {one.url: one for one in self._known.health} if self._known is not None else {}
        health = tuple(
            before[one.url] if one.condition is None and one.url in before else one for one in known.health
        )
        self._known = RelaysKnown(health=health, coverage=known.coverage)
        self._is_busy = False
        self._draw()

    def show_busy(self) -> None:
        """Say that relays are being asked."""
        self._is_busy = True
        self._draw()

    def chosen(self) -> RelayRow | None:
        """The relay under the cursor."""
        return self.table.row(self.table.cursor)

    def _draw(self) -> None:
        if self._feed is None:
            return
        look, rows = self._look, relay_rows(self._feed, self._queues, self._known)
        is_operator = bool(self._queues) and not self._feed.relays
        columns = relay_columns(is_operator=is_operator)
        self.table.styles.height = min(len(rows), ROWS_SHOWN) + 3
        self.table.show(len(rows), rows.__getitem__, columns=columns, look=look)
        coverage = self._known.coverage if self._known is not None else None
        if coverage is not None:
            months = coverage.months
            self.coverage.show(len(months), months.__getitem__, columns=coverage_columns(coverage), look=look)
        else:
            self.coverage.show(0, lambda _index: None, look=look)
        self._show_note(is_operator=is_operator)

    def on_row_table_moved(self, message: RowTable.Moved) -> None:
        """The last line is about the relay under the cursor."""
        message.stop()
        self._draw()

    def _show_note(self, *, is_operator: bool) -> None:
        row, look = self.chosen(), self._look
        note = _OPERATOR_NOTE if is_operator else _FOLLOWER_NOTE
        if self._feed is not None and self._feed.reason:
            note = look.text(self._feed.reason)
        if row is not None and (reason := reason_of(row)):
            note = look.text(reason if reason.startswith(row.url) else f"{row.url}: {reason}")
        if self._is_busy:
            note = look.own("Asking the relays…")
        self._note.show(lambda _width: Content.styled(f" {note}", "$text-muted"))
