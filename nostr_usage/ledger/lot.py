"""Lots: tokens granted together, what a debit draws from them, and the order in which they are spent.

A stream holds its lots in burn order, so a debit takes from the front. A lot that is used up is not kept: a
draw repeats the full terms of its lot, so that a refund can open the very same lot again.
"""

from collections.abc import Callable
from typing import NamedTuple

from nostr_usage.ledger.names import Source

_SOURCE_RANK = {source: rank for rank, source in enumerate(Source)}


class Lot(NamedTuple):
    """Tokens granted together; its terms, without `remaining`, tell it from every other lot of its stream.

    Attributes:
        seq: the entry that opened it: a grant, or a refund of a lot that had lapsed.
        source: where the tokens came from.
        priority: lower is spent first.
        expires_at: unix seconds from which it counts as lapsed; None means never.
        granted_at: occurred_at of the entry that opened it.
        remaining: tokens left, never 0 in a stream.
    """

    seq: int
    source: Source
    priority: int
    expires_at: int | None
    granted_at: int
    remaining: int


class Draw(NamedTuple):
    """What one debit took from one lot, with that lot's terms."""

    seq: int
    source: Source
    priority: int
    expires_at: int | None
    granted_at: int
    tokens: int


def burn_order(lot: Lot | Draw) -> tuple[int, bool, int, int, int, int]:
    """Sorts lots as they are spent: priority, expiry with never last, source, granted_at, seq.

    The key holds all terms of a lot, so two lots with one key are the same lot.
    """
    return (
        lot.priority,
        lot.expires_at is None,
        lot.expires_at or 0,
        _SOURCE_RANK[lot.source],
        lot.granted_at,
        lot.seq,
    )


def is_lapsed(lot: Lot | Draw, *, at: int) -> bool:
    """Whether the lot counts for nothing from `at` on: expiry is the first second without it."""
    return lot.expires_at is not None and lot.expires_at <= at


def has_lapsed(lots: tuple[Lot, ...], *, at: int) -> bool:
    """Whether any of `lots` is lapsed at `at`."""
    for lot in lots:  # noqa: SIM110 — a generator would double the time of a plain debit
        if lot.expires_at is not None and lot.expires_at <= at:
            return True
    return False


def tokens_of(lots: tuple[Lot, ...]) -> int:
    """All tokens in `lots`."""
    return sum(lot.remaining for lot in lots)


def put(lots: tuple[Lot, ...], lot: Lot) -> tuple[Lot, ...]:
    """`lots` with the tokens of `lot`: added to the lot with the same terms, else as one more lot."""
    key = burn_order(lot)
    for index, other in enumerate(lots):
        if burn_order(other) == key:
            return (
                *lots[:index],
                lot_with(other, remaining=other.remaining + lot.remaining),
                *lots[index + 1 :],
            )
        if burn_order(other) > key:
            return (*lots[:index], lot, *lots[index:])
    return (*lots, lot)


def take(lots: tuple[Lot, ...], tokens: int) -> tuple[tuple[Lot, ...], tuple[Draw, ...], int]:
    """`lots` without `tokens`, taken from the front; the draws; and the tokens that were not there."""
    draws: list[Draw] = []
    for index, lot in enumerate(lots):
        if tokens == 0:
            return lots[index:], tuple(draws), 0
        if tokens < lot.remaining:
            draws.append(_draw(lot, tokens))
            return (lot_with(lot, remaining=lot.remaining - tokens), *lots[index + 1 :]), tuple(draws), 0
        draws.append(_draw(lot, lot.remaining))
        tokens -= lot.remaining
    return (), tuple(draws), tokens


def take_preferring(
    lots: tuple[Lot, ...], tokens: int, *, preference: Callable[[Lot], bool | tuple[bool, ...]]
) -> tuple[tuple[Lot, ...], tuple[Draw, ...], int]:
    """Like `take`, but from lots with a lower `preference` first, in burn order among equals."""
    left, draws, uncovered = take(tuple(sorted(lots, key=preference)), tokens)
    return tuple(sorted(left, key=burn_order)), draws, uncovered


def lot_with(lot: Lot | Draw, *, remaining: int) -> Lot:
    """A lot with the terms of `lot`, holding `remaining` tokens."""
    return Lot(
        seq=lot.seq,
        source=lot.source,
        priority=lot.priority,
        expires_at=lot.expires_at,
        granted_at=lot.granted_at,
        remaining=remaining,
    )


def _draw(lot: Lot, tokens: int) -> Draw:
    return Draw(
        seq=lot.seq,
        source=lot.source,
        priority=lot.priority,
        expires_at=lot.expires_at,
        granted_at=lot.granted_at,
        tokens=tokens,
    )
