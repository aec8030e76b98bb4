"""Every entry: scrolled, filtered, sorted, found by date, exported."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from nostr_usage.errors import InputError
from nostr_usage.home import Role
from nostr_usage.reporting.filtering import Chip, parse_filter
from nostr_usage.store import Order
from nostr_usage.views import HistoryRow, MonthView
from tui import wording
from tui.entry_columns import entry_columns
from tui.history_list import HistoryList
from tui.keys import bindings_of, spelled_of
from tui.look import Look, Money
from tui.snapshot import Snapshot
from tui.widgets.line import Line
from tui.widgets.row_table import RowTable

FILTER_HINT = "type:quiz-generation  tokens>500  usd>1  month:2026-02  op:grant  words  !not"
DATE_HINT = "a day: 2026-02-14"
_ORDERS = tuple(Order)


class HistoryPane(Container):
    """A list of entries; asks for another list when filter, order or stream change."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("history")

    class Wanted(Message):
        """Another list is wanted."""

        def __init__(self, chips: tuple[Chip, ...], order: Order) -> None:
            super().__init__()
            self.chips = chips
            self.order = order

    def __init__(self, *, look: Look, month_of: Callable[[str], MonthView | None]) -> None:
        super().__init__(id="history")
        self._look = look
        self._month_of = month_of
        self._snapshot: Snapshot | None = None
        self._hides_descriptions = False
        self._entries: HistoryList | None = None
        self._chips: tuple[Chip, ...] = ()
        self._order = Order.NEWEST
        self._is_jumping = False
        self._hits: HistoryList | None = None
        self._found = Line(widget_id="found")
        self._typed = Input(id="typed", classes="-ascii" if look.is_ascii else "")
        self._subtotal = Line(widget_id="subtotal")
        self.table: RowTable[HistoryRow] = RowTable((), look=look, widget_id="entries", empty="No entries.")
        self.table.set_class(look.is_ascii, "-ascii")

    def compose(self) -> ComposeResult:
        """What was found, the filter, the entries, the month of the entry under the cursor."""
        yield self._found
        yield self._typed
        yield self.table
        yield self._subtotal

    def on_mount(self) -> None:
        """The filter is typed when it is asked for."""
        self._typed.display = False

    @property
    def entries(self) -> HistoryList | None:
        """The list that is shown."""
        return self._entries

    def want(self) -> None:
        """Ask for the list once more: entries may have come."""
        self.post_message(self.Wanted(self._chips, self._order))

    def show_snapshot(self, snapshot: Snapshot, look: Look, *, hides_descriptions: bool) -> None:
        """Draw with the words of another snapshot."""
        self._snapshot, self._look, self._hides_descriptions = snapshot, look, hides_descriptions
        if self._entries is not None:
            self.show_entries(self._entries)

    def show_entries(self, entries: HistoryList) -> None:
        """Draw a list; the cursor stays on its entry, or goes to the top."""
        snapshot, look = self._snapshot, self._look
        if snapshot is None or (entries.chips, entries.order) != (self._chips, self._order):
            return
        held = self.table.row(self.table.cursor)
        before, self._entries = self._entries, entries
        self._hits = entries if entries.chips else self._hits
        is_same = before is not None and (before.chips, before.order) == (entries.chips, entries.order)
        cursor = None
        if is_same and held is not None and self.table.cursor > 0:
            cursor = entries.index(held.seq)
        token_value = snapshot.balance.token_value if snapshot.balance is not None else 0
        columns = entry_columns(
            snapshot.labels,
            look,
            proved=snapshot.proved,
            token_value=token_value,
            is_reader=snapshot.role is Role.FOLLOWER,
            hides_descriptions=self._hides_descriptions,
            with_year=True,
        )
        self.table.show(entries.count, entries.row, columns=columns, look=look, cursor=cursor or 0)
        title = look.own(
            f"History · times in {look.zone_name(snapshot.taken_at)} · {self._order.value} first"
        )
        self.table.border_title = Content(title)  # pyright: ignore[reportAttributeAccessIssue]  # declared as str, takes Content
        self._found.show(lambda _width: found_line(entries, snapshot, look))
        self._show_month()

    def month(self) -> str | None:
        """The month (UTC) of the entry under the cursor."""
        row = self.table.row(self.table.cursor)
        return None if row is None else datetime.fromtimestamp(row.occurred_at, UTC).strftime("%Y-%m")

    def reset(self) -> None:
        """Another account: nothing is shown until its list comes."""
        self._entries = self._hits = None
        self.table.show(0, lambda _index: None, cursor=0)

    def search(self, words: str) -> bool:
        """Find these from now on; whether they can be understood, and if not, it is said."""
        try:
            self._chips = parse_filter(words)
        except InputError as error:
            self._complain(error)
            return False
        return True

    def action_filter(self) -> None:
        """Type a filter."""
        self._type(" ".join(chip.text for chip in self._chips), hint=FILTER_HINT, is_jumping=False)

    def action_jump(self) -> None:
        """Type a date to go to."""
        self._type("", hint=DATE_HINT, is_jumping=True)

    def action_sort(self) -> None:
        """Sort by the next order."""
        self._order = _ORDERS[(_ORDERS.index(self._order) + 1) % len(_ORDERS)]
        self.want()

    def action_clear(self) -> None:
        """Close the filter bar; else drop the last word of the filter."""
        if self._typed.display:
            self._close()
        elif self._chips:
            self._chips = self._chips[:-1]
            self.want()

    def action_hit(self, step: int) -> None:
        """Down to the next entry that was found, up with -1; in all entries once the filter is dropped."""
        entries, hits, row = self._entries, self._hits, self.table.row(self.table.cursor)
        if entries is None or row is None:
            return
        if entries.chips:
            self.table.cursor += step
        elif hits is None:
            self._complain(
                InputError(
                    "nothing was searched yet", advice=f"Press {self._told('filter')} and type a filter."
                )
            )
        elif self._order not in {Order.NEWEST, Order.OLDEST}:
            self._complain(
                InputError(
                    "the list is not sorted by time", advice=f"Press {self._told('sort')} until it is."
                )
            )
        else:
            self._go_to(
                entries, hits, hits.hit(row.seq, is_newer=(step < 0) is (self._order is Order.NEWEST))
            )

    def _go_to(self, entries: HistoryList, hits: HistoryList, found: tuple[int, int] | None) -> None:
        """Move to a hit, and say which of how many it is."""
        index = entries.index(found[0]) if found is not None else None
        if found is None or index is None:
            self._complain(
                InputError(
                    "no further entry was found",
                    advice=f"{self._told('next')} and {self._told('previous')} turn round.",
                )
            )
            return
        self.table.cursor = index
        look, number = self._look, found[1]
        self._found.show(lambda _width: hit_line(hits, number, look))

    def _type(self, text: str, *, hint: str, is_jumping: bool) -> None:
        self._is_jumping = is_jumping
        self._typed.placeholder = hint
        self._typed.value = text
        self._typed.display = True
        self._typed.focus()

    def _close(self) -> None:
        self._typed.display = False
        self.table.focus()

    @on(Input.Submitted)
    def submitted(self, message: Input.Submitted) -> None:
        """Use what was typed, or say what is wrong with it."""
        message.stop()
        if self._jump(message.value) if self._is_jumping else self.search(message.value):
            self._close()
            if not self._is_jumping:
                self.want()

    def _jump(self, text: str) -> bool:
        """Whether there is such a day; if not, it is said."""
        try:
            day = datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            self._complain(InputError(f"{text[:40]!r} is not a day", advice="Write it like 2026-02-14."))
            return False
        if self._order not in {Order.NEWEST, Order.OLDEST}:
            self._complain(
                InputError(
                    "the list is not sorted by time", advice=f"Press {self._told('sort')} until it is."
                )
            )
            return False
        if self._entries is not None:
            self.table.cursor = self._entries.first_before(int((day + timedelta(days=1)).timestamp()))
        return True

    def _told(self, name: str) -> str:
        """The key of an action of this pane."""
        return spelled_of(f"history.{name}", self._look)

    def _complain(self, error: InputError) -> None:
        self.notify(self._look.text(f"{error.message} {error.advice}"), severity="warning", markup=False)

    def on_row_table_moved(self, message: RowTable.Moved) -> None:
        """The last line is about the month of the entry under the cursor."""
        message.stop()
        self._show_month()

    def _show_month(self) -> None:
        row, look, snapshot = self.table.row(self.table.cursor), self._look, self._snapshot
        if row is None or snapshot is None:
            self._subtotal.show(lambda _width: Content(""))
            return
        month = self._month_of(datetime.fromtimestamp(row.occurred_at, UTC).strftime("%Y-%m"))
        if month is not None:
            value = snapshot.balance.token_value if snapshot.balance is not None else 0
            self._subtotal.show(lambda _width: month_line(month, look, token_value=value))


def found_line(entries: HistoryList, snapshot: Snapshot, look: Look) -> Content:
    """How many of how many, and what they add up to."""
    total = f"{entries.stream.seq:,}"
    if not entries.chips:
        view = snapshot.balance
        held = wording.amount(view.tokens, view.micro_dollars, look) if view is not None else "nothing"
        text = f" {total} entries, which add up to {held}"
        return Content.styled(text, "$text-muted")
    tokens, cost = entries.sums or (0, 0)
    parts = [Content(" ")]
    parts += [Content.assemble((f"[{look.text(chip.text)}]", "$primary"), " ") for chip in entries.chips]
    figures = [f"{wording.signed_tokens(tokens, look)} tokens"] if look.shows_tokens else []
    figures += [f"{wording.dollars(cost, look)} used"] if look.shows_dollars else []
    sums = f" {entries.count:,} of {total}: {' · '.join(figures)}"
    parts.append(Content.styled(look.own(sums), "$foreground"))
    return Content("").join(parts)


def hit_line(hits: HistoryList, number: int, look: Look) -> Content:
    """Which of the entries that were found the cursor stands on; the list shows all."""
    parts = [Content.styled(f" {number:,} of {hits.count:,} found by ", "$foreground")]
    parts += [Content.assemble((f"[{look.text(chip.text)}]", "$primary"), " ") for chip in hits.chips]
    return Content("").join([*parts, Content.styled(look.own("· in all entries"), "$text-muted")])


def month_line(month: MonthView, look: Look, *, token_value: int) -> Content:
    """The subtotal of a month."""
    came_in = month.granted + month.purchased
    name = wording.month_name(month.month)
    used = wording.tokens(month.tokens, look) if look.shows_tokens else wording.cents(month.cents, look)
    shown = f" ({wording.cents(month.cents, look)})" if look.money is Money.BOTH else ""
    sign = "+" if came_in > 0 else ""
    parts = [f"{used} used{shown}", f"{sign}{wording.worth(came_in, token_value, look)} granted or bought"]
    if month.expired:
        parts.append(f"{wording.worth(-month.expired, token_value, look)} lapsed")
    return Content.assemble((f" {name}: ", "bold"), look.own(" · ").join(parts))
