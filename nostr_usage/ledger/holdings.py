"""What each operation does to the lots and the debt of a stream.

In every function here, Σ lots − debt changes by exactly the signed tokens of the entry, whatever is wrong
with that entry, so that summing a stream always gives its balance. What is wrong is noted, never raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from nostr_usage.ledger.entry import Entry, Operation, Source
from nostr_usage.ledger.lot import (
    Draw,
    Lot,
    has_lapsed,
    is_lapsed,
    lot_with,
    put,
    take,
    take_preferring,
    tokens_of,
)
from nostr_usage.ledger.problems import ProblemCode
from nostr_usage.ledger.state import StreamState
from nostr_usage.ledger.totals import Movement


class Holdings(NamedTuple):
    """Lots in burn order and debt, never both; and what a debit drew."""

    lots: tuple[Lot, ...]
    debt: int
    draws: tuple[Draw, ...] = ()


class Finding(NamedTuple):
    """A problem that does not know its entry yet."""

    code: ProblemCode
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Referred:
    """What the fold must know of the entry that a refund or a reverse names.

    Attributes:
        operation: of that entry; a refund needs a debit, a reverse a grant.
        tokens: of that entry.
        draws: of a debit, in the order in which they were drawn.
        lot_seq: the seq of that entry, which a grant's lot has too.
        undone: tokens refunded or reversed so far, by other entries.
        source: of a grant's lot; None is taken for anything but a purchase.
    """

    operation: Operation
    tokens: int
    draws: tuple[Draw, ...] = ()
    lot_seq: int
    undone: int = 0
    source: Source | None = None

    @property
    def left(self) -> int:
        """What may still be refunded or reversed."""
        return max(0, self.tokens - self.undone)


def referred_to(entry: Entry, draws: tuple[Draw, ...] = (), *, undone: int = 0) -> Referred:
    """What a refund or a reverse of `entry` needs to know; `undone` is what others of them took so far."""
    return Referred(
        operation=entry.operation,
        tokens=entry.tokens,
        draws=draws,
        lot_seq=entry.seq,
        undone=undone,
        source=entry.lot.source if entry.lot else None,
    )


def debit(state: StreamState, movement: Movement, *, at: int, findings: list[Finding]) -> Holdings:
    """Draws from the lots not lapsed `at` its writing, in burn order; the uncovered rest is debt.

    A lapsed lot whose `expire` is missing is drawn from last, before there is debt: never both.
    """
    if has_lapsed(state.lots, at=at):
        findings.append(_expiry_missing(state, at))
        lots, draws, uncovered = take_preferring(
            state.lots, movement.tokens, preference=lambda lot: is_lapsed(lot, at=at)
        )
    else:
        lots, draws, uncovered = take(state.lots, movement.tokens)
    return Holdings(lots, state.debt + uncovered, draws)


def grant(state: StreamState, movement: Movement, *, seq: int, findings: list[Finding]) -> Holdings:
    """Pays the debt, and opens a lot with the rest; without terms, an adjustment that never expires."""
    terms = movement.lot
    if terms is None:
        findings.append(Finding(ProblemCode.LOT_MISSING, "a grant does not say what lot it opens"))
        opened = _lasting(movement, seq, movement.tokens)
    else:
        opened = Lot(
            seq=seq,
            source=terms.source,
            priority=terms.priority,
            expires_at=terms.expires_at,
            granted_at=movement.occurred_at,
            remaining=movement.tokens,
        )
    return _give(Holdings(state.lots, state.debt), opened)


def refund(
    state: StreamState,
    movement: Movement,
    *,
    seq: int,
    at: int,
    cycle_end: int | None,
    referred: Referred | None,
    findings: list[Finding],
) -> Holdings:
    """Returns tokens to where a debit took them from; while there is debt they pay it first.

    First what no lot covered (a lasting adjustment, once there is no debt), then its draws, last drawn first,
    each to its very lot. What was drawn from a lot that is lapsed by now goes to a new lot of the same source
    that lasts to the end of the current cycle. Partial refunds go on where the last one stopped. More than
    the debit is a problem, and a lasting adjustment.
    """
    _note_lapsed(state, at, findings)
    left = referred.left if referred and referred.operation is Operation.DEBIT else 0
    if referred is None or referred.operation is not Operation.DEBIT:
        findings.append(Finding(ProblemCode.REFUND_UNKNOWN, "a refund names no debit of this stream"))
    elif movement.tokens > left:
        message = f"{movement.tokens} are refunded where {left} of {referred.tokens} are left"
        findings.append(Finding(ProblemCode.REFUND_EXCESS, message))
    held = Holdings(state.lots, state.debt)
    returned = min(movement.tokens, left)
    if referred and returned:
        for lot in _returned_lots(referred, returned, movement, seq):
            held = _give(held, _relocated(lot, movement, seq=seq, at=at, cycle_end=cycle_end))
    return _give(held, _lasting(movement, seq, movement.tokens - returned))


def reverse(
    state: StreamState,
    movement: Movement,
    *,
    at: int,
    referred: Referred | None,
    findings: list[Finding],
) -> Holdings:
    """Takes back a grant: from its very lot, then from the others in burn order; the rest is debt."""
    _note_lapsed(state, at, findings)
    lot_seq = 0
    if referred is None or referred.operation is not Operation.GRANT:
        findings.append(Finding(ProblemCode.REVERSE_UNKNOWN, "a reverse names no grant of this stream"))
    else:
        lot_seq = referred.lot_seq
        if movement.tokens > referred.left:
            message = f"{movement.tokens} are reversed where {referred.left} of {referred.tokens} are left"
            findings.append(Finding(ProblemCode.REVERSE_UNKNOWN, message))
    lots, _, uncovered = take_preferring(
        state.lots, movement.tokens, preference=lambda lot: (lot.seq != lot_seq, is_lapsed(lot, at=at))
    )
    return Holdings(lots, state.debt + uncovered)


def expire(state: StreamState, movement: Movement, *, at: int, findings: list[Finding]) -> Holdings:
    """Takes all lots lapsed at its occurred_at; if they hold another sum, its tokens from lapsed lots first.

    An `expire` dated after its writing takes what is lapsed at its writing: nothing lapses in advance.
    """
    moment = min(movement.occurred_at, at)
    lapsed = tokens_of(tuple(lot for lot in state.lots if is_lapsed(lot, at=moment)))
    if lapsed != movement.tokens:
        message = f"{movement.tokens} expire at {movement.occurred_at}, but lapsed lots hold {lapsed}"
        findings.append(Finding(ProblemCode.EXPIRY_MISMATCH, message))
    lots, _, uncovered = take_preferring(
        state.lots, movement.tokens, preference=lambda lot: not is_lapsed(lot, at=moment)
    )
    return Holdings(lots, state.debt + uncovered)


def _expiry_missing(state: StreamState, at: int) -> Finding:
    lapsed = tokens_of(tuple(lot for lot in state.lots if is_lapsed(lot, at=at)))
    return Finding(ProblemCode.EXPIRY_MISSING, f"{lapsed} lapsed before {at} and were not expired first")


def _note_lapsed(state: StreamState, at: int, findings: list[Finding]) -> None:
    if has_lapsed(state.lots, at=at):
        findings.append(_expiry_missing(state, at))


def _give(held: Holdings, lot: Lot) -> Holdings:
    """`held` with the tokens of `lot`, which pay the debt first."""
    paid = min(held.debt, lot.remaining)
    rest = lot.remaining - paid
    if rest == 0:
        return Holdings(held.lots, held.debt - paid)
    return Holdings(put(held.lots, lot_with(lot, remaining=rest)), held.debt - paid)


def _returned_lots(referred: Referred, tokens: int, movement: Movement, seq: int) -> Iterator[Lot]:
    """What a refund of `tokens` returns, as lots with the terms of those that were drawn from."""
    uncovered = referred.tokens - sum(draw.tokens for draw in referred.draws)
    drawn = [lot_with(draw, remaining=draw.tokens) for draw in reversed(referred.draws)]
    skipped = referred.undone
    for lot in (_lasting(movement, seq, uncovered), *drawn):
        returned = min(max(0, lot.remaining - skipped), tokens)
        skipped = max(0, skipped - lot.remaining)
        tokens -= returned
        if returned:
            yield lot_with(lot, remaining=returned)


def _relocated(lot: Lot, movement: Movement, *, seq: int, at: int, cycle_end: int | None) -> Lot:
    """`lot`, or what stands for it once it is lapsed; a cycle that is over itself sets no end."""
    if not is_lapsed(lot, at=at):
        return lot
    return Lot(
        seq=seq,
        source=lot.source,
        priority=lot.priority,
        expires_at=cycle_end if cycle_end is not None and cycle_end > at else None,
        granted_at=movement.occurred_at,
        remaining=lot.remaining,
    )


def _lasting(movement: Movement, seq: int, tokens: int) -> Lot:
    return Lot(
        seq=seq,
        source=Source.ADJUSTMENT,
        priority=0,
        expires_at=None,
        granted_at=movement.occurred_at,
        remaining=tokens,
    )
