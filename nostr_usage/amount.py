"""Exact amounts: tokens and micro-dollars are integers, and every rounding happens here.

Tokens are what a customer buys and spends. One dollar is 1,000,000 micro-dollars.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nostr_usage.errors import AmountError

MICRO_PER_DOLLAR = 1_000_000
# 15 digits stay exact in every JSON tool, those that read numbers as doubles included.
AMOUNT_MAX = 999_999_999_999_999

_AMOUNT = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
_DOLLARS = re.compile(r"(-?)(0|[1-9][0-9]{0,8})\.([0-9]{6})", re.ASCII)
_COMPACT_UNITS = ((1_000_000_000_000, "T"), (1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k"))


def parse_amount(text: str, *, name: str = "amount") -> int:
    """The integer that `text` writes: `0` or 1–15 ASCII digits without a leading zero.

    Raises:
        AmountError: for anything else (signs, spaces, separators, fractions, NaN, other digits).
    """
    if not _AMOUNT.fullmatch(text):
        raise AmountError(
            f"{name} {text[:40]!r} is not a plain whole number",
            advice="Write it in digits only, at most 15, such as 14500.",
        )
    return int(text)


def checked_amount(value: object, *, name: str = "amount") -> int:
    """`value` itself, if it is an `int` from 0 to `AMOUNT_MAX`.

    Raises:
        AmountError: for booleans, floats, strings, negative or larger numbers.
    """
    if type(value) is not int or not 0 <= value <= AMOUNT_MAX:
        raise AmountError(f"{name} {value!r} is not a whole number from 0 to {AMOUNT_MAX:,}")
    return value


def divide_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` for non-negative numerators, rounded to the nearest integer, halves up."""
    assert numerator >= 0, "amounts are rounded before they get a sign"
    assert denominator > 0
    return (2 * numerator + denominator) // (2 * denominator)


def divide_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` for non-negative numerators, rounded up."""
    assert numerator >= 0, "amounts are rounded before they get a sign"
    assert denominator > 0
    return -(-numerator // denominator)


def shares(parts: Sequence[int], *, total: int = 100) -> tuple[int, ...]:
    """`parts` as whole shares that add to `total` (largest remainder); all zero if the parts are.

    Ties in the remainder go to the earlier part, so the result does not depend on chance.
    """
    whole = sum(parts)
    if whole == 0:
        return tuple(0 for _ in parts)
    floors = [part * total // whole for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda i: (-(parts[i] * total % whole), i))
    for i in by_remainder[: total - sum(floors)]:
        floors[i] += 1
    return tuple(floors)


def percent(part: int, whole: int) -> int:
    """`part` of `whole` in whole percent, halves up, within 0–100; 0 of 0 is 0."""
    if whole <= 0 or part <= 0:
        return 0
    return min(100, divide_half_up(100 * part, whole))


def nearest_rank(ascending: Sequence[int], percent: int) -> int:
    """The smallest figure that at least `percent` % do not exceed: that of rank ⌈percent × n ÷ 100⌉."""
    assert ascending, "nothing has no percentile"
    return ascending[max(divide_up(percent * len(ascending), 100), 1) - 1]


def micro_dollars(tokens: int, token_value: int) -> int:
    """What `tokens` are worth in micro-dollars, at `token_value` nano-dollars a token, halves up.

    Nano-dollars, because a token may be worth less than a micro-dollar; $0.0015 is 1,500,000.
    """
    sign = -1 if tokens < 0 else 1
    return sign * divide_half_up(abs(tokens) * token_value, 1_000)


def format_dollars_exact(micro: int) -> str:
    """Micro-dollars with all six decimals, as on the wire: 370500 gives `0.370500`."""
    sign = "-" if micro < 0 else ""
    dollars, rest = divmod(abs(micro), MICRO_PER_DOLLAR)
    return f"{sign}{dollars}.{rest:06d}"


def parse_dollars_exact(text: str) -> int:
    """Micro-dollars from the six-decimal form of the wire.

    Raises:
        AmountError: for any other form.
    """
    match = _DOLLARS.fullmatch(text)
    if not match or text.startswith("-0.000000"):
        raise AmountError(f"{text[:40]!r} is not a dollar amount with six decimals")
    sign, dollars, rest = match.groups()
    return (-1 if sign else 1) * (int(dollars) * MICRO_PER_DOLLAR + int(rest))


def format_dollars(micro: int) -> str:
    """Micro-dollars as people read them, in cents, halves up: 8770500 gives `$8.77`, -5838000 `-$5.84`."""
    cents = divide_half_up(abs(micro), 10_000)
    sign = "-" if micro < 0 and cents else ""
    return f"{sign}${cents // 100:,}.{cents % 100:02d}"


def format_tokens(tokens: int) -> str:
    """Tokens with thousands separators: `4,234,567`."""
    return f"{tokens:,}"


def compact_tokens(tokens: int) -> str:
    """Tokens in few characters, never rounded up: `4.2M`, `15k`, `847`; the exact figure must be near."""
    sign, size = ("-" if tokens < 0 else ""), abs(tokens)
    for unit, letter in _COMPACT_UNITS:
        if size >= unit:
            tenths = size * 10 // unit
            text = f"{tenths // 10}.{tenths % 10}".removesuffix(".0") if tenths < 1000 else str(tenths // 10)
            return f"{sign}{text}{letter}"
    return f"{sign}{size}"


def cents_that_add(parts: Sequence[int]) -> tuple[int, ...]:
    """Micro-dollars as whole cents whose sum is the sum of `parts` in cents, halves up (largest remainder).

    Rounded one by one, the rows of a table would not always add to its total.
    """
    micro_per_cent = MICRO_PER_DOLLAR // 100
    cents = [part // micro_per_cent for part in parts]
    missing = (sum(parts) + micro_per_cent // 2) // micro_per_cent - sum(cents)
    by_remainder = sorted(range(len(parts)), key=lambda i: (-(parts[i] % micro_per_cent), i))
    for i in by_remainder[:missing]:
        cents[i] += 1
    return tuple(cents)
