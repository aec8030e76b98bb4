"""Exact amounts: what is read, how it is rounded, and how people see it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.amount import (
    AMOUNT_MAX,
    cents_that_add,
    checked_amount,
    compact_tokens,
    divide_half_up,
    divide_up,
    format_dollars,
    format_dollars_exact,
    format_tokens,
    micro_dollars,
    nearest_rank,
    parse_amount,
    parse_dollars_exact,
    percent,
    shares,
)
from nostr_usage.errors import AmountError

AMOUNTS = st.integers(0, AMOUNT_MAX)
SMALL = st.lists(st.integers(0, 10**9), max_size=8)


@given(AMOUNTS)
def test_every_amount_is_read_as_it_is_written(amount: int) -> None:
    """Digits give the very number, up to fifteen of them."""
    assert amount == parse_amount(str(amount))
    assert amount == checked_amount(amount)


@pytest.mark.parametrize(
    "text",
    [
        *("", "-1", "+1", "01", "00", " 1", "1 ", "1\n", "1,000", "1_000", "1.0", "1e3", "0x1", "NaN", "∞"),
        *("١", "²", "1" * 16, "9" * 5_000),
    ],
    ids=lambda text: repr(text[:16]),
)
def test_anything_but_plain_digits_is_no_amount(text: str) -> None:
    """Signs, spaces, separators, fractions, other digits and more than fifteen are refused, named and cut."""
    with pytest.raises(AmountError, match=r"tokens .* is not a plain whole number") as caught:
        parse_amount(text, name="tokens")
    assert 100 > len(caught.value.message)
    assert "digits only" in caught.value.advice


@pytest.mark.parametrize("value", [-1, AMOUNT_MAX + 1, True, False, 1.0, float("nan"), "1", None, [1]])
def test_values_of_other_types_or_ranges_are_refused(value: object) -> None:
    """True is no amount of one, and a float is none at all."""
    with pytest.raises(AmountError, match=r"tokens .* is not a whole number from 0"):
        checked_amount(value, name="tokens")


@given(st.integers(0, 10**18), st.integers(1, 10**9))
def test_halves_go_up(numerator: int, denominator: int) -> None:
    """The nearest integer, and the higher one of two that are as near."""
    rounded = divide_half_up(numerator, denominator)
    assert Fraction(-1, 2) < rounded - Fraction(numerator, denominator) <= Fraction(1, 2)


@given(st.integers(0, 10**18), st.integers(1, 10**9))
def test_rounding_up_never_undercuts(numerator: int, denominator: int) -> None:
    """The smallest integer that is not less."""
    rounded = divide_up(numerator, denominator)
    assert 0 <= rounded - Fraction(numerator, denominator) < 1


@pytest.mark.parametrize("divide", [divide_half_up, divide_up])
@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 2), (1, 0), (1, -2)])
def test_rounding_takes_amounts_without_a_sign(divide: object, numerator: int, denominator: int) -> None:
    """A sign that came too early is a bug of ours, and stops there."""
    assert callable(divide)
    with pytest.raises(AssertionError):
        divide(numerator, denominator)


@given(SMALL, st.integers(1, 1_000))
def test_shares_add_to_the_total(parts: list[int], total: int) -> None:
    """Whole shares, none more than one from the exact one, together exactly the total."""
    found = shares(parts, total=total)
    whole = sum(parts)
    assert (total if whole else 0) == sum(found)
    for part, share in zip(parts, found, strict=True):
        assert abs(share - (Fraction(part * total, whole) if whole else 0)) < 1


def test_equal_remainders_favour_the_earlier_part() -> None:
    """Three equal parts of a hundred: the first gets the odd one, every time."""
    assert (34, 33, 33) == shares([5, 5, 5])
    assert (0, 0) == shares([0, 0])
    assert () == shares([])


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 0, 0), (1, 0, 0), (-5, 10, 0), (0, 10, 0), (1, 200, 1), (1, 201, 0), (1, 3, 33), (15, 10, 100)],
)
def test_percent_stays_between_none_and_all(part: int, whole: int, expected: int) -> None:
    """Halves up, and debt or surplus do not leave the bar."""
    assert expected == percent(part, whole)


@pytest.mark.parametrize(
    ("tokens", "token_value", "expected"),
    [
        (247, 1_500_000, 370_500),
        (-247, 1_500_000, -370_500),
        (1, 500, 1),
        (-1, 500, -1),
        (1, 499, 0),
        (0, 9, 0),
    ],
)
def test_tokens_have_a_value(tokens: int, token_value: int, expected: int) -> None:
    """At $0.0015 a token, 247 are $0.3705; debt is worth as much, negative."""
    assert expected == micro_dollars(tokens, token_value)


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_dollars_of_the_wire_are_read_back(micro: int) -> None:
    """Six decimals say exactly what was meant, in both directions."""
    assert micro == parse_dollars_exact(format_dollars_exact(micro))


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1.5", "1.0000000", ".500000", "01.000000", "+1.000000", "-0.000000", "1.00000٠"),
        *("1,000000", "1.000000\n", "1" * 10 + ".000000"),
    ],
)
def test_other_spellings_of_dollars_are_refused(text: str) -> None:
    """One amount has one spelling, or two events could say the same."""
    with pytest.raises(AmountError, match="six decimals"):
        parse_dollars_exact(text)


@pytest.mark.parametrize(
    ("micro", "expected"),
    [
        (8_770_500, "$8.77"),
        (-5_838_000, "-$5.84"),
        (5_000, "$0.01"),
        (4_999, "$0.00"),
        (-4_999, "$0.00"),
        (1_234_567_890_000, "$1,234,567.89"),
    ],
)
def test_people_see_cents(micro: int, expected: str) -> None:
    """Halves up, thousands apart, and no negative zero."""
    assert expected == format_dollars(micro)


def test_tokens_have_their_thousands_apart() -> None:
    """Debt keeps its sign."""
    assert "4,234,567" == format_tokens(4_234_567)
    assert "-1,000" == format_tokens(-1_000)


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (0, "0"),
        (999, "999"),
        (-847, "-847"),
        (1_000, "1k"),
        (1_999, "1.9k"),
        (99_999, "99.9k"),
        (100_999, "100k"),
        (999_999, "999k"),
        (4_234_567, "4.2M"),
        (-4_299_999, "-4.2M"),
        (7 * 10**9, "7B"),
        (AMOUNT_MAX, "999T"),
    ],
)
def test_few_characters_never_promise_more(tokens: int, expected: str) -> None:
    """At most three digits and a unit, cut and not rounded."""
    assert expected == compact_tokens(tokens)


@given(SMALL)
def test_cents_of_rows_add_to_the_cents_of_their_sum(parts: list[int]) -> None:
    """Each row is off by less than a cent, and the column by nothing."""
    cents = cents_that_add(parts)
    assert divide_half_up(sum(parts), 10_000) == sum(cents)
    for part, cent in zip(parts, cents, strict=True):
        assert abs(cent - Fraction(part, 10_000)) < 1


def test_rows_rounded_alone_would_not_add() -> None:
    """Control: three rows of half a cent are two cents together, where each alone would be shown as one."""
    assert (1, 1, 0) == cents_that_add([5_000, 5_000, 5_000])
    assert 3 == sum(divide_half_up(part, 10_000) for part in (5_000, 5_000, 5_000))


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 15), (1, 15), (20, 15), (21, 20), (40, 20), (50, 35), (80, 40), (100, 50)]
)
def test_a_percentile_is_a_figure_that_was_there(percent: int, expected: int) -> None:
    """The textbook's five: 15, 20, 35, 40, 50."""
    assert expected == nearest_rank([15, 20, 35, 40, 50], percent)


@given(SMALL.filter(bool), st.integers(1, 100))
def test_a_percentile_is_the_smallest_that_enough_do_not_exceed(figures: list[int], percent: int) -> None:
    """At least so many percent lie at or below it, and fewer at or below any smaller figure."""
    found = nearest_rank(sorted(figures), percent)
    assert 100 * sum(one <= found for one in figures) >= percent * len(figures)
    smaller = [one for one in figures if one < found]
    assert 100 * len(smaller) < percent * len(figures)
