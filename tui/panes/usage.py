"""Where the tokens went: any period in parts and days, against the one before, and what it is worth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.message import Message

from nostr_usage.reporting.periods import (
    Length,
    Period,
    narrower,
    period_after,
    period_at,
    period_before,
    wider,
)
from nostr_usage.views import HistoryRow
from tui import usage_lines, wording
from tui.keys import bindings_of
from tui.look import Look
from tui.snapshot import Snapshot
from tui.usage_rows import By, PartRow, dear_columns, part_columns, part_rows, refusal
from tui.widgets.panel import Panel
from tui.widgets.row_table import RowTable

if TYPE_CHECKING:
    # Loads the catalogue, which the first frame does without.
    from nostr_usage.reporting.usage import UsageView

_BYS = tuple(By)
_NOTHING = "Nothing was used in this period."
PICTURES = ("use", "balance", "days", "value", "dearest")
"""What the lower half shows in turn; a large terminal shows all of it."""


class UsagePane(Container):
    """One period; asks for another when the user turns pages."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("usage")

    class Wanted(Message):
        """The use of a period is wanted: of that length, with that day in it (None is today)."""

        def __init__(self, length: Length, day: date | None) -> None:
            super().__init__()
            self.length = length
            self.day = day

    class Search(Message):
        """The entries behind a row are wanted."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(self, *, look: Look) -> None:
        super().__init__(id="usage", classes="-use")
        self._look = look
        self._snapshot: Snapshot | None = None
        self._view: UsageView | None = None
        self._length, self._day = Length.MONTH, None
        self._hides_descriptions = False
        self._by = By.ACTIVITY
        self._picture = PICTURES[0]
        self._use = self._panel("Use", "use")
        self._balance = self._panel("Balance", "balance")
        self._facts = self._panel("Compared", "facts")
        self._days = self._panel("Days", "days")
        self._value = self._panel("Value you get", "value")
        self.table: RowTable[PartRow] = RowTable(
            (), look=look, widget_id="activities", empty="Nothing is held of this account yet."
        )
        self.dearest: RowTable[HistoryRow] = RowTable(
            (), look=look, widget_id="usage_dearest", empty=_NOTHING
        )
        for table in (self.table, self.dearest):
            table.set_class(look.is_ascii, "-ascii")

    def compose(self) -> ComposeResult:
        """Parts above, pictures below."""
        yield self.table
        with Horizontal(id="usage_plots"):
            yield self._use
            yield self._balance
            yield self._facts
        with Horizontal(id="usage_more"):
            yield self._days
            yield self._value
            yield self.dearest

    def want(self) -> None:
        """Ask for the period that is shown once more; the first time may take a while in a long history."""
        if self._view is None and self._snapshot is not None and self._snapshot.balance is not None:
            self.table.empty = self._look.own("Adding up every entry, once…")
            self.table.refresh()
        self.post_message(self.Wanted(self._length, self._day))

    def reset(self) -> None:
        """Another account: nothing is shown until its use comes."""
        self._view = None
        self._day = None

    def show_snapshot(self, snapshot: Snapshot, look: Look, *, hides_descriptions: bool) -> None:
        """Use the words of another snapshot."""
        self._snapshot, self._look, self._hides_descriptions = snapshot, look, hides_descriptions
        if self._view is not None:
            self.show_use(self._view)

    def show_use(self, view: UsageView) -> None:
        """Draw a period, if it is still the one that is wanted."""
        snapshot, look = self._snapshot, self._look
        if snapshot is None or view.period != period_at(
            self._length, self._day or view.life.today, view.life
        ):
            return
        self._view = view
        self._show_parts(view, snapshot)
        labels = snapshot.labels
        self._use.set_title(f"Use by {_unit(view)}")
        self._balance.set_title(look.own("Balance · forecast dotted" if view.is_current else "Balance"))
        self._use.show(lambda width, height: usage_lines.use_lines(view, look, (width, height)))
        self._balance.show(lambda width, height: usage_lines.balance_lines(view, look, (width, height)))
        self._facts.show(lambda _width, _height: usage_lines.fact_lines(view, look))
        self._days.show(lambda width, height: usage_lines.days_lines(view, look, (width, height)))
        self._value.show(
            lambda width, height: usage_lines.value_lines(view.value, labels, look, width, height)
        )
        columns = dear_columns(labels, look, hides_descriptions=self._hides_descriptions)
        rows = view.dearest
        self.dearest.border_title = Content("Dearest actions")  # pyright: ignore[reportAttributeAccessIssue]  # declared as str, takes Content
        self.dearest.show(len(rows), rows.__getitem__, columns=columns, look=look)

    def _show_parts(self, view: UsageView, snapshot: Snapshot) -> None:
        look, by, total = self._look, self._by, view.total
        rows = part_rows(view, by, snapshot.labels)
        amount = wording.amount(total.tokens, total.cents * 10_000, look)
        zone = "" if wording.is_utc(look) else " (UTC)"
        name = f"{usage_lines.period_name(view.period)}{zone}"
        title = look.own(f"{name} · by {by.value} · {amount}")
        self.table.border_title = Content(title)  # pyright: ignore[reportAttributeAccessIssue]  # declared as str, takes Content
        unreported = "No entry says what its model reported." if by is By.KIND and total.count else _NOTHING
        self.table.empty = look.text(refusal(view, by)) or unreported
        before = usage_lines.short_name(view.compared) if view.compared is not None else "Before"
        columns = part_columns(by, look, before=before)
        cursor = min(self.table.cursor, max(0, len(rows) - 1))
        self.table.show(len(rows), rows.__getitem__, columns=columns, look=look, cursor=cursor)

    def on_row_table_chosen(self, message: RowTable.Chosen) -> None:
        """The entries behind a row; a dear action goes on to its proof."""
        row: object = message.table.row(message.index)
        if isinstance(row, PartRow):
            message.stop()
            self.post_message(self.Search(row.words))

    def action_earlier(self) -> None:
        """The period before."""
        self._turn(period_before)

    def action_later(self) -> None:
        """The period after, up to the current one."""
        self._turn(period_after)

    def action_longer(self) -> None:
        """A longer period."""
        self._turn(wider)

    def action_shorter(self) -> None:
        """A shorter period."""
        self._turn(narrower)

    def month(self) -> str | None:
        """The month that the period is, or the last that it touches and that has begun."""
        if self._view is None or self._snapshot is None:
            return None
        today = datetime.fromtimestamp(self._snapshot.taken_at, UTC).date()
        return f"{min(self._view.period.last, today):%Y-%m}"

    def action_today(self) -> None:
        """Back to the period that today lies in."""
        self._day = None
        self.want()

    def action_by(self) -> None:
        """Break it down by something else."""
        self._by = _BYS[(_BYS.index(self._by) + 1) % len(_BYS)]
        if self._view is not None and self._snapshot is not None:
            self._show_parts(self._view, self._snapshot)

    def action_picture(self) -> None:
        """Show the next picture below."""
        self.remove_class(f"-{self._picture}")
        self._picture = PICTURES[(PICTURES.index(self._picture) + 1) % len(PICTURES)]
        self.add_class(f"-{self._picture}")
        (self.dearest if self._picture == "dearest" else self.table).focus()

    def _turn(self, to: Callable[..., Period | None]) -> None:
        view = self._view
        period = to(view.period, view.life) if view is not None else None
        if view is None or period is None:
            return
        self._length = period.length
        self._day = None if period.holds(view.life.today) else period.last
        self.want()

    def _panel(self, title: str, name: str) -> Panel:
        return Panel(title, widget_id=f"usage_{name}", is_ascii=self._look.is_ascii)


def _unit(view: UsageView) -> str:
    """What one column stands for."""
    if view.period.length is Length.DAY:
        return "hour"
    return "month" if len(view.bars) < view.period.day_count else "day"
