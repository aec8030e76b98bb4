"""What the store says beside an event, compared with the event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from nostr_usage.ledger.entry import AccountId, Entry
from nostr_usage.ledger.fold import state_to_json
from nostr_usage.ledger.problems import Problem, ProblemCode, uncountable
from nostr_usage.store import EntryRow, Reader, StreamRow
from nostr_usage.store.totals import SUM_MAX
from nostr_usage.wire.audit import Check, StreamFold
from nostr_usage.wire.entry_event import month_of


def row_check(row: EntryRow, entry: Entry) -> Check:
    """Whether the columns of the store say what the event says."""
    signed = {
        "seq": entry.seq,
        "operation": entry.operation,
        "type": entry.type,
        "tokens": entry.tokens,
        "cost": entry.cost.micro_dollars,
        "balance": entry.balance.total,
        "occurred_at": entry.occurred_at,
        "created_at": entry.created_at,
        "month": month_of(entry.occurred_at),
        "request": entry.request,
        "ref": entry.ref,
        "lot_source": entry.lot.source if entry.lot else None,
        "actor": entry.actor,
        "group": entry.group,
        "prompt": entry.prompt,
    }
    different = [name for name, value in signed.items() if getattr(row, name) != value]
    detail = f"the store has another {', '.join(different)}" if different else "the store says what it says"
    return Check(name="store", is_ok=not different, detail=detail, code=ProblemCode.STORED_OTHERWISE)


def account_problems(reader: Reader, numbers: Mapping[AccountId, Set[int]]) -> Iterator[Problem]:
    """Where the number that an account is kept under is that of none of its `open` entries."""
    for account in reader.accounts():
        signed = numbers.get(account.account, set[int]())
        if account.open_number is not None and account.open_number not in signed:
            named = ", ".join(map(str, sorted(signed))) or "none"
            yield _otherwise(
                f"the store has account {account.account} under the number {account.open_number}, its"
                f" entries under {named}"
            )


def stream_problems(reader: Reader, stream: StreamRow, again: StreamFold) -> Iterator[Problem]:
    """Where what is stored of a stream differs from the stream folded again."""
    if (stream.seq, stream.head_id) != (again.state.seq, again.head):
        yield _otherwise(
            f"the store ends the stream with entry {stream.seq}, {stream.head_id}, its events with"
            f" {again.state.seq}, {again.head}"
        )
    if stream.created_at != again.state.created_at or stream.state_json != state_to_json(again.state):
        yield _otherwise("the saved state is not what the entries fold to: the balance shown may be wrong")
    yield from _month_problems(reader, stream, again)


def referred_problems(reader: Reader, stream: StreamRow, again: StreamFold) -> Iterator[Problem]:
    """Where what a refund would find of its debit differs from the fold: the draws, and what is left."""
    for entry_id, folded in again.referred.items():
        if reader.referred(entry_id, stream_no=stream.stream_no) != folded:
            yield Problem(
                code=ProblemCode.STORED_OTHERWISE,
                message=f"seq {folded.lot_seq}: its saved draws or refunds are not what the entries fold to",
                seq=folded.lot_seq,
                entry_id=entry_id,
            )


def _month_problems(reader: Reader, stream: StreamRow, again: StreamFold) -> Iterator[Problem]:
    stored = {
        (total.month, total.operation, total.type): (total.count, total.tokens, total.cost)
        for total in reader.month_totals(stream.stream_no)
    }
    for key in sorted(stored.keys() | again.months.keys()):
        count, tokens, cost = again.months.get(key, (0, 0, 0))
        kept, summed = stored.get(key, (0, 0, 0)), (count, min(tokens, SUM_MAX), min(cost, SUM_MAX))
        month, operation, type_ = key
        if SUM_MAX in summed:
            yield uncountable(month, operation, type_)
        if kept != summed:
            yield _otherwise(
                f"{month}: the saved sums of {operation} {type_} are {_sums(kept)}, its entries give"
                f" {_sums(summed)}"
            )


def _sums(sums: tuple[int, int, int]) -> str:
    count, tokens, cost = sums
    return f"{count:,} entries, {tokens:,} tokens, {cost:,} micro-dollars"


def _otherwise(message: str) -> Problem:
    return Problem(code=ProblemCode.STORED_OTHERWISE, message=message)
