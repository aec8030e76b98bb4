"""Pins, sightings, forks and problems."""

from __future__ import annotations

import pytest

from nostr_usage.ledger.entry import EntryId
from nostr_usage.ledger.problems import Problem, ProblemCode
from nostr_usage.store import Fork, Pin, Store
from tests.store.ledger_lines import Stream

OTHER = EntryId("cd" * 32)


@pytest.fixture
def stream(store: Store) -> Stream:
    """A stream of three entries, the first of the store."""
    stream = Stream()
    store.write(lambda transaction: stream.append(transaction, stream.lines(3)))
    return stream


def test_pin_moves_forwards_only(store: Store, stream: Stream) -> None:
    """An older entry, or another at the same place, leaves the pin where it is."""
    ids = [line.entry_id for line in stream.made]
    with store.read() as reader:
        assert reader.pin(1) is None
    moves = [(2, ids[1]), (1, ids[0]), (2, OTHER), (2, ids[1]), (3, ids[2])]
    pins = [store.write(lambda t, s=seq, i=entry_id: t.move_pin(1, s, i)) for seq, entry_id in moves]
    second, third = Pin(seq=2, entry_id=ids[1]), Pin(seq=3, entry_id=ids[2])
    assert [second, second, second, second, third] == pins
    with store.read() as reader:
        assert third == reader.pin(1)


def test_sightings_add_up(store: Store, stream: Stream) -> None:
    """Every relay that showed an entry is remembered, the highest numbered too; strangers are passed over."""
    ids = [line.entry_id for line in stream.made]
    for relay_no in (0, 62, 0, 5):
        store.write(lambda t, r=relay_no: t.add_sightings([ids[0], OTHER], r))
    store.write(lambda t: t.add_sightings(ids, 7))
    with store.read() as reader:
        assert [(0, 5, 7, 62), (7,), (7,), ()] == [reader.sightings(number) for number in (1, 2, 3, 4)]


def test_forks_are_kept_by_place(store: Store, stream: Stream) -> None:
    """A checked copy takes the place of an unchecked one, never the other way."""
    for seq, event_json, sig_checked in (
        (3, b"late", True),
        (2, b"unchecked", False),
        (2, b"checked", True),
        (2, b"unchecked again", False),
    ):
        store.write(
            lambda t, s=seq, j=event_json, c=sig_checked: t.add_fork(
                1, seq=s, event_id=OTHER, event_json=j, sig_checked=c
            )
        )
    with store.read() as reader:
        forks = reader.forks(1)
        assert () == reader.forks(2)
    assert (
        Fork(seq=2, event_id=OTHER, event_json=b"checked", sig_checked=True),
        Fork(seq=3, event_id=OTHER, event_json=b"late", sig_checked=True),
    ) == forks


def test_problems_are_noted_once_and_cleared(store: Store, stream: Stream) -> None:
    """The same finding twice is one; findings that are settled go, the others stay in order."""
    gap = Problem(code=ProblemCode.SEQ_GAP, message="seq 4 is missing", seq=4)
    fork = Problem(code=ProblemCode.FORK, message="two entries at seq 2", seq=2, entry_id=OTHER)
    whole = Problem(code=ProblemCode.NOT_OPENED, message="no open entry")
    for problems in ([gap, whole], [fork, gap], [whole]):
        store.write(lambda t, p=problems: t.add_problems(1, p))
    with store.read() as reader:
        assert (gap, whole, fork) == reader.problems(1)
    store.write(lambda t: t.clear_problems(1, ProblemCode.SEQ_GAP))
    with store.read() as reader:
        assert (whole, fork) == reader.problems(1)
