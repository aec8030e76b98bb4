"""A stream as it was: its balance after any entry, folded again from the signed events up to that entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from nostr_usage.ledger.entry import Entry, EntryId
from nostr_usage.ledger.fold import (
    EMPTY_STATE,
    Lifetime,
    Lot,
    Referred,
    StreamState,
    balance_of,
    fold,
)
from nostr_usage.nostr.event import event_from_json
from nostr_usage.store import EntryRow, Reader, StreamRow
from nostr_usage.views import LotView
from nostr_usage.wire.entry_event import entry_from_event

_BATCH_LINES = 100
NEAR_ENTRIES = 2_000
"""Entries before the one that is looked at within which every checkpoint is kept."""
FAR_CHECKPOINTS = 50
CHECKPOINTS_MAX = 120


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


class _Checkpoint(NamedTuple):
    """A fold that can be gone on with; `referred` are those entries that a refund or reverse names."""

    state: StreamState
    head: EntryId | None
    problems: int
    referred: dict[EntryId, Referred]


_START = _Checkpoint(state=EMPTY_STATE, head=None, problems=0, referred={})


class Past:
    """One stream as it was, any number of times: whoever steps to and fro folds a few entries, not all.

    Only what was folded here from signed events is gone on with. For one thread at a time.
    """

    def __init__(self) -> None:
        self._stream_no: int | None = None
        self._head_id: EntryId | None = None
        self._named: frozenset[EntryId] = frozenset()
        self._checkpoints: dict[int, _Checkpoint] = {}

    def view(self, reader: Reader, stream: StreamRow, seq: int) -> PastView | None:
        """The stream after its entry `seq`; None if that is not held. The first folds all before it.

        Raises:
            EventError: if an event up to `seq` is not well formed.
            EntryFormatError: if one carries no entry.
        """
        row = reader.entry_at(stream.stream_no, seq)
        if row is None:
            return None
        self._settle(reader, stream)
        start = max((place for place in self._checkpoints if place <= seq), default=0)
        reached = self._checkpoints.get(start, _START)
        lines = _lines(reader, stream, after_seq=start, until_seq=seq)
        while batch := list(islice(lines, _BATCH_LINES)):
            reached = _folded(reached, batch, self._named)
            self._keep(reached, target=seq)
        return PastView(
            row=row,
            tokens=balance_of(reached.state).total,
            lots=tuple(_lot_view(reader, stream, lot) for lot in reached.state.lots),
            debt=reached.state.debt,
            lifetime=reached.state.lifetime,
            problems=reached.problems,
        )

    def _settle(self, reader: Reader, stream: StreamRow) -> None:
        """Forget what belongs to another stream, or lacks an entry that a newer one names."""
        if (stream.stream_no, stream.head_id) == (self._stream_no, self._head_id):
            return
        named = frozenset(reader.named_entries(stream.stream_no))
        if stream.stream_no != self._stream_no or named != self._named:
            self._checkpoints.clear()
        self._stream_no, self._head_id, self._named = stream.stream_no, stream.head_id, named

    def _keep(self, reached: _Checkpoint, *, target: int) -> None:
        """All of those near the entry that is looked at; of the others a few."""
        seq = reached.state.seq
        is_near = target - seq <= NEAR_ENTRIES
        step = max(NEAR_ENTRIES, target // FAR_CHECKPOINTS)
        if is_near or seq % step < _BATCH_LINES:
            self._checkpoints[seq] = reached
        if len(self._checkpoints) > CHECKPOINTS_MAX:
            farthest = max(
                self._checkpoints, key=lambda place: (place % step >= _BATCH_LINES, abs(place - seq))
            )
            del self._checkpoints[farthest]


def _folded(
    start: _Checkpoint, lines: Sequence[tuple[EntryId, Entry]], named: frozenset[EntryId]
) -> _Checkpoint:
    folded = fold(lines, state=start.state, head=start.head, referred=start.referred)
    kept = {entry_id: known for entry_id, known in folded.referred.items() if entry_id in named}
    return _Checkpoint(
        state=folded.state,
        head=folded.head,
        problems=start.problems + len(folded.problems),
        referred={**start.referred, **kept} if kept else start.referred,
    )


def _lines(
    reader: Reader, stream: StreamRow, *, after_seq: int, until_seq: int
) -> Iterator[tuple[EntryId, Entry]]:
    for row in islice(
        reader.events_of_stream(stream.stream_no, after_seq=after_seq), max(0, until_seq - after_seq)
    ):
        event = event_from_json(row.event_json)
        yield EntryId(event.id), entry_from_event(event)


def _lot_view(reader: Reader, stream: StreamRow, lot: Lot) -> LotView:
    """A lot does not remember its size; the entry that opened it does."""
    opened = reader.entry_at(stream.stream_no, lot.seq)
    granted = max(opened.tokens if opened else 0, lot.remaining)
    return LotView(source=lot.source, remaining=lot.remaining, granted=granted, expires_at=lot.expires_at)
