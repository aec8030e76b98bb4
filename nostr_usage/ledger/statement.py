"""Statements: what happened in a month, by activity, in figures that re-add.

An entry belongs to the month of its occurred_at: in UTC, as its `m` tag says, unless another zone is asked
for. So an `expire` at the first second of March is in March, and the opening of March still holds what lapses
then. `opening + granted + purchased + refunded − used − expired − reversed = closing`, and the closing of a
month is the opening of the next.

The type of a refund is the activity of the debit that it returns. So the rows are net per activity, and add
to `used − refunded`. The row of an activity may be negative, where a month returns more than it used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from nostr_usage.amount import shares
from nostr_usage.ledger.cycle import zone_named
from nostr_usage.ledger.entry import Entry, Operation, Source

# A day before the last second that `datetime` knows, so that there is a local time for it in every zone.
_TIME_MAX = 253_402_214_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRow:
    """One activity, net of its refunds.

    Attributes:
        activity: the type of its entries.
        count: debits, refunded or not.
        tokens: used less refunded.
        micro_dollars: what was shown for the debits, less that for the refunds.
        share: of all rows' tokens, in percent; the shares of a statement add to 100, or are all 0.
    """

    activity: str
    count: int
    tokens: int
    micro_dollars: int
    share: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthStatement:
    """One month of one stream, in tokens.

    Attributes:
        month: `2026-02`.
        zone: the IANA zone whose months these are.
        opening, closing: the balance before and after the entries of the month.
        granted: from every source but purchases.
        purchased: of the grants, what was bought.
        used: debits in full.
        refunded: of debits of this or an earlier month.
        expired: what lapsed.
        reversed: grants taken back.
        micro_dollars: the sum of the rows.
        count: entries of the month, those that move nothing included.
        rows: by activity, the largest first.
    """

    month: str
    zone: str
    opening: int
    granted: int
    purchased: int
    used: int
    refunded: int
    expired: int
    reversed: int
    micro_dollars: int
    count: int
    rows: tuple[ActivityRow, ...]

    @property
    def closing(self) -> int:
        """The balance after the entries of the month."""
        added = self.granted + self.purchased + self.refunded
        return self.opening + added - self.used - self.expired - self.reversed


def months(entries: Iterable[Entry], *, zone: str = "UTC") -> Iterator[MonthStatement]:
    """A statement of every month in which something happened, oldest first.

    Args:
        entries: all entries of one stream, in any order, each once.
        zone: the IANA zone whose months are meant.

    Raises:
        UnknownNameError: for no such zone.
    """
    opening = 0
    for month, sheet in sorted(_sheets(entries, zone).items()):
        statement = sheet.statement(month, zone, opening)
        yield statement
        opening = statement.closing


def month_statement(entries: Iterable[Entry], month: str, *, zone: str = "UTC") -> MonthStatement:
    """The statement of `month` (`2026-02`), also if nothing happened in it; arguments as for `months`.

    Raises:
        UnknownNameError: for no such zone.
    """
    sheets = _sheets(entries, zone)
    opening = sum(sheet.moved for earlier, sheet in sheets.items() if earlier < month)
    return sheets.get(month, _Sheet()).statement(month, zone, opening)


def activity_rows(entries: Iterable[Entry]) -> tuple[ActivityRow, ...]:
    """The activities of `entries` whatever their month, the largest first."""
    sheet = _Sheet()
    for entry in entries:
        sheet.add(entry)
    return sheet.rows()


@dataclass(slots=True)
class _Activity:
    """One activity while it is being added up."""

    count: int = 0
    tokens: int = 0
    micro_dollars: int = 0


@dataclass(slots=True)
class _Sheet:
    """A statement while it is being added up."""

    count: int = 0
    moved: int = 0
    granted: int = 0
    purchased: int = 0
    sums: dict[Operation, int] = field(default_factory=dict[Operation, int])
    activities: dict[str, _Activity] = field(default_factory=dict[str, _Activity])

    def add(self, entry: Entry) -> None:
        operation, tokens = entry.operation, entry.tokens
        self.count += 1
        self.moved += operation.sign * tokens
        self.sums[operation] = self.sums.get(operation, 0) + tokens
        if operation is Operation.GRANT:
            if entry.lot is not None and entry.lot.source is Source.PURCHASED:
                self.purchased += tokens
            else:
                self.granted += tokens
        elif operation is Operation.DEBIT or operation is Operation.REFUND:
            activity = self.activities.setdefault(entry.type, _Activity())
            activity.count += operation is Operation.DEBIT
            activity.tokens -= operation.sign * tokens
            activity.micro_dollars -= operation.sign * entry.cost.micro_dollars

    def rows(self) -> tuple[ActivityRow, ...]:
        ordered = sorted(self.activities.items(), key=lambda item: (-item[1].tokens, item[0]))
        percents = shares([max(0, activity.tokens) for _, activity in ordered])
        return tuple(
            ActivityRow(
                activity=name,
                count=activity.count,
                tokens=activity.tokens,
                micro_dollars=activity.micro_dollars,
                share=share,
            )
            for (name, activity), share in zip(ordered, percents, strict=True)
        )

    def statement(self, month: str, zone: str, opening: int) -> MonthStatement:
        rows = self.rows()
        return MonthStatement(
            month=month,
            zone=zone,
            opening=opening,
            granted=self.granted,
            purchased=self.purchased,
            used=self.sums.get(Operation.DEBIT, 0),
            refunded=self.sums.get(Operation.REFUND, 0),
            expired=self.sums.get(Operation.EXPIRE, 0),
            reversed=self.sums.get(Operation.REVERSE, 0),
            micro_dollars=sum(row.micro_dollars for row in rows),
            count=self.count,
            rows=rows,
        )


def _sheets(entries: Iterable[Entry], zone: str) -> dict[str, _Sheet]:
    named = zone_named(zone)
    sheets: dict[str, _Sheet] = {}
    for entry in entries:
        sheets.setdefault(_month_of(entry.occurred_at, named), _Sheet()).add(entry)
    return sheets


def _month_of(moment: int, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(min(moment, _TIME_MAX), zone)
    return f"{local.year:04}-{local.month:02}"
