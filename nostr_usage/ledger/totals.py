"""The open cycles of a stream in figures: where an entry counts, when a cycle begins, what a `close` states.

Cycles follow each other without a gap: each begins where the one before it ends, and opens with what the one
before it closes with. A late entry lands in an earlier cycle that is still open, and later openings move.

- `open` begins the first cycle, without an end.
- A grant of an allowance, dated at or after the end of the current cycle, or in a cycle without an end,
  begins a new one that lasts as long as its lot. (In the very second in which a cycle without an end began,
  it gives that cycle its end.) Inside the current cycle it adds to it.
- Any other entry later than the end of the current cycle begins one without an end. Time between the end of a
  cycle and a later allowance becomes a cycle of its own, so none is skipped.
- An entry counts in the cycle that contains its occurred_at, `expire` in the one that contains the second
  before. What is older than the oldest open cycle counts in the current one.
- `close` counts nowhere.
"""

from __future__ import annotations

from typing import Protocol

from nostr_usage.ledger.entry import CycleTotals, LotTerms, Operation, Source


class Movement(Protocol):
    """What the fold reads of an entry, and of a draft before it becomes one."""

    @property
    def operation(self) -> Operation:
        """What it does to the balance."""
        ...

    @property
    def tokens(self) -> int:
        """How much of it."""
        ...

    @property
    def occurred_at(self) -> int:
        """Unix seconds; decides the cycle."""
        ...

    @property
    def lot(self) -> LotTerms | None:
        """On a grant."""
        ...

    @property
    def totals(self) -> CycleTotals | None:
        """On a close."""
        ...


def count_movement(
    cycles: tuple[CycleTotals, ...], movement: Movement, *, seq: int, is_of_purchase: bool
) -> tuple[CycleTotals, ...]:
    """`cycles` with one more entry in them, in a new cycle if it begins one; `cycles` are not empty.

    Args:
        cycles: the open cycles, oldest first.
        movement: the entry.
        seq: its seq.
        is_of_purchase: whether it grants purchased tokens, or reverses such a grant.
    """
    at = movement.occurred_at
    if movement.operation is Operation.EXPIRE:
        at -= 1
    if begins_cycle(cycles[-1], movement):
        cycles = _with_new_cycle(cycles, at, _lot_end(movement))
        index = -1
    else:
        end = cycles[-1].end
        if end is not None and at >= end:
            cycles = (*cycles, CycleTotals(start=end, end=None, opening=cycles[-1].closing))
        index = _index_at(cycles, at)
    counted = _counted(cycles[index], movement, seq=seq, is_of_purchase=is_of_purchase)
    if index == -1:
        return (*cycles[:-1], counted)
    moved = movement.operation.sign * movement.tokens
    later = (cycle._replace(opening=cycle.opening + moved) for cycle in cycles[index + 1 :])
    return (*cycles[:index], counted, *later)


def begins_cycle(current: CycleTotals, movement: Movement) -> bool:
    """Whether `movement` grants the allowance of a cycle after `current`, or gives `current` its end."""
    lot = movement.lot
    if movement.operation is not Operation.GRANT or lot is None or lot.source is not Source.ALLOWANCE:
        return False
    if lot.expires_at is not None and lot.expires_at <= movement.occurred_at:
        return False
    return movement.occurred_at >= (current.start if current.end is None else current.end)


def first_cycle(movement: Movement, *, seq: int, opening: int) -> tuple[CycleTotals, ...]:
    """The cycles of a stream after its `open`; `opening` is 0 unless entries came before it."""
    return (CycleTotals(start=movement.occurred_at, end=None, opening=opening, first_seq=seq, count=1),)


def close_oldest(
    cycles: tuple[CycleTotals, ...], totals: CycleTotals | None
) -> tuple[tuple[CycleTotals, ...], str | None]:
    """`cycles` without the oldest, and what is wrong with the `totals` that its `close` states, or None.

    The current cycle is never removed: a `close` of it is wrong as a whole.
    """
    if len(cycles) < 2:
        return cycles, "it closes a cycle before the next one began"
    oldest, *later = cycles
    finding = None if totals == oldest else f"the figures of the cycle are {_figures(oldest)}, not as stated"
    return tuple(later), finding


def _lot_end(movement: Movement) -> int | None:
    return movement.lot.expires_at if movement.lot else None


def _with_new_cycle(cycles: tuple[CycleTotals, ...], start: int, end: int | None) -> tuple[CycleTotals, ...]:
    """`cycles` with the current one ended at `start`, and [start, end) after it."""
    *earlier, current = cycles
    if current.end is None and current.start == start:
        return (*earlier, current._replace(end=end))
    if current.end is None:
        current = current._replace(end=start)
    elif current.end < start:
        earlier.append(current)
        current = CycleTotals(start=current.end, end=start, opening=current.closing)
    return (*earlier, current, CycleTotals(start=start, end=end, opening=current.closing))


def _index_at(cycles: tuple[CycleTotals, ...], at: int) -> int:
    """The index of the cycle that contains `at`; −1 for the last, and for what is older than all."""
    if at >= cycles[-1].start or at < cycles[0].start:
        return -1
    return next(index for index in range(len(cycles) - 2, -1, -1) if cycles[index].start <= at)


def _counted(cycle: CycleTotals, movement: Movement, *, seq: int, is_of_purchase: bool) -> CycleTotals:
    tokens = movement.tokens
    granted = purchased = used = refunded = expired = 0
    match movement.operation:
        case Operation.DEBIT:
            used = tokens
        case Operation.REFUND:
            refunded = tokens
        case Operation.EXPIRE:
            expired = tokens
        case Operation.GRANT | Operation.REVERSE:
            signed = movement.operation.sign * tokens
            granted, purchased = (0, signed) if is_of_purchase else (signed, 0)
        case _:
            pass
    return CycleTotals(
        start=cycle.start,
        end=cycle.end,
        opening=cycle.opening,
        granted=cycle.granted + granted,
        purchased=cycle.purchased + purchased,
        used=cycle.used + used,
        refunded=cycle.refunded + refunded,
        expired=cycle.expired + expired,
        first_seq=cycle.first_seq or seq,
        count=cycle.count + 1,
    )


def _figures(cycle: CycleTotals) -> str:
    return (
        f"opening {cycle.opening} + granted {cycle.granted} + purchased {cycle.purchased}"
        f" + refunded {cycle.refunded} − used {cycle.used} − expired {cycle.expired} = {cycle.closing}"
        f" in {cycle.count} entries from seq {cycle.first_seq}"
    )
