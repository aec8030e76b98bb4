"""The filter language, and what it finds in a real store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import InputError
from nostr_usage.ledger.entry import DEFAULT_METER, Source
from nostr_usage.report import rows_at
from nostr_usage.reporting.filtering import conditions_of, parse_filter
from nostr_usage.store import Condition, Field, Order, Reader, StreamRow
from nostr_usage.writing.request import Action, Grant
from tests.operators import DAY_S, FEBRUARY_1, operator_in

Found = tuple[Reader, StreamRow]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """A stream: open, plan, grant, a chat a day of 100, 200 … 1,000 tokens, and a purchase."""
    with operator_in(tmp_path_factory.mktemp("operator")) as service:
        account = service.open_account()
        for day in range(1, 11):
            service.clock.set(FEBRUARY_1 + day * DAY_S)
            service.recorder.record(
                Action(
                    account=account,
                    activity="magic-mentor" if day % 2 else "quiz-generation",
                    key=f"chat {day}",
                    tokens=100 * day,
                    description=f"100% of day_{day}",
                )
            )
        service.recorder.grant(
            Grant(account=account, tokens=5_800, source=Source.PURCHASED, key="pack", paid=10_000_000)
        )
        with service.store.read() as reader:
            stream = reader.stream(account, DEFAULT_METER)
            assert stream is not None
            yield reader, stream


def seqs(found: Found, text: str, *, order: Order = Order.NEWEST) -> list[int]:
    """The places that a filter finds."""
    reader, stream = found
    return list(reader.matching(stream.stream_no, conditions_of(parse_filter(text)), order=order).seqs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", list(range(14, 0, -1))),
        ("type:magic-mentor", [12, 10, 8, 6, 4]),
        ("type:magic-mentor,quiz-generation tokens>900", [13]),
        ("op:grant", [14, 3]),
        ("source:purchased", [14]),
        ("!source:purchased op:grant", [3]),
        ("on:2026-02-03", [5]),
        ("after:2026-02-10 op:debit", [13, 12]),
        ("before:2026-02-02", [3, 2, 1]),
        ("month:2026-02 tokens<101 op:debit", [4]),
        ("day_10", [13]),
        ('"of day_1" !day_10', [4]),
        ("usd>9.99", [14]),
        ("quiz", [13, 11, 9, 7, 5]),
        ("nothing-like-that", []),
        ("100_", []),
    ],
)
def test_filters_find(found: Found, text: str, expected: list[int]) -> None:
    """Words are joined by and; signs of LIKE are plain characters."""
    assert expected == seqs(found, text)


def test_order_is_by_size_or_time(found: Found) -> None:
    """Equal sizes have the newest first."""
    assert [13, 12, 11] == seqs(found, "op:debit", order=Order.MOST_TOKENS)[:3]
    assert [13, 12, 11] == seqs(found, "op:debit", order=Order.HIGHEST_COST)[:3]
    assert [4, 5, 6] == seqs(found, "op:debit", order=Order.OLDEST)[:3]


def test_sums_are_those_of_the_matching_entries(found: Found) -> None:
    """Tokens carry their sign."""
    reader, stream = found
    matches = reader.matching(stream.stream_no, conditions_of(parse_filter("type:magic-mentor")))
    rows = rows_at(reader, stream, list(matches.seqs))
    assert -2_500 == matches.tokens == sum(row.tokens for row in rows.values())
    assert matches.cost == sum(row.micro_dollars for row in rows.values())


@given(
    st.sampled_from(
        ["type:magic-mentor", "op:debit", "source:allowance", "tokens>400", "usd<0.5", "day_1", "actor:x"]
    )
)
def test_a_filter_and_its_opposite_are_everything(found: Found, word: str) -> None:
    """Nothing is on neither side, or on both."""
    assert list(range(1, 15)) == sorted(seqs(found, word) + seqs(found, f"!{word}"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour:red", "no 'colour'"),
        ("type:", "nothing is named"),
        ("op:spend", "'spend' is none of"),
        ("after:tomorrow", "not a day"),
        ("month:2026-13", "not a day"),
        ("tokens>1.5", "whole"),
        ("!on:2026-02-03", "cannot be negated"),
        ("x" * 501, "longer than"),
        (" ".join("x" for _ in range(21)), "more than 20"),
    ],
)
def test_what_cannot_be_understood_is_named(text: str, said: str) -> None:
    """The message names the word."""
    with pytest.raises(InputError, match=said):
        parse_filter(text)


def test_words_are_kept_as_typed() -> None:
    """Chips show what was typed."""
    chips = parse_filter('type:a !tokens>5 "two words"')
    assert ["type:a", "!tokens>5", '"two words"'] == [chip.text for chip in chips]
    assert (Condition(Field.TOKENS_ABOVE, number=5, is_negated=True),) == chips[1].conditions


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_an_input_error(found: Found, text: str) -> None:
    """Whatever is typed, nothing else is raised, by the parser or by the store."""
    try:
        conditions = conditions_of(parse_filter(text))
    except InputError:
        return
    reader, stream = found
    reader.matching(stream.stream_no, conditions)
