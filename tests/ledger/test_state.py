"""The saved form of a state and of draws: exact both ways, and nothing else is read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import LedgerError
from nostr_usage.ledger.entry import Balance, CycleTotals, Source
from nostr_usage.ledger.fold import (
    EMPTY_STATE,
    Draw,
    Lifetime,
    Lot,
    StreamState,
    balance_of,
    draws_from_json,
    draws_to_json,
    state_from_json,
    state_to_json,
)
from nostr_usage.ledger.state import next_allowance_at

amounts = st.integers(0, 999_999_999_999_999)
signed = st.integers(-999_999_999_999_999, 999_999_999_999_999)
sources = st.sampled_from(Source)
draws = st.builds(
    Draw,
    seq=amounts,
    source=sources,
    priority=amounts,
    expires_at=st.none() | amounts,
    granted_at=amounts,
    tokens=amounts,
)
lots = st.builds(
    Lot,
    seq=amounts,
    source=sources,
    priority=amounts,
    expires_at=st.none() | amounts,
    granted_at=amounts,
    remaining=amounts,
)
cycles = st.builds(
    CycleTotals,
    start=amounts,
    end=st.none() | amounts,
    opening=signed,
    granted=signed,
    purchased=signed,
    used=amounts,
    refunded=amounts,
    expired=amounts,
    first_seq=amounts,
    count=amounts,
)
lifetimes = st.builds(
    Lifetime,
    granted=amounts,
    purchased=amounts,
    used=amounts,
    refunded=amounts,
    expired=amounts,
    reversed=amounts,
)
states = st.builds(
    StreamState,
    seq=amounts,
    created_at=amounts,
    lots=st.lists(lots, max_size=3).map(tuple),
    debt=amounts,
    cycles=st.lists(cycles, max_size=3).map(tuple),
    lifetime=lifetimes,
)

SAVED = state_to_json(
    StreamState(
        seq=3,
        created_at=9,
        lots=(Lot(seq=2, source=Source.GIFT, priority=0, expires_at=None, granted_at=8, remaining=100),),
        cycles=(CycleTotals(start=7, end=None, opening=0),),
    )
)


def test_a_stream_begins_with_nothing() -> None:
    """Before its first entry a stream has no tokens, no debt, and no cycle."""
    assert Balance(total=0, expiring=0, lasting=0) == balance_of(EMPTY_STATE)
    assert ((), 0, ()) == (EMPTY_STATE.lots, EMPTY_STATE.debt, EMPTY_STATE.cycles)


def test_debt_makes_a_negative_total() -> None:
    """With 800 tokens of debt the total is −800."""
    assert Balance(total=-800, expiring=0, lasting=0) == balance_of(StreamState(debt=800))


@given(states)
def test_a_state_is_read_as_it_was_saved(state: StreamState) -> None:
    """Saving and reading gives the same state, on one line."""
    text = state_to_json(state)

    assert state == state_from_json(text)
    assert "\n" not in text


@given(st.lists(draws, max_size=5).map(tuple))
def test_draws_are_read_as_they_were_saved(drawn: tuple[Draw, ...]) -> None:
    """Saving and reading gives the same draws, in the same order."""
    assert drawn == draws_from_json(draws_to_json(drawn))


def test_a_saved_state_is_small() -> None:
    """A stream with a lot and a cycle takes a hundred bytes or so."""
    assert '[1,3,9,[[2,"gift",0,null,8,100]],0,[[7,null,0,0,0,0,0,0,0,0]],[0,0,0,0,0,0]]' == SAVED


@pytest.mark.parametrize(
    ("cycle_end", "lots_end", "expected"),
    [
        (200, (200,), 200),
        (200, (), 200),
        (200, (900, 200), 900),
        (None, (900,), 900),
        (200, (90,), 200),
        (None, (90,), None),
        (None, (), None),
    ],
)
def test_the_next_allowance_comes_when_the_last_one_ends(
    cycle_end: int | None, lots_end: tuple[int, ...], expected: int | None
) -> None:
    """At the end of the cycle, or of what a longer plan granted; lots that lapsed say nothing."""
    cycle = CycleTotals(start=0, end=cycle_end, opening=0)
    held = tuple(
        Lot(seq=seq, source=source, priority=0, expires_at=end, granted_at=0, remaining=1)
        for seq, (source, end) in enumerate(
            [*((Source.ALLOWANCE, end) for end in lots_end), (Source.PURCHASED, None), (Source.GIFT, 999)]
        )
    )
    assert expected == next_allowance_at(StreamState(lots=held, cycles=(cycle,)), now=100)


def test_a_stream_that_is_not_open_waits_for_nothing() -> None:
    """No cycle, no lot."""
    assert None is next_allowance_at(EMPTY_STATE, now=100)


BROKEN = {
    "nothing": "",
    "cut off": SAVED[:-1],
    "an object": "{}",
    "an empty list": "[]",
    "another version": SAVED.replace("[1,", "[2,", 1),
    "a version alone": "[1]",
    "a fraction": SAVED.replace("[1,3", "[1,3.5", 1),
    "a truth value": SAVED.replace("[1,3", "[1,true", 1),
    "not a number": SAVED.replace("[1,3", "[1,NaN", 1),
    "an unknown source": SAVED.replace("gift", "loot", 1),
    "a lot that is no list": SAVED.replace('[2,"gift",0,null,8,100]', "5", 1),
    "a lot too short": SAVED.replace(",100]]", "]]", 1),
    "a source that is a list": SAVED.replace('"gift"', "[]", 1),
    "a cycle too short": SAVED.replace("[7,null,", "[7,", 1),
    "too many figures": SAVED.replace("0]]", "0,0]]", 1),
    "brackets without end": "[" * 100_000,
    "a number too long": SAVED.replace("[1,3", "[1," + "3" * 5_000, 1),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_is_no_saved_state_is_refused(text: str) -> None:
    """Whatever is wrong with it, the error is the ledger's own and says what to do."""
    with pytest.raises(LedgerError, match="saved state of a stream cannot be read") as caught:
        state_from_json(text)
    assert "Fold the stream again" in caught.value.advice


def test_the_state_that_is_broken_above_can_be_read_unbroken() -> None:
    """The control of the test above."""
    assert 3 == state_from_json(SAVED).seq


@pytest.mark.parametrize("text", ["", "[2]", '[1,[1,"gift",0,null,8]]', '[1,[1,"gift","0",null,8,9]]'])
def test_what_are_no_saved_draws_is_refused(text: str) -> None:
    """Draws of the wrong shape are refused, not guessed at."""
    with pytest.raises(LedgerError, match="saved draws of a debit cannot be read"):
        draws_from_json(text)


def test_a_saved_state_is_plain_json() -> None:
    """Any tool can show it."""
    assert [2, "gift", 0, None, 8, 100] == json.loads(SAVED)[3][0]
