"""The table of the usage screen: a period by activity, model, member, or by what models reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from nostr_usage.amount import divide_half_up
from nostr_usage.reporting.periods import Length, Period
from nostr_usage.views import HistoryRow
from tui import wording
from tui.columns import Cell, Column
from tui.look import Look

if TYPE_CHECKING:
    # Loads the catalogue, which the first frame does without.
    from nostr_usage.insight.breakdown import Row
    from nostr_usage.reporting.usage import UsageView

_MUTED = "$text-muted"


class By(StrEnum):
    """What the table breaks use down by, in the order of the key that turns it."""

    ACTIVITY = "activity"
    MODEL = "model"
    MEMBER = "member"
    KIND = "input, output and cache"


BREAKDOWNS = (By.ACTIVITY, By.MODEL, By.MEMBER)
"""In the order of `UsageView.parts`; what models reported goes with the second."""


def refusal(view: UsageView, by: By) -> str:
    """Why the plan does not show it; empty where it does."""
    return view.refusals[BREAKDOWNS.index(By.MODEL if by is By.KIND else by)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """One row; what is not known, or has no meaning here, is None.

    `words` is the filter that finds its entries in the history, empty where none does.
    """

    name: str
    is_known: bool = True
    is_total: bool = False
    count: int | None = None
    tokens: int = 0
    cents: int | None = None
    each_micro: int | None = None
    share: int | None = None
    before: int | None = None
    words: str = ""


def part_rows(view: UsageView, by: By, labels: Mapping[str, str]) -> tuple[PartRow, ...]:
    """The rows of a period; their tokens and cents add to the total, their shares to 100."""
    if by is By.KIND:
        return _kind_rows(view)
    index = BREAKDOWNS.index(by)
    found, earlier = view.parts[index], view.before[index] if view.before is not None else None
    if found is None:
        return ()
    before = None if earlier is None else {row.name: row.tokens for row in earlier.rows}
    rows = tuple(
        PartRow(
            name=_name(row.name, by, labels),
            is_known=bool(row.name),
            count=row.count,
            tokens=row.tokens,
            cents=row.cents,
            each_micro=divide_half_up(max(row.micro_dollars, 0), row.count) if row.count else None,
            share=row.share,
            before=None if before is None else before.get(row.name, 0),
            words=_words(row, by, view.period),
        )
        for row in found.rows
    )
    total = PartRow(
        name="Total",
        is_total=True,
        count=view.total.count,
        tokens=sum(row.tokens for row in rows),
        cents=sum(row.cents or 0 for row in rows),
        share=sum(row.share or 0 for row in rows),
        before=view.used_before,
        words=period_words(view.period),
    )
    return (*rows, total) if rows else ()


def _kind_rows(view: UsageView) -> tuple[PartRow, ...]:
    """Prompt and completion tokens add up; pieces are counted apart."""
    rows = tuple(PartRow(name=row.kind.value, tokens=row.units, share=row.share) for row in view.kinds)
    tokens = [row for row in rows if row.share is not None]
    total = PartRow(
        name="Total of tokens",
        is_total=True,
        tokens=sum(row.tokens for row in tokens),
        share=sum(row.share or 0 for row in tokens),
    )
    return (*tokens, total, *(row for row in rows if row.share is None)) if tokens else rows


def _name(name: str, by: By, labels: Mapping[str, str]) -> str:
    if name:
        return labels.get(name, name) if by is By.ACTIVITY else name
    return "not reported" if by is By.MODEL else "nobody named"


def _words(row: Row, by: By, period: Period) -> str:
    """A filter for the history; a name that a filter cannot spell finds the period's entries only."""
    days = period_words(period)
    is_plain = row.name and not set(row.name) & set('",')
    match by:
        case By.ACTIVITY:
            return f"type:{row.name} {days}".strip() if is_plain else days
        case By.MEMBER:
            return f'actor:"{row.name}" {days}'.strip() if is_plain else days
        case _:
            return days


def period_words(period: Period) -> str:
    """The period as a filter of the history; empty for everything."""
    match period.length:
        case Length.ALL:
            return ""
        case Length.MONTH:
            return f"month:{period.first:%Y-%m}"
        case Length.DAY:
            return f"on:{period.first.isoformat()}"
        case _:
            return f"after:{period.first.isoformat()} before:{(period.last + timedelta(days=1)).isoformat()}"


def part_columns(by: By, look: Look, *, before: str) -> tuple[Column[PartRow], ...]:
    """The columns of the table; `before` is what the last is called."""
    share = (
        Column(title="Share", width=5, cell=_share, is_right=True, needs=56 if look.shows_tokens else 0),
        Column(title="", width=12, cell=_bar, needs=56 if by is By.KIND else 90),
    )
    if by is By.KIND:
        units = Column(title="Units", width=14, cell=_tokens, is_right=True)
        return (Column(title="Reported", width=19, cell=_part, is_flexible=True), units, *share)
    each = Column(title="Each", width=7, cell=_each, is_right=True, needs=66)
    columns = [
        Column(title=by.value.capitalize(), width=19, cell=_part, is_flexible=True),
        Column(title="Times", width=6, cell=_count, is_right=True),
    ]
    if look.shows_tokens:
        columns.append(Column(title="Tokens", width=10, cell=_tokens, is_right=True))
    if look.shows_dollars:
        columns.append(
            Column(title="USD", width=9, cell=_cents, is_right=True, needs=50 if look.shows_tokens else 0)
        )
    columns += [*share, *((each,) if look.shows_dollars else ())]
    if look.shows_tokens:
        columns.append(Column(title=before, width=9, cell=_before, is_right=True, needs=74))
    return tuple(columns)


def dear_columns(
    labels: Mapping[str, str], look: Look, *, hides_descriptions: bool
) -> tuple[Column[HistoryRow], ...]:
    """The columns of the dearest actions."""

    def when(row: HistoryRow, look: Look) -> Cell:
        return Cell(text=wording.day_name(look.moment(row.occurred_at).date()), style=_MUTED)

    def what(row: HistoryRow, look: Look) -> Cell:
        return Cell(
            text="hidden" if hides_descriptions and row.description else look.text(row.description or ""),
            style=_MUTED,
        )

    def name(row: HistoryRow, look: Look) -> Cell:
        return Cell(text=look.text(labels.get(row.type, row.type)))

    columns = [
        Column(title="When", width=6, cell=when),
        Column(title="Activity", width=8, cell=name, is_flexible=True),
        Column(title="What", width=16, cell=what, is_flexible=True, needs=60),
    ]
    if look.shows_tokens:
        columns.append(Column(title="Tokens", width=8, cell=_taken, is_right=True))
    if look.shows_dollars:
        columns.append(
            Column(title="USD", width=7, cell=_shown, is_right=True, needs=34 if look.shows_tokens else 0)
        )
    return tuple(columns)


def _taken(row: HistoryRow, look: Look) -> Cell:
    return Cell(text=wording.tokens(-row.tokens, look))


def _shown(row: HistoryRow, look: Look) -> Cell:
    return Cell(text=wording.dollars(row.micro_dollars, look), style=_MUTED)


def _part(row: PartRow, look: Look) -> Cell:
    return Cell(text=look.text(row.name), style="bold" if row.is_total else "" if row.is_known else _MUTED)


def _count(row: PartRow, look: Look) -> Cell:
    del look
    return Cell(text="" if row.count is None else f"{row.count:,}")


def _tokens(row: PartRow, look: Look) -> Cell:
    return Cell(text=wording.tokens(row.tokens, look), style="bold" if row.is_total else "")


def _cents(row: PartRow, look: Look) -> Cell:
    return Cell(
        text="" if row.cents is None else wording.cents(row.cents, look), style="bold" if row.is_total else ""
    )


def _share(row: PartRow, look: Look) -> Cell:
    del look
    return Cell(text="" if row.share is None else f"{row.share}%")


def _bar(row: PartRow, look: Look) -> Cell:
    return Cell(text="" if row.is_total else look.bar(row.share or 0, 100, 12)[0], style="$primary")


def _each(row: PartRow, look: Look) -> Cell:
    return Cell(text="" if row.each_micro is None else wording.dollars(row.each_micro, look), style=_MUTED)


def _before(row: PartRow, look: Look) -> Cell:
    """Nobody knows what was used before the account was opened."""
    return Cell(text=look.own("–") if row.before is None else wording.tokens(row.before, look), style=_MUTED)
