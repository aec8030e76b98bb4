"""Where the tokens went: a month by activity and by day, against the month before, and how long they last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.message import Message

from nostr_usage.amount import divide_half_up, format_tokens
from nostr_usage.reporting.trends import TrendView, month_after, month_before
from nostr_usage.views import ActivityRow
from tui import wording
from tui.columns import Cell, Column
from tui.keys import bindings_of
from tui.look import Look
from tui.snapshot import Snapshot
from tui.source import month_of
from tui.widgets.panel import Panel
from tui.widgets.row_table import RowTable

_MUTED = "$text-muted"
_CHART_LEFT = 8


class UsagePane(Container):
    """One month; asks for another when the user turns pages."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("usage")

    class Wanted(Message):
        """The trends of another month are wanted."""

        def __init__(self, month: str) -> None:
            super().__init__()
            self.month = month

    def __init__(self, *, look: Look) -> None:
        super().__init__(id="usage")
        self._look = look
        self._snapshot: Snapshot | None = None
        self._month = ""
        self._days = Panel("By day", widget_id="days", is_ascii=look.is_ascii)
        self._outlook = Panel("Against the month before", widget_id="trend", is_ascii=look.is_ascii)
        self.table: RowTable[ActivityRow] = RowTable(
            (), look=look, widget_id="activities", empty="Nothing was used in this month."
        )
        self.table.set_class(look.is_ascii, "-ascii")

    def compose(self) -> ComposeResult:
        """Activities above, days and comparison below."""
        yield self.table
        with Horizontal(id="lower"):
            yield self._days
            yield self._outlook

    def want(self) -> None:
        """Ask for the month that is shown once more."""
        if self._snapshot is not None:
            self._month = self._month or month_of(self._snapshot.taken_at)
            self.post_message(self.Wanted(self._month))

    def show_snapshot(self, snapshot: Snapshot, look: Look) -> None:
        """Use the words of another snapshot."""
        self._snapshot, self._look = snapshot, look

    def show_trend(self, trend: TrendView) -> None:
        """Draw a month."""
        snapshot, look = self._snapshot, self._look
        if snapshot is None or trend.month.month != self._month:
            return
        rows = trend.month.rows
        before = {row.activity: row.tokens for row in trend.before.rows}
        total = f"{wording.tokens(trend.month.tokens, look)} tokens, {wording.cents(trend.month.cents, look)}"
        title = look.own(f"{wording.month_name(trend.month.month)} · {total}")
        self.table.border_title = Content(title)  # pyright: ignore[reportAttributeAccessIssue]  # declared as str, takes Content
        self.table.show(
            len(rows), rows.__getitem__, columns=_columns(snapshot.labels, before, trend), look=look, cursor=0
        )
        self._days.show(lambda width, height: day_lines(trend, look, width, height))
        self._outlook.show(lambda _width, _height: trend_lines(trend, look))

    def action_earlier(self) -> None:
        """The month before."""
        if self._month:
            self._turn(month_before(self._month))

    def action_later(self) -> None:
        """The month after, up to this one."""
        if self._snapshot is not None and self._month and self._month < month_of(self._snapshot.taken_at):
            self._turn(month_after(self._month))

    def action_this_month(self) -> None:
        """Back to this month."""
        if self._snapshot is not None:
            self._turn(month_of(self._snapshot.taken_at))

    def _turn(self, month: str) -> None:
        self._month = month
        self.want()


def _columns(
    labels: Mapping[str, str], before: Mapping[str, int], trend: TrendView
) -> tuple[Column[ActivityRow], ...]:
    def name(row: ActivityRow, look: Look) -> Cell:
        return Cell(text=look.text(labels.get(row.activity, row.activity)))

    def each(row: ActivityRow, look: Look) -> Cell:
        mean = divide_half_up(max(row.micro_dollars, 0), row.count) if row.count else 0
        return Cell(text=wording.dollars(mean, look) if row.count else "", style=_MUTED)

    def bar(row: ActivityRow, look: Look) -> Cell:
        return Cell(text=look.bar(row.share, 100, 12)[0], style="$primary")

    def earlier(row: ActivityRow, look: Look) -> Cell:
        return Cell(text=wording.tokens(before.get(row.activity, 0), look), style=_MUTED)

    return (
        Column(title="Activity", width=19, cell=name, is_flexible=True),
        Column(title="Times", width=6, cell=lambda row, _look: Cell(text=f"{row.count:,}"), is_right=True),
        Column(
            title="Tokens",
            width=10,
            cell=lambda row, look: Cell(text=wording.tokens(row.tokens, look)),
            is_right=True,
        ),
        Column(
            title="USD",
            width=9,
            cell=lambda row, look: Cell(text=wording.cents(row.cents, look)),
            is_right=True,
            needs=50,
        ),
        Column(
            title="Share",
            width=5,
            cell=lambda row, _look: Cell(text=f"{row.share}%"),
            is_right=True,
            needs=56,
        ),
        Column(title="", width=12, cell=bar, needs=90),
        Column(title="Each", width=7, cell=each, is_right=True, needs=66),
        Column(
            title=wording.month_name(trend.before.month).split()[0][:3],
            width=9,
            cell=earlier,
            is_right=True,
            needs=74,
        ),
    )


def day_lines(trend: TrendView, look: Look, width: int, height: int) -> list[Content]:
    """A column for each day, from nothing to the greatest; days to come are dots."""
    rows = max(1, height - 1)
    top = max((day or 0 for day in trend.days), default=0)
    step = max(1, min(3, (width - _CHART_LEFT) // len(trend.days)))
    shades = look.glyphs.shades
    levels = len(shades) - 1
    lines: list[Content] = []
    for row in range(rows, 0, -1):
        cells = ""
        for day in trend.days:
            filled = 0 if top == 0 else -(-max(day or 0, 0) * rows * levels // top) - (row - 1) * levels
            cells += (shades[max(0, min(levels, filled))] * max(1, step - 1)).ljust(step)
        axis = format_tokens(top) if row == rows else ("0" if row == 1 and rows > 1 else "")
        lines.append(Content.assemble((f"{axis:>{_CHART_LEFT - 1}} ", _MUTED), (cells, "$primary")))
    numbers = "".join(f"{number:<{step * 5}}" for number in range(1, len(trend.days) + 1, 5))
    lines.append(Content.styled(" " * _CHART_LEFT + numbers[: step * len(trend.days)], _MUTED))
    return lines


def trend_lines(trend: TrendView, look: Look) -> list[Content]:
    """The comparison, and how long the balance lasts."""
    now, then = trend.used_until_today, trend.used_until_then
    earlier = wording.month_name(trend.before.month)
    lines = [
        _pair("Used", f"{wording.tokens(now, look)}"),
        _pair("Then", f"{wording.tokens(then, look)} by the same day of {earlier.split()[0]}"),
        _pair("Change", change(now, then, look)),
        _pair("A day", f"{format_tokens(trend.burn_per_day)} in the last 14 days"),
    ]
    if trend.lasts_days is None:
        lines.append(_pair("Lasts", "nothing was used of late"))
    else:
        lines.append(_pair("Lasts", f"about {trend.lasts_days:,} days at that rate"))
    return lines


def change(now: int, then: int, look: Look) -> str:
    """How much more or less, in percent; nothing to compare with is said, not divided by."""
    if then <= 0:
        return "nothing to compare with"
    percent = divide_half_up(abs(now - then) * 100, then)
    if now == then:
        return "the same"
    sign = "+" if now > then else look.glyphs.minus
    return f"{sign}{percent:,} %"


def _pair(name: str, value: str) -> Content:
    return Content.assemble((f"{name:<8}", _MUTED), value)
