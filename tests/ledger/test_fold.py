"""Folding many entries: any order, duplicates, forks and gaps, and going on from a saved state."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.ledger.entry import EntryId, Operation
from nostr_usage.ledger.fold import (
    EMPTY_STATE,
    balance_of,
    fold,
    state_from_json,
    state_to_json,
)
from tests.ledger.scenario import Line, entry_id, lines_of, problems_of

STREAM = lines_of("""
written | occurred | op      | type         | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open    | open         |        |                 |     |     0 |        0 |       0
02-01   |          | grant   | subscription |    300 | allowance 03-01 |     |   300 |      300 |       0
02-02   |          | grant   | purchase     |    500 | purchased       |     |   800 |      300 |     500
02-03   |          | debit   | experiment   |    400 |                 |     |   400 |        0 |     400
02-04   |          | debit   | experiment   |    100 |                 |     |   300 |        0 |     300
02-05   |          | refund  | experiment   |    150 |                 | 4   |   450 |       50 |     400
02-06   |          | reverse | charge_back  |    200 |                 | 3   |   250 |       50 |     200
02-07   |          | refund  | experiment   |    250 |                 | 4   |   500 |      300 |     200
02-08   |          | reverse | charge_back  |    300 |                 | 3   |   200 |      200 |       0
02-09   |          | debit   | experiment   |    250 |                 |     |   -50 |        0 |       0
""")


def test_a_whole_stream_folds_without_a_problem() -> None:
    """The stream that the tests below disturb is right."""
    assert [] == problems_of(STREAM)
    assert -50 == balance_of(fold(STREAM).state).total


@given(st.permutations(STREAM), st.lists(st.sampled_from(STREAM), max_size=10))
def test_neither_order_nor_duplicates_matter(shuffled: list[Line], repeated: list[Line]) -> None:
    """Whatever order relays answer in, and however often, the fold is the same."""
    assert fold(STREAM) == fold([*repeated, *shuffled])


@given(st.permutations(STREAM[:8]), st.sets(st.sampled_from(range(8)), max_size=3))
def test_not_even_with_gaps_forks_and_broken_links(shuffled: list[Line], dropped: set[int]) -> None:
    """The problems are the same too, in the same order."""
    disturbed = [
        (EntryId(f"f{made.seq:063x}"), replace(made, tokens=made.tokens + 1)) for _, made in STREAM[3:6]
    ]
    ordered = [line for line in STREAM[:8] if line[1].seq - 1 not in dropped]
    arrived = [line for line in shuffled if line[1].seq - 1 not in dropped]

    assert fold([*ordered, *disturbed]) == fold([*disturbed, *arrived])


@given(st.integers(0, len(STREAM)))
def test_going_on_from_a_saved_state_is_folding_from_the_start(cut: int) -> None:
    """At any point: save, read, and fold the rest with what its refunds refer to."""
    before = fold(STREAM[:cut])
    saved = state_from_json(state_to_json(before.state))

    after = fold(STREAM[cut:], state=saved, head=before.head, referred=before.referred)

    assert fold(STREAM).state == after.state
    assert () == after.problems
    assert (fold(STREAM).head, STREAM[-1][0]) == (after.head, STREAM[-1][0])


def test_entries_before_the_saved_state_are_not_folded_again() -> None:
    """Passing the whole stream once more changes nothing."""
    before = fold(STREAM)

    assert before.state == fold(STREAM, state=before.state, referred=before.referred).state


def test_an_empty_fold_leaves_everything_as_it_was() -> None:
    """No lines: the state and the head that were given."""
    assert (EMPTY_STATE, None) == (fold([]).state, fold([]).head)
    assert entry_id(9) == fold([], state=fold(STREAM[:9]).state, head=entry_id(9)).head


def test_draws_are_given_for_debits_only() -> None:
    """Three debits drew; the last found less than it took."""
    draws = fold(STREAM).draws

    assert [entry_id(4), entry_id(5), entry_id(10)] == sorted(draws)
    assert [[300, 100], [100], [200]] == [
        [draw.tokens for draw in draws[entry_id(seq)]] for seq in (4, 5, 10)
    ]


def test_partial_refunds_and_reverses_are_remembered() -> None:
    """What was undone adds up over several entries, each against the entry that it names."""
    referred = fold(STREAM).referred

    assert (400, 500, 0) == tuple(referred[entry_id(seq)].undone for seq in (4, 3, 5))


def test_a_refund_that_names_a_grant_undoes_nothing_of_it() -> None:
    """The grant can still be reversed in full."""
    wrong = (entry_id(4), replace(STREAM[5][1], seq=4, prev=entry_id(3), ref=entry_id(3)))

    assert 0 == fold([*STREAM[:3], wrong]).referred[entry_id(3)].undone


FORKED = (EntryId("f" * 64), replace(STREAM[4][1], tokens=7))


def test_of_two_entries_with_one_seq_the_lower_id_counts() -> None:
    """Both are named, and the other changes nothing."""
    result = fold([FORKED, *STREAM])
    (problem,) = result.problems

    assert ("fork", 5) == (problem.code.value, problem.seq)
    assert f"entries {entry_id(5)} and {'f' * 64} both claim it; the first counts" in problem.message
    assert fold(STREAM).state == result.state


def test_an_entry_that_a_later_one_calls_an_orphan_does_not_count() -> None:
    """After a restored backup the chain goes on from the other one, whatever its id; the fork is shown."""
    fifth = EntryId("f" * 64)
    sixth = replace(STREAM[5][1], prev=fifth, orphans=(entry_id(5),))
    restored = [*STREAM[:4], (fifth, STREAM[4][1]), (entry_id(6), sixth)]

    assert [(5, "fork")] == problems_of([*restored, STREAM[4]])
    assert fold(restored).state == fold([STREAM[4], *restored]).state


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({7}, "seq 8: entry 7 is missing"),
        ({6, 7}, "seq 8: entries 6 to 7 are missing"),
        ({1}, "seq 2: entry 1 is missing"),
    ],
)
def test_a_gap_is_named(missing: set[int], message: str) -> None:
    """Entries that must exist and were not given are named by seq."""
    problems = fold([line for line in STREAM if line[1].seq not in missing]).problems

    assert message in [problem.message for problem in problems if problem.code == "seq_gap"]


def test_an_entry_that_follows_another_is_a_broken_link() -> None:
    """`prev` must be the id of the entry before, also of the first on top of a saved state."""
    loose = replace(STREAM[4][1], prev=entry_id(99))
    before = fold(STREAM[:4])

    assert [(5, "broken_link")] == problems_of([*STREAM[:4], (entry_id(5), loose)])
    assert ["broken_link"] == [
        problem.code
        for problem in fold([(entry_id(5), loose)], state=before.state, head=before.head).problems
    ]


def test_a_link_to_what_is_not_known_is_not_judged() -> None:
    """Without the id of the entry that a saved state ends with, there is nothing to compare."""
    assert () == fold(STREAM[4:5], state=fold(STREAM[:4]).state).problems


def test_the_first_entry_follows_none() -> None:
    """A first entry that names one before it does not begin a chain."""
    first = replace(STREAM[0][1], prev=entry_id(99))

    assert [(1, "broken_link")] == problems_of([(entry_id(1), first)])


def test_a_request_charged_twice_is_found() -> None:
    """Two debits with one request are a double charge; a debit and its refund with one are not."""
    again = replace(STREAM[4][1], request=STREAM[3][1].request)
    refund = replace(STREAM[5][1], request=STREAM[3][1].request)
    (problem,) = fold([*STREAM[:4], (entry_id(5), again)]).problems

    assert ("request_twice", 5) == (problem.code.value, problem.seq)
    assert problem.message.endswith("again, which seq 4 charged")
    assert [] == problems_of([*STREAM[:5], (entry_id(6), refund)])


def test_problems_come_in_the_order_of_the_stream() -> None:
    """Forks are found first and shown in their place."""
    early = replace(STREAM[3][1], request=STREAM[4][1].request, prev=entry_id(99))

    assert [(4, "broken_link"), (5, "fork"), (5, "request_twice")] == problems_of(
        [*STREAM[:3], (entry_id(4), early), STREAM[4], FORKED]
    )


def test_the_fold_only_reads_what_it_is_given() -> None:
    """The memory of earlier entries is not changed by refunds of them."""
    before = fold(STREAM[:5])
    referred = dict(before.referred)

    fold(STREAM[5:], state=before.state, referred=referred)

    assert before.referred == referred


def test_a_grant_is_remembered_with_what_a_reverse_needs() -> None:
    """Its seq is that of its lot."""
    referred = fold(STREAM[:3]).referred[entry_id(3)]
    lot = fold(STREAM[:3]).state.lots[-1]

    assert (Operation.GRANT, 500, lot.seq, lot.source) == (
        referred.operation,
        referred.tokens,
        referred.lot_seq,
        referred.source,
    )
