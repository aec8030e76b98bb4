"""Appending entries: event, entry, head, state and sums, all in one, and what is kept with them."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostr_usage.ledger.entry import EntryId, LotTerms, Operation, Source
from nostr_usage.ledger.lot import Draw
from nostr_usage.store import DetailsRow, Line, MonthTotal, Store, StreamStatus, Transaction
from tests.store.ledger_lines import ACCOUNT, NOON, Stream, account_numbered

DAY_S = 86_400


def append(store: Store, stream: Stream, lines: list[Line]) -> tuple[int, range]:
    """Append in a transaction of its own."""
    return store.write(lambda transaction: stream.append(transaction, lines))


def test_first_entry_makes_stream_and_account(store: Store) -> None:
    """A reader need not know an account before its first entry."""
    stream = Stream()
    first = stream.line(occurred_at=NOON)
    stream_no, numbers = append(store, stream, [first])
    assert [1] == list(numbers)
    with store.read() as reader:
        row = reader.stream(ACCOUNT, "tokens")
        account = reader.account(ACCOUNT)
        assert row is not None
        assert account is not None
        assert row == reader.stream_numbered(stream_no)
    assert (1, first.entry_id, NOON + 1, '{"seq":1}') == (
        row.seq,
        row.head_id,
        row.created_at,
        row.state_json,
    )
    assert StreamStatus.PROVISIONAL is row.status
    assert (NOON, NOON + 1, None, None) == (account.anchor, account.created_at, account.label, account.plan)


def test_later_entries_move_the_head(store: Store) -> None:
    """The row of the stream is that of its last entry; numbers go on over all streams."""
    stream, other = Stream(), Stream(account=account_numbered(2))
    append(store, stream, stream.lines(2))
    append(store, other, other.lines(1))
    _, numbers = append(store, stream, stream.lines(3))
    assert [4, 5, 6] == list(numbers)
    with store.read() as reader:
        row = reader.stream(ACCOUNT, "tokens")
        assert row is not None
        assert (5, stream.head_id, '{"seq":5}') == (row.seq, row.head_id, row.state_json)
        assert 6 == reader.entry_count()
        assert [(1, 5), (2, 1)] == [(each.stream_no, each.seq) for each in reader.streams()]


def test_streams_of_one_account(store: Store) -> None:
    """An account has a stream for each meter."""
    tokens, images = Stream(), Stream(meter="images")
    for stream in (tokens, Stream(account=account_numbered(2)), images):
        append(store, stream, stream.lines(1))
    with store.read() as reader:
        account = reader.account(ACCOUNT)
        assert account is not None
        streams = list(reader.streams(account_no=account.account_no))
        assert reader.stream(ACCOUNT, "sounds") is None
        assert reader.stream(account_numbered(3), "tokens") is None
    assert ["tokens", "images"] == [stream.meter for stream in streams]


def test_status_is_kept(store: Store) -> None:
    """How much of a stream is proved is noted beside it."""
    stream = Stream()
    stream_no, _ = append(store, stream, stream.lines(1))
    store.write(lambda transaction: transaction.set_status(stream_no, StreamStatus.CONFLICT))
    with store.read() as reader:
        assert StreamStatus.CONFLICT is reader.stream_numbered(stream_no).status


@pytest.mark.parametrize("skipped", ["the first", "one between", "one in the same append"])
def test_gap_is_a_bug(store: Store, skipped: str) -> None:
    """Entries that do not follow one another never reach the disk."""
    stream = Stream()
    lines = stream.lines(4)
    cases: dict[str, tuple[list[Line], list[Line]]] = {
        "the first": ([], [lines[1]]),
        "one between": (lines[:2], [lines[3]]),
        "one in the same append": (lines[:1], [lines[1], lines[3]]),
    }
    before, after = cases[skipped]
    if before:
        append(store, stream, before)
    with pytest.raises(AssertionError):
        append(store, stream, after)
    with store.read() as reader:
        assert len(before) == reader.entry_count()


def test_entry_of_another_stream_is_a_bug(store: Store) -> None:
    """Account and meter of every line are those of the append; nor is an append of nothing one."""
    stream = Stream()
    line = stream.line()
    for account, meter in ((account_numbered(2), "tokens"), (ACCOUNT, "images")):
        with pytest.raises(AssertionError, match="of another"):
            store.write(lambda t, a=account, m=meter: t.append(a, m, [line], state_json=""))
    with pytest.raises(AssertionError, match="of nothing"):
        store.write(lambda transaction: transaction.append(ACCOUNT, "tokens", [], state_json=""))


def test_branch_off_an_older_entry_is_a_bug(store: Store) -> None:
    """A line that names another predecessor is evidence of a fork, not the next entry."""
    stream = Stream()
    append(store, stream, stream.lines(2))
    branch = Stream(seq=2, head_id=EntryId("cd" * 32))
    with pytest.raises(AssertionError, match="does not follow the head"):
        append(store, branch, branch.lines(1))


def test_event_is_kept_once(store: Store) -> None:
    """Adding the same event again gives its first number."""
    numbers = [store.write(lambda transaction: transaction.add_event("ef" * 32, b"{}")) for _ in range(2)]
    assert [1, 1] == numbers


def test_unchecked_copy_gives_way_to_a_checked_one(store: Store) -> None:
    """A copy with a checked signature takes the place of one without, never the other way."""
    stream = Stream()
    unchecked, checked = stream.line(sig_checked=False), stream.line()
    append(store, stream, [unchecked, checked])
    for line in (unchecked, checked):
        store.write(lambda transaction, i=line.entry_id: transaction.replace_with_checked(i, b"other copy"))
    with store.read() as reader:
        assert [True, True] == [event.sig_checked for event in reader.events()]
        assert b"other copy" == reader.event_json(unchecked.entry_id)
        assert checked.event_json == reader.event_json(checked.entry_id)


def test_request_names_the_entry_that_answered_it(store: Store) -> None:
    """An idempotency key belongs to one account, and is kept with the digest of what was asked."""
    stream = Stream()
    line = stream.line()

    def work(transaction: Transaction) -> None:
        _, numbers = stream.append(transaction, [line])
        transaction.put_request(1, key_digest=b"k" * 32, body_digest=b"b" * 32, entry_no=numbers[0])

    store.write(work)
    with store.read() as reader:
        row = reader.request(1, b"k" * 32)
        assert row is not None
        assert (1, line.entry_id, b"b".hex() * 32) == (row.entry_no, row.entry_id, row.body_digest)
        assert reader.request(2, b"k" * 32) is None


def test_details_are_kept_and_erased(store: Store) -> None:
    """Private text is beside the entry, and goes when it must, with the label, for one account only."""
    kept = DetailsRow(description="How do I set boundaries?", salt="00ff" * 8, metadata_json='{"lang":"en"}')
    empty = DetailsRow(description=None, salt=None, metadata_json=None)
    one, two = Stream(), Stream(account=account_numbered(2))
    append(store, one, one.lines(2))
    append(store, two, two.lines(1))

    def work(transaction: Transaction) -> None:
        transaction.set_account_label(1, "mia")
        transaction.put_details([(1, kept), (2, kept), (3, kept)])
        transaction.put_details([(2, empty)])

    store.write(work)
    with store.read() as reader:
        assert [kept, empty, kept] == [reader.details(number) for number in (1, 2, 3)]
    store.write(lambda transaction: transaction.erase_details(1))
    with store.read() as reader:
        assert [None, None, kept] == [reader.details(number) for number in (1, 2, 3)]
        assert reader.account_labelled("mia") is None


def test_referred_entry_knows_its_draws_and_what_was_undone(store: Store) -> None:
    """What refunds and reverses of an entry have taken back adds up; gifts that name it do not count."""
    stream = Stream()
    terms = LotTerms(source=Source.PURCHASED, expires_at=None)
    draw = Draw(seq=1, source=Source.PURCHASED, priority=0, expires_at=None, granted_at=NOON, tokens=247)
    grant = stream.line(operation=Operation.GRANT, tokens=1_000, lot=terms)
    debit = stream.line(draws=(draw,))
    stream_no, _ = append(store, stream, [grant, debit])
    for operation, tokens, ref in (
        (Operation.REFUND, 100, debit),
        (Operation.REFUND, 40, debit),
        (Operation.GRANT, 7, debit),
        (Operation.REVERSE, 300, grant),
    ):
        append(store, stream, [stream.line(operation=operation, tokens=tokens, ref=ref.entry_id)])
    with store.read() as reader:
        of_debit = reader.referred(debit.entry_id, stream_no=stream_no)
        of_grant = reader.referred(grant.entry_id, stream_no=stream_no)
        assert of_debit is not None
        assert of_grant is not None
        assert reader.referred(debit.entry_id, stream_no=stream_no + 1) is None
    assert (Operation.DEBIT, 247, (draw,), 140, None) == (
        of_debit.operation,
        of_debit.tokens,
        of_debit.draws,
        of_debit.undone,
        of_debit.source,
    )
    assert (Operation.GRANT, 1, 300, Source.PURCHASED) == (
        of_grant.operation,
        of_grant.lot_seq,
        of_grant.undone,
        of_grant.source,
    )


def test_ledger_sums_are_over_all_streams_of_a_meter(store: Store) -> None:
    """The operator's totals of a month leave other meters and months out."""
    streams = [Stream(), Stream(account=account_numbered(2)), Stream(meter="images")]
    for stream in streams:
        append(store, stream, [*stream.lines(2), stream.line(occurred_at=NOON + 30 * DAY_S)])
    with store.read() as reader:
        totals = reader.ledger_month_totals("2026-02", meter="tokens")
    total = MonthTotal(
        month="2026-02", operation=Operation.DEBIT, type="magic-mentor", count=4, tokens=988, cost=1_482_000
    )
    assert (total,) == totals


@settings(max_examples=30)
@given(
    appends=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from([Operation.DEBIT, Operation.REFUND, Operation.EXPIRE]),
                st.sampled_from(["magic-mentor", "quiz"]),
                st.integers(0, 10**12),
                st.integers(0, 10**9),
                st.integers(0, 90),
            ),
            min_size=1,
            max_size=6,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_month_totals_are_the_sums_of_the_entries(
    appends: list[list[tuple[Operation, str, int, int, int]]],
) -> None:
    """However the entries come in, the sums kept beside them are those of adding them up."""
    stream = Stream()
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "s", create=True) as store:
        for lines in appends:
            made = [
                stream.line(
                    operation=operation, type=type_, tokens=tokens, cost=cost, occurred_at=NOON + day * DAY_S
                )
                for operation, type_, tokens, cost, day in lines
            ]
            append(store, stream, made)
        with store.read() as reader:
            totals = reader.month_totals(1)
            rows = list(reader.entries(1))
            by_month = [total for month in reader.months(1) for total in reader.month_totals(1, month)]
    counts: Counter[tuple[str, Operation, str]] = Counter()
    tokens: Counter[tuple[str, Operation, str]] = Counter()
    costs: Counter[tuple[str, Operation, str]] = Counter()
    for row in rows:
        key = (row.month, row.operation, row.type)
        counts[key] += 1
        tokens[key] += row.tokens
        costs[key] += row.cost
    assert [(*key, counts[key], tokens[key], costs[key]) for key in sorted(counts)] == [
        (total.month, total.operation, total.type, total.count, total.tokens, total.cost) for total in totals
    ]
    assert list(totals) == by_month
