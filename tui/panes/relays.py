"""The relays: which answer, what they gave or got, and what they did wrong."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content

from tui.columns import Cell, Column
from tui.look import Look
from tui.snapshot import FeedState, RelayLine, RelayQueue
from tui.widgets.line import Line
from tui.widgets.row_table import RowTable


class RelaysPane(Container):
    """A table of relays: of a follower, what they showed; of an operator, what they were sent."""

    def __init__(self, *, look: Look) -> None:
        super().__init__(id="relays")
        self._look = look
        self._note = Line(widget_id="relay_note")
        self.table: RowTable[RelayLine | RelayQueue] = RowTable(
            (), look=look, widget_id="relay_table", empty="No relay was asked yet."
        )
        self.table.set_class(look.is_ascii, "-ascii")
        self.table.border_title = Content("Relays")  # pyright: ignore[reportAttributeAccessIssue]  # declared as str, takes Content

    def compose(self) -> ComposeResult:
        """The table, and what its figures mean."""
        yield self.table
        yield self._note

    def show(self, feed: FeedState, queues: tuple[RelayQueue, ...], look: Look) -> None:
        """Draw the relays as they stand."""
        self._look = look
        if feed.relays:
            rows: tuple[RelayLine | RelayQueue, ...] = feed.relays
            note = "Received counts all that arrived; new is what told something that was not known."
            columns = _read_columns()
        else:
            rows, columns = queues, _written_columns()
            note = "Confirmed entries were read back from the relay: it serves them."
        if feed.reason:
            note = look.text(feed.reason)
        self.table.show(len(rows), rows.__getitem__, columns=columns, look=look)
        self._note.show(lambda _width: Content.styled(f" {note}", "$text-muted"))


def _read_columns() -> tuple[Column[RelayLine | RelayQueue], ...]:
    def state(row: RelayLine | RelayQueue, look: Look) -> Cell:
        if isinstance(row, RelayQueue) or row.is_up:
            return Cell(text=f"{look.glyphs.live} answered", style="$success")
        return Cell(text=f"{look.glyphs.bad} {row.condition}", style="$error")

    def manners(row: RelayLine | RelayQueue, look: Look) -> Cell:
        if isinstance(row, RelayQueue) or not (row.received or not row.is_clean):
            return Cell(text="")
        if row.is_clean:
            return Cell(text=f"{look.glyphs.good} fair", style="$success")
        return Cell(text=f"{look.glyphs.warning} odd", style="$warning")

    def reason(row: RelayLine | RelayQueue, look: Look) -> Cell:
        return Cell(text="" if isinstance(row, RelayQueue) else look.text(row.reason), style="$text-muted")

    return (
        Column(title="Relay", width=24, cell=_url, is_flexible=True),
        Column(title="State", width=13, cell=state),
        Column(title="Received", width=9, cell=_count("received"), is_right=True, needs=60),
        Column(title="New", width=9, cell=_count("unique"), is_right=True, needs=60),
        Column(title="Conduct", width=7, cell=manners, needs=70),
        Column(title="Why", width=20, cell=reason, is_flexible=True, needs=100),
    )


def _written_columns() -> tuple[Column[RelayLine | RelayQueue], ...]:
    return (
        Column(title="Relay", width=24, cell=_url, is_flexible=True),
        Column(title="Confirmed", width=10, cell=_count("confirmed"), is_right=True),
        Column(title="Waiting", width=9, cell=_count("waiting"), is_right=True),
        Column(title="Refused", width=9, cell=_count("refused"), is_right=True, needs=60),
    )


def _url(row: RelayLine | RelayQueue, look: Look) -> Cell:
    return Cell(text=look.text(row.url))


def _count(name: str) -> Callable[[RelayLine | RelayQueue, Look], Cell]:
    def cell(row: RelayLine | RelayQueue, look: Look) -> Cell:
        del look
        number: int = getattr(row, name, 0)
        style = "$warning" if name in {"waiting", "refused"} and number else ""
        return Cell(text=f"{number:,}", style=style)

    return cell
