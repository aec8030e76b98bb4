"""What can be asked of the store, in one snapshot that stays as it is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from nostr_usage.errors import HomeError
from nostr_usage.ledger.entry import EntryId, LotTerms, Operation, Source
from nostr_usage.store import ChangeWatch, Line, Store, Transaction
from tests.store.ledger_lines import NOON, Stream, account_numbered

DAY_S = 86_400


def append(store: Store, stream: Stream, lines: list[Line]) -> tuple[int, range]:
    """Append in a transaction of its own."""
    return store.write(lambda transaction: stream.append(transaction, lines))


def test_entry_is_found_by_id_and_by_place(store: Store) -> None:
    """The row has every column of the entry, ids in hex; its event is there byte for byte."""
    stream = Stream()
    terms = LotTerms(source=Source.PURCHASED, expires_at=None)
    grant = stream.line(operation=Operation.GRANT, type="purchase", tokens=14_500, lot=terms)
    debit = stream.line()
    refund = stream.line(operation=Operation.REFUND, ref=debit.entry_id)
    stream_no, _ = append(store, stream, [grant, debit, refund])
    with store.read() as reader:
        row = reader.entry(grant.entry_id)
        assert row is not None
        assert row == reader.entry_at(stream_no, 1)
        assert (1, 1, grant.entry_id, grant.entry.request) == (
            row.entry_no,
            row.seq,
            row.entry_id,
            row.request,
        )
        assert (Operation.GRANT, "purchase", 14_500, 370_500) == (
            row.operation,
            row.type,
            row.tokens,
            row.cost,
        )
        assert (Source.PURCHASED, "2026-02", 5_847, None) == (row.lot_source, row.month, row.balance, row.ref)
        refunded = reader.entry_at(stream_no, 3)
        assert refunded is not None
        assert (debit.entry_id, None) == (refunded.ref, refunded.lot_source)
        assert grant.event_json == reader.event_json(grant.entry_id)
        assert 2 == reader.event_no(debit.entry_id)
        assert [14_500, -247, 247] == [entry.signed_tokens for entry in reader.entries(stream_no)]


def test_what_is_not_held_is_none(store: Store) -> None:
    """Unknown ids and places are answered with None, not with an error."""
    unknown = EntryId("cd" * 32)
    with store.read() as reader:
        assert reader.entry(unknown) is None
        assert reader.entry_at(1, 1) is None
        assert reader.event_json(unknown) is None
        assert reader.event_no(unknown) is None
        assert reader.referred(unknown, stream_no=1) is None
        assert reader.request(1, b"k" * 32) is None
        assert reader.details(1) is None


def test_ids_that_begin_alike_are_told_apart(store: Store) -> None:
    """The index knows eight bytes of an id; the whole of it is compared."""
    ids = ["ab" * 8 + f"{number:02x}" * 24 for number in range(3)]
    for event_id in ids:
        store.write(lambda t, i=event_id: t.add_event(i, i.encode()))
    with store.read() as reader:
        assert [event_id.encode() for event_id in ids] == [reader.event_json(event_id) for event_id in ids]


def test_entries_are_paged_both_ways(store: Store) -> None:
    """Bounds are `after_seq < seq <= until_seq`; the newest come first on request."""
    stream = Stream()
    stream_no, _ = append(store, stream, stream.lines(10))
    with store.read() as reader:
        seqs = [row.seq for row in reader.entries(stream_no, after_seq=3, until_seq=6)]
        newest = [row.seq for row in reader.entries(stream_no, until_seq=8, newest_first=True, limit=3)]
        assert 10 == len(list(reader.entries(stream_no)))
    assert [4, 5, 6] == seqs
    assert [8, 7, 6] == newest


def test_entries_of_a_month_include_the_late_ones(store: Store) -> None:
    """Month membership follows `occurred_at`, wherever the entry stands in the stream."""
    stream = Stream()
    days = [0, 25, 30, 2, 40]  # from 9 February: February, March, March, February, March
    lines = [stream.line(occurred_at=NOON + day * DAY_S) for day in days]
    stream_no, _ = append(store, stream, lines)
    with store.read() as reader:
        assert [1, 4] == [row.seq for row in reader.entries_of_month(stream_no, "2026-02")]
        assert [2, 3, 5] == [row.seq for row in reader.entries_of_month(stream_no, "2026-03")]
        assert [] == list(reader.entries_of_month(stream_no, "2026-04"))
        assert ("2026-02", "2026-03") == reader.months(stream_no)


def test_events_come_in_the_order_of_commit(store: Store) -> None:
    """Over all streams, with manifests among them, from any point on."""
    one, two = Stream(), Stream(account=account_numbered(2))
    first, second = one.line(), two.line(sig_checked=False)
    append(store, one, [first])
    number = store.write(lambda transaction: transaction.add_event("ef" * 32, b"{}"))
    append(store, two, [second])
    with store.read() as reader:
        events = list(reader.events())
        assert [first.event_json, b"{}", second.event_json] == [event.event_json for event in events]
        assert [True, True, False] == [event.sig_checked for event in events]
        assert ["ef" * 32] == [event.event_id for event in reader.events_without_entries()]
        assert [3] == [event.event_no for event in reader.events(after_event_no=number)]
        assert [1] == [event.event_no for event in reader.events(limit=1)]
        assert [second.event_json] == [event.event_json for event in reader.events_of_stream(2)]
        assert [] == list(reader.events_of_stream(2, after_seq=1))


def test_snapshot_stays_as_it_is(store: Store) -> None:
    """A reader sees the store as of its first question, whatever is written meanwhile."""
    stream = Stream()
    append(store, stream, stream.lines(1))
    with store.read() as reader:
        assert 1 == reader.entry_count()
        append(store, stream, stream.lines(1))
        assert 1 == reader.entry_count()
        with store.read() as later:
            assert 2 == later.entry_count()
    with store.read() as reader:
        assert 2 == reader.entry_count()


def test_iterators_end_with_the_snapshot(store: Store) -> None:
    """An iterator left half read neither goes on nor keeps later readers in the past."""
    stream = Stream()
    append(store, stream, stream.lines(300))
    with store.read() as reader:
        left = [reader.entries(1), reader.events(), reader.streams(), reader.accounts()]
        for iterator in left:
            next(iterator)
    left.append(store.write(lambda transaction: transaction.entries(1)))
    append(store, stream, stream.lines(1))
    for iterator in left:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            next(iterator)
    with store.read() as reader:
        assert 301 == reader.entry_count()


def test_entries_are_found_by_the_beginning_of_their_ids(store: Store) -> None:
    """However many digits are given, short of all; as many as asked for, by id."""
    stream = Stream()
    lines = stream.lines(200)
    append(store, stream, lines)
    ids = sorted(line.entry_id for line in lines)
    with store.read() as reader:
        for length in (1, 2, 3, 15, 16, 17, 64):
            digits = ids[7][:length]
            expected = [entry_id for entry_id in ids if entry_id.startswith(digits)]
            assert expected == [row.entry_id for row in reader.entries_beginning(digits, limit=200)]
        assert 2 == len(reader.entries_beginning("", limit=2))


def test_change_is_noticed_once(store: Store, store_path: Path) -> None:
    """The first look says yes; after that, only a commit does, whoever made it."""
    with ChangeWatch(store_path) as watch:
        answers = [watch.has_changed(), watch.has_changed()]
        store.write(lambda transaction: transaction.set_setting("kind", "30078"))
        answers += [watch.has_changed(), watch.has_changed()]
    assert [True, False, True, False] == answers
    with pytest.raises(HomeError, match="closed"):
        watch.has_changed()


def test_many_snapshots_at_once(store: Store) -> None:
    """More readers than the store keeps connections for, each with a snapshot of its own."""
    stream = Stream()
    readers = [store.read() for _ in range(12)]
    for index, reader in enumerate(readers):
        append(store, stream, stream.lines(1))
        assert index + 1 == reader.__enter__().entry_count()
    for reader in readers:
        reader.__exit__(None, None, None)
    with store.read() as reader:
        assert 12 == reader.entry_count()


def test_writer_reads_what_it_wrote(store: Store) -> None:
    """A transaction is a reader too, of its own writes."""
    stream = Stream()

    def work(transaction: Transaction) -> int:
        stream.append(transaction, stream.lines(3))
        return transaction.entry_count()

    assert 3 == store.write(work)


def test_futures_of_writes(store: Store) -> None:
    """What `submit` promises is what `write` gives."""
    stream = Stream()
    future = store.submit(lambda transaction: stream.append(transaction, stream.lines(1)))
    assert (1, range(1, 2)) == future.result(timeout=30)
