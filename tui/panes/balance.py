"""The first screen: the balance, the month by activity, what happened last."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content

from nostr_usage.home import Role
from nostr_usage.views import BalanceView, HistoryRow
from tui import painting, wording
from tui.entry_columns import entry_columns
from tui.keys import bindings_of, spelled_of
from tui.look import Look
from tui.snapshot import Feed, FeedState, Snapshot
from tui.widgets.line import Line
from tui.widgets.panel import Panel
from tui.widgets.row_table import RowTable


class BalancePane(Container):
    """Draws a snapshot; the newest entries are a table whose rows lead to their proofs."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("balance")

    def __init__(self, *, look: Look, name: str = "balance") -> None:
        super().__init__(id=name)
        self._look = look
        self._hides_descriptions = False
        self._rows: tuple[HistoryRow, ...] = ()
        self._figure = Panel("Balance", widget_id="figure", is_ascii=look.is_ascii)
        self._month = Panel("This month", widget_id="month", is_ascii=look.is_ascii)
        self._notice = Line(widget_id="notice")
        self.recent: RowTable[HistoryRow] = RowTable(
            (), look=look, widget_id="recent", empty="No entries yet."
        )
        self.recent.set_class(look.is_ascii, "-ascii")

    def compose(self) -> ComposeResult:
        """Figures above, entries below."""
        with Horizontal(id="figures"):
            yield self._figure
            yield self._month
        yield self._notice
        yield self.recent

    def show_waiting(self, feed: FeedState, look: Look) -> None:
        """There is no account yet: what is waited for, or why it does not come."""
        lines = [Content.styled("Nothing is held here yet.", "bold"), Content("")]
        if feed.feed is Feed.OFFLINE:
            key = spelled_of("pane.relays", look)
            reason = look.text(feed.reason, length_max=80) or "no relay answers"
            lines += [
                Content.styled(f"{look.glyphs.bad} Offline: {reason}.", "$error"),
                Content(f"Press {key} to see the relays, or run: nostr-usage doctor"),
            ]
        else:
            lines += [
                Content("Accounts appear as soon as a relay shows them."),
                Content("If none does, check the relays with: nostr-usage doctor"),
            ]
        self._figure.show(lambda _width, _height: lines)

    def show(self, snapshot: Snapshot, look: Look, *, hides_descriptions: bool) -> None:
        """Draw another snapshot."""
        self._look = look
        view, month = snapshot.balance, snapshot.month
        if view is None:
            self._figure.show(lambda _width, _height: _nothing_held(snapshot))
            return
        self._figure.show(lambda width, _height: painting.balance_lines(snapshot, view, look, width))
        if month is not None:
            self._month.set_title(look.own(f"{wording.month_name(month.month)} · by activity"))
            self._month.show(
                lambda width, height: painting.month_lines(month, snapshot, look, (width, height))
            )
        self._show_notice(snapshot, look)
        self._show_recent(snapshot, view, look, hides_descriptions=hides_descriptions)

    def chosen(self, index: int) -> HistoryRow | None:
        """The entry in row `index`."""
        return self.recent.row(index)

    def _show_notice(self, snapshot: Snapshot, look: Look) -> None:
        notice = painting.notice_line(snapshot, look)
        self._notice.display = notice is not None
        if notice is not None:
            self._notice.show(lambda _width: notice)

    def _show_recent(
        self, snapshot: Snapshot, view: BalanceView, look: Look, *, hides_descriptions: bool
    ) -> None:
        """New rows come in above; a cursor that was moved stays on its entry."""
        cursor = self.recent.cursor
        if cursor > 0 and cursor < len(self._rows):
            held = self._rows[cursor].entry_id
            found = (n for n, row in enumerate(snapshot.recent) if row.entry_id == held)
            cursor = next(found, cursor)
        self._rows = rows = snapshot.recent
        zone = look.zone_name(view.as_of)
        self.recent.border_title = Content(  # pyright: ignore[reportAttributeAccessIssue]  # declared as str, takes Content
            look.own(f"Recent activity · times in {zone}")
        )
        columns = entry_columns(
            snapshot.labels,
            look,
            proved=snapshot.proved,
            token_value=view.token_value,
            is_reader=snapshot.role is Role.FOLLOWER,
            hides_descriptions=hides_descriptions,
        )
        self.recent.show(len(rows), rows.__getitem__, columns=columns, look=look, cursor=cursor)


def _nothing_held(snapshot: Snapshot) -> list[Content]:
    return [
        Content.styled("Nothing is held of this account yet.", "bold"),
        Content(""),
        Content.styled(snapshot.npub, "$text-muted"),
        Content(""),
        Content("It appears here as soon as a relay shows an entry."),
    ]
