"""Store ─▶ the figures of a month: its statement, its breakdowns, and every entry with a running balance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from nostr_usage.errors import InputError
from nostr_usage.insight.breakdown import Breakdown, Dimension, breakdown
from nostr_usage.insight.use import Use
from nostr_usage.ledger.entry import AccountId, Entry, Operation
from nostr_usage.nostr.event import event_from_json
from nostr_usage.report import rows_at, stream_of
from nostr_usage.reporting.analytics import statement_view
from nostr_usage.reporting.entitlement import Entitlement
from nostr_usage.reporting.monthly.figures import ZONE, Line, MeterMonth, MonthlyReport
from nostr_usage.reporting.trends import days_in, month_after
from nostr_usage.store import AccountRow, EntryRow, Reader, StreamRow
from nostr_usage.wire.entry_event import entry_from_event

_UTC = ZoneInfo(ZONE)
_PAGE_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """What pseudonyms of members and departments stand for: only the service knows any."""

    is_organisation: bool
    members: Mapping[str, str]
    departments: Mapping[str, str]

    def member(self, pseudonym: str | None) -> str:
        """What to call a member; the pseudonym itself where nothing else is known, empty without one."""
        return self.members.get(pseudonym or "", pseudonym or "")

    def department(self, pseudonym: str | None) -> str:
        """The same of a department."""
        return self.departments.get(pseudonym or "", pseudonym or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dated:
    """An entry of the month, as it is signed; `is_checked` if its own signature was."""

    row: EntryRow
    entry: Entry
    is_checked: bool


def monthly_report(
    reader: Reader,
    account: AccountId,
    month: str,
    *,
    service: str,
    now: int,
    meter: str | None = None,
    is_own: bool = False,
    has_descriptions: bool = True,
    entitlement: Entitlement | None = None,
) -> MonthlyReport:
    """The month (`2026-02`, UTC) of an account, of one of its meters or of all that it has.

    Args:
        reader: the snapshot that it is read from.
        account: whose month.
        month: also one in which nothing happened.
        service: the public key that signs the ledger, 64 hex digits.
        now: unix seconds; a month that is not over then is not final.
        meter: None for all.
        is_own: whether the reader is the service that signs.
        has_descriptions: False to leave out what is private in the entries.
        entitlement: what the account's plan lets it see; None for everything.

    Raises:
        UnknownNameError: if there is no such account, or it has no entries in the meter.
        InputError: if the month has not begun.
    """
    row = reader.account(account)
    streams = list(reader.streams(account_no=row.account_no)) if row and meter is None else []
    streams = streams or [stream_of(reader, account, *([meter] if meter else []))]
    if _start_of(month) > now:
        raise InputError(f"{month} has not begun", advice="Choose an earlier month.")
    names = _names(reader, row)
    return MonthlyReport(
        service=service,
        account=account,
        label=(row.label if row else None) or "",
        is_organisation=names.is_organisation,
        is_own=is_own,
        month=month,
        ends_at=_start_of(month_after(month)),
        made_at=now,
        hidden=frozenset(one for one in Dimension if entitlement and not entitlement.includes_dimension(one)),
        meters=tuple(
            _meter_month(reader, stream, month, names=names, has_descriptions=has_descriptions)
            for stream in streams
        ),
    )


def _names(reader: Reader, account: AccountRow | None) -> _Names:
    if account is None:
        return _Names(is_organisation=False, members={}, departments={})
    number = account.account_no
    return _Names(
        is_organisation=reader.is_organisation(number),
        members={one.pseudonym: one.name for one in reader.members(number)},
        departments={one.pseudonym: one.name for one in reader.departments(number)},
    )


def _meter_month(
    reader: Reader, stream: StreamRow, month: str, *, names: _Names, has_descriptions: bool
) -> MeterMonth:
    statement = statement_view(reader, stream, month)
    dated = tuple(_dated(reader, stream, month))
    uses = tuple(_uses(reader, dated, names))

    def by(dimension: Dimension) -> Breakdown:
        return breakdown(uses, dimension, zone=_UTC)

    by_day = {row.name: row.tokens for row in by(Dimension.DAY).rows}
    return MeterMonth(
        meter=stream.meter,
        seq=stream.seq,
        head_id=stream.head_id,
        as_of=stream.created_at,
        status=stream.status,
        problems=reader.problems(stream.stream_no),
        signatures_checked=sum(one.is_checked for one in dated),
        statement=statement,
        activities=by(Dimension.ACTIVITY),
        models=by(Dimension.MODEL),
        members=by(Dimension.MEMBER),
        departments=by(Dimension.GROUP),
        days=tuple(by_day.get(f"{month}-{day:02d}", 0) for day in range(1, days_in(month) + 1)),
        lines=tuple(
            _lines(
                reader,
                stream,
                dated,
                opening=statement.opening,
                names=names,
                has_descriptions=has_descriptions,
            )
        ),
    )


def _dated(reader: Reader, stream: StreamRow, month: str) -> Iterator[_Dated]:
    """The entries of the month with their events; both are in the order of the ledger."""
    rows = {row.entry_no: row for row in reader.entries_of_month(stream.stream_no, month)}
    first_seq = next((row.seq for row in rows.values()), 0)
    for event in reader.events_of_stream(stream.stream_no, after_seq=first_seq - 1):
        if not rows:
            return
        row = rows.pop(event.event_no, None)
        if row is not None:
            entry = entry_from_event(event_from_json(event.event_json))
            yield _Dated(row=row, entry=entry, is_checked=event.sig_checked)


def _uses(reader: Reader, dated: Iterable[_Dated], names: _Names) -> Iterator[Use]:
    """Debits and refunds; a refund counts for whom and for which model its debit counted."""
    for one in dated:
        entry = one.entry
        if entry.operation not in {Operation.DEBIT, Operation.REFUND}:
            continue
        subject = _refunded(reader, entry) if entry.operation is Operation.REFUND else entry
        sign = -entry.operation.sign
        yield Use(
            at=entry.occurred_at,
            activity=entry.type,
            tokens=sign * entry.tokens,
            micro_dollars=sign * entry.cost.micro_dollars,
            count=1 if entry.operation is Operation.DEBIT else 0,
            actor=names.member(subject.actor),
            group=names.department(subject.group),
            prompt=subject.prompt,
            usage=tuple((line.model, line.bucket, line.units) for line in subject.usage),
        )


def _refunded(reader: Reader, refund: Entry) -> Entry:
    event_json = reader.event_json(refund.ref) if refund.ref else None
    return entry_from_event(event_from_json(event_json)) if event_json else refund


def _lines(
    reader: Reader,
    stream: StreamRow,
    dated: tuple[_Dated, ...],
    *,
    opening: int,
    names: _Names,
    has_descriptions: bool,
) -> Iterator[Line]:
    running = opening
    for start in range(0, len(dated), _PAGE_ROWS):
        page = dated[start : start + _PAGE_ROWS]
        rows = rows_at(reader, stream, [one.row.seq for one in page])
        for one in page:
            row = rows[one.row.seq]
            running += row.tokens
            yield Line(
                row=row,
                running=running,
                description=(row.description or "") if has_descriptions else "",
                member=names.member(one.entry.actor),
                department=names.department(one.entry.group),
            )


def _start_of(month: str) -> int:
    return int(datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).timestamp())
