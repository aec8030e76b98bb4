"""A stream as it was: its balance after any entry, folded again from the signed events up to that entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from nostr_usage.ledger.entry import Entry, EntryId
from nostr_usage.ledger.fold import EMPTY_STATE, Lifetime, Lot, Referred, balance_of, fold
from nostr_usage.nostr.event import event_from_json
from nostr_usage.store import EntryRow, Reader, StreamRow
from nostr_usage.views import LotView
from nostr_usage.wire.entry_event import entry_from_event

_BATCH_LINES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PastView:
    """A stream after its entry `row`.

    Attributes:
        row: the entry; `row.balance` is the balance that it states.
        tokens: the balance that the fold gives; equal to what the entry states, unless the ledger errs.
        lots: in the order of spending; those that lapsed count until their `expire` entry.
        debt: tokens used that no lot covered.
        lifetime: the sums over all entries up to this one.
        problems: how many the fold found up to this entry.
    """

    row: EntryRow
    tokens: int
    lots: tuple[LotView, ...]
    debt: int
    lifetime: Lifetime
    problems: int


def past_view(reader: Reader, stream: StreamRow, seq: int) -> PastView | None:
    """The stream after its entry `seq`; None if that is not held. Folds all before it: seconds in a long one.

    Raises:
        EventError: if an event up to `seq` is not well formed.
        EntryFormatError: if one carries no entry.
    """
    row = reader.entry_at(stream.stream_no, seq)
    if row is None:
        return None
    state, head, problems = EMPTY_STATE, None, 0
    referred: dict[EntryId, Referred] = {}
    lines = _lines(reader, stream, seq)
    while batch := list(islice(lines, _BATCH_LINES)):
        folded = fold(batch, state=state, head=head, referred=referred)
        state, head = folded.state, folded.head
        problems += len(folded.problems)
        referred.update(folded.referred)
    return PastView(
        row=row,
        tokens=balance_of(state).total,
        lots=tuple(_lot_view(reader, stream, lot) for lot in state.lots),
        debt=state.debt,
        lifetime=state.lifetime,
        problems=problems,
    )


def _lines(reader: Reader, stream: StreamRow, until_seq: int) -> Iterator[tuple[EntryId, Entry]]:
    for row in reader.events_of_stream(stream.stream_no):
        event = event_from_json(row.event_json)
        entry = entry_from_event(event)
        if entry.seq > until_seq:
            return
        yield EntryId(event.id), entry


def _lot_view(reader: Reader, stream: StreamRow, lot: Lot) -> LotView:
    """A lot does not remember its size; the entry that opened it does."""
    opened = reader.entry_at(stream.stream_no, lot.seq)
    granted = max(opened.tokens if opened else 0, lot.remaining)
    return LotView(source=lot.source, remaining=lot.remaining, granted=granted, expires_at=lot.expires_at)
