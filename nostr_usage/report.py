"""Report: store ─▶ entries and problems ─▶ fold ─▶ balance, month, history ─▶ view.

The fold's state is kept with the newest entry, so a balance costs the same after a million entries as after
one. What only `balance` needs is all that this module loads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nostr_usage.amount import cents_that_add, micro_dollars, percent, shares
from nostr_usage.errors import UnknownNameError
from nostr_usage.ledger.figures import CycleTotals
from nostr_usage.ledger.lot import Lot
from nostr_usage.ledger.names import DEFAULT_METER, AccountId, Operation, Source
from nostr_usage.ledger.state import next_allowance_at, state_from_json
from nostr_usage.store import EntryRow, MonthTotal, Reader, StreamRow
from nostr_usage.store.totals import SUM_MAX
from nostr_usage.views import ActivityRow, BalanceView, HistoryRow, LotView, MonthView

_PAGE_ROWS = 500
# A renewal is followed by its grant at once; a few late actions may stand between.
_CYCLE_START_ENTRIES = 16


def stream_of(reader: Reader, account: AccountId, meter: str = DEFAULT_METER) -> StreamRow:
    """The stream to report on.

    Raises:
        UnknownNameError: if the account has no entries in this meter.
    """
    stream = reader.stream(account, meter)
    if stream is None:
        raise UnknownNameError(
            "account", account, advice="Run `nostr-usage sync`, or look at `nostr-usage account list`."
        )
    return stream


def balance_view(reader: Reader, stream: StreamRow, *, now: int, token_value: int) -> BalanceView:
    """The balance at `now` (unix seconds), at `token_value` nano-dollars a token."""
    state = state_from_json(stream.state_json)
    live = [lot for lot in state.lots if lot.expires_at is None or lot.expires_at > now]
    tokens = sum(lot.remaining for lot in live) - state.debt
    cycle = state.cycles[-1] if state.cycles else None
    resets_at = next_allowance_at(state, now=now)
    used = max(cycle.used - cycle.refunded, 0) if cycle else 0
    account = reader.account(stream.account)
    lots = tuple(_lot_view(reader, stream.stream_no, lot) for lot in live)
    allowance = [lot for lot in lots if lot.source is Source.ALLOWANCE]
    purchased = sum(lot.remaining for lot in lots if lot.source is Source.PURCHASED)
    return BalanceView(
        account=stream.account,
        label=(account.label if account else None) or "",
        meter=stream.meter,
        tokens=tokens,
        allowance=sum(lot.remaining for lot in allowance),
        allowance_granted=sum(lot.granted for lot in allowance)
        or _allowance_granted(reader, stream.stream_no, cycle),
        purchased=purchased,
        other=sum(lot.remaining for lot in lots) - purchased - sum(lot.remaining for lot in allowance),
        debt=state.debt,
        held=reader.held(stream.stream_no, now=now),
        used_this_cycle=used,
        lifetime_used=state.lifetime.used - state.lifetime.refunded,
        percent=percent(tokens, tokens + used),
        micro_dollars=micro_dollars(tokens, token_value),
        token_value=token_value,
        cycle_start=cycle.start if cycle else None,
        resets_at=resets_at,
        is_reset_due=resets_at is not None and resets_at <= now,
        lots=lots,
        state=stream.status.value,
        as_of_seq=stream.seq,
        as_of_id=stream.head_id,
        as_of=stream.created_at,
        problems=reader.problems(stream.stream_no),
    )


def month_view(reader: Reader, stream: StreamRow, month: str) -> MonthView:
    """One month (`2026-02`, UTC) by activity; all zero for a month without entries."""
    totals = reader.month_totals(stream.stream_no, month)
    by_activity: dict[str, list[int]] = {}
    for total in totals:
        if total.operation in {Operation.DEBIT, Operation.REFUND}:
            sums = by_activity.setdefault(total.type, [0, 0, 0])
            sums[0] += total.count if total.operation is Operation.DEBIT else 0
            sums[1] -= total.operation.sign * total.tokens
            sums[2] -= total.operation.sign * total.cost
    ordered = sorted(by_activity.items(), key=lambda item: (-item[1][1], item[0]))
    cents = cents_that_add([sums[2] for _, sums in ordered])
    portions = shares([max(sums[1], 0) for _, sums in ordered])
    rows = tuple(
        ActivityRow(activity=name, count=count, tokens=tokens, micro_dollars=cost, cents=cent, share=share)
        for (name, (count, tokens, cost)), cent, share in zip(ordered, cents, portions, strict=True)
    )
    granted = _sum(totals, Operation.GRANT)
    purchased = reader.purchased_in(stream.stream_no, month)
    return MonthView(
        account=stream.account,
        meter=stream.meter,
        month=month,
        rows=rows,
        tokens=sum(row.tokens for row in rows),
        micro_dollars=sum(row.micro_dollars for row in rows),
        cents=sum(row.cents for row in rows),
        granted=granted - purchased,
        purchased=purchased,
        expired=_sum(totals, Operation.EXPIRE),
        reversed=_sum(totals, Operation.REVERSE),
        is_known=all(max(total.tokens, total.cost) < SUM_MAX for total in totals),
    )


def history(
    reader: Reader, stream: StreamRow, *, before_seq: int | None = None, limit: int | None = None
) -> Iterator[HistoryRow]:
    """Entries, newest first, from below `before_seq` on; `limit` None is all of them."""
    left = limit if limit is not None else stream.seq
    upper = before_seq - 1 if before_seq is not None else stream.seq
    while left > 0 and upper > 0:
        page = list(
            reader.entries(stream.stream_no, until_seq=upper, newest_first=True, limit=min(left, _PAGE_ROWS))
        )
        if not page:
            return
        for row in page:
            yield _history_row(reader, row)
        left -= len(page)
        upper = page[-1].seq - 1


def rows_at(reader: Reader, stream: StreamRow, seqs: Sequence[int]) -> dict[int, HistoryRow]:
    """The entries at these places of a stream, by place; what is not there is left out."""
    return {row.seq: _history_row(reader, row) for row in reader.entries_at(stream.stream_no, seqs)}


def _history_row(reader: Reader, row: EntryRow) -> HistoryRow:
    details = reader.details(row.entry_no)
    queued = reader.outbox_of(row.entry_no)
    return HistoryRow(
        entry_id=row.entry_id,
        seq=row.seq,
        occurred_at=row.occurred_at,
        operation=row.operation,
        type=row.type,
        tokens=row.signed_tokens,
        micro_dollars=row.cost,
        balance=row.balance,
        description=details.description if details else None,
        confirmed=sum(entry.state.value == "confirmed" for entry in queued),
        queued=len(queued),
    )


def _lot_view(reader: Reader, stream_no: int, lot: Lot) -> LotView:
    """A lot does not remember its size; the entry that opened it does."""
    opened = reader.entry_at(stream_no, lot.seq)
    return LotView(
        source=lot.source,
        remaining=lot.remaining,
        granted=max(opened.tokens if opened else 0, lot.remaining),
        expires_at=lot.expires_at,
    )


def _allowance_granted(reader: Reader, stream_no: int, cycle: CycleTotals | None) -> int:
    """An allowance that is used up has no lot any more; the entry that granted it begins its cycle."""
    if cycle is None or cycle.granted == 0:
        return 0
    first = reader.entries(stream_no, after_seq=cycle.first_seq - 1, limit=_CYCLE_START_ENTRIES)
    return sum(
        row.tokens
        for row in first
        if row.operation is Operation.GRANT
        and row.lot_source is Source.ALLOWANCE
        and row.occurred_at >= cycle.start
    )


def _sum(totals: Sequence[MonthTotal], operation: Operation) -> int:
    return sum(total.tokens for total in totals if total.operation is operation)
