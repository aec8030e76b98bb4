"""The state of a stream after its last entry: all that the next entry needs, in a few hundred bytes.

A fold resumes from it, so a balance costs the new entries only. Its JSON form, and that of draws, is compact
and positional, with a version first, and is read by this module only.
"""

import json
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from nostr_usage.errors import LedgerError
from nostr_usage.ledger.figures import Balance, CycleTotals
from nostr_usage.ledger.lot import Draw, Lot
from nostr_usage.ledger.names import Source

Value = TypeVar("Value")

_VERSION = 1
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Lifetime(NamedTuple):
    """All that ever happened to a stream, in tokens, each figure in full.

    `granted + purchased + refunded − used − expired − reversed` is the balance; `granted` counts every source
    but purchases.
    """

    granted: int = 0
    purchased: int = 0
    used: int = 0
    refunded: int = 0
    expired: int = 0
    reversed: int = 0


class StreamState(NamedTuple):
    """A stream after its entry `seq`.

    Attributes:
        seq: of the last entry, 0 before the first.
        created_at: the latest so far.
        lots: in burn order, none of them empty.
        debt: tokens used that no lot covered. Debt and lots are never there together.
        cycles: those not closed, oldest first, each beginning where the one before it ends, each opening with
            what the one before it closes with; the last is the current one. Empty until the stream is opened.
        lifetime: the sums over all entries.
    """

    seq: int = 0
    created_at: int = 0
    lots: tuple[Lot, ...] = ()
    debt: int = 0
    cycles: tuple[CycleTotals, ...] = ()
    lifetime: Lifetime = Lifetime()


EMPTY_STATE = StreamState()
"""A stream before its first entry."""


def balance_of(state: StreamState) -> Balance:
    """The balance of a stream; lots that have lapsed count until their `expire` entry."""
    expiring = lasting = 0
    for lot in state.lots:
        if lot.expires_at is None:
            lasting += lot.remaining
        else:
            expiring += lot.remaining
    return Balance(total=expiring + lasting - state.debt, expiring=expiring, lasting=lasting)


def next_allowance_at(state: StreamState, *, now: int) -> int | None:
    """When the next allowance comes, as far as the stream tells: the end of the current cycle, or later.

    A larger plan in another rhythm grants its difference until its own cycle ends: later than the cycle in
    which it came, and no allowance comes before. None where nothing ends.
    """
    end = state.cycles[-1].end if state.cycles else None
    ends = [
        lot.expires_at
        for lot in state.lots
        if lot.source is Source.ALLOWANCE and lot.expires_at is not None and lot.expires_at > now
    ]
    return max((one for one in (end, *ends) if one is not None), default=None)


def state_to_json(state: StreamState) -> str:
    """`state` as one line of JSON that `state_from_json` reads."""
    life = state.lifetime
    return _encode(
        [
            _VERSION,
            state.seq,
            state.created_at,
            [_lot_row(lot) for lot in state.lots],
            state.debt,
            [_cycle_row(cycle) for cycle in state.cycles],
            [life.granted, life.purchased, life.used, life.refunded, life.expired, life.reversed],
        ]
    )


def state_from_json(text: str) -> StreamState:
    """The state that `state_to_json` wrote.

    Raises:
        LedgerError: if `text` is anything else; fold the stream again from its entries.
    """
    return _read(text, _state_from_rows, "state of a stream")


def draws_to_json(draws: tuple[Draw, ...]) -> str:
    """`draws` as one line of JSON that `draws_from_json` reads."""
    # Every debit has one, and an encoder takes longer to begin than this takes in all.
    rows = [
        f',[{draw.seq},"{draw.source.value}",{draw.priority},'
        f"{'null' if draw.expires_at is None else draw.expires_at},{draw.granted_at},{draw.tokens}]"
        for draw in draws
    ]
    return f"[{_VERSION}{''.join(rows)}]"


def draws_from_json(text: str) -> tuple[Draw, ...]:
    """The draws that `draws_to_json` wrote.

    Raises:
        LedgerError: if `text` is anything else; fold the stream again from its entries.
    """
    return _read(text, _draws_from_rows, "draws of a debit")


def _read(text: str, build: Callable[[list[object]], Value], what: str) -> Value:
    try:
        return build(_rows(text))
    except (ValueError, RecursionError) as error:
        raise LedgerError(
            f"the saved {what} cannot be read: {text[:40]!r}",
            advice="Fold the stream again from its entries.",
        ) from error


def _rows(text: str) -> list[object]:
    version, *rows = _list(json.loads(text))
    if version != _VERSION:
        raise ValueError(f"version {version!r}")
    return rows


def _state_from_rows(rows: list[object]) -> StreamState:
    seq, created_at, lots, debt, cycles, lifetime = rows
    granted, purchased, used, refunded, expired, reversed_ = map(_int, _list(lifetime))
    return StreamState(
        seq=_int(seq),
        created_at=_int(created_at),
        lots=tuple(_lot(row) for row in _list(lots)),
        debt=_int(debt),
        cycles=tuple(_cycle(row) for row in _list(cycles)),
        lifetime=Lifetime(
            granted=granted,
            purchased=purchased,
            used=used,
            refunded=refunded,
            expired=expired,
            reversed=reversed_,
        ),
    )


def _draws_from_rows(rows: list[object]) -> tuple[Draw, ...]:
    lots = [_lot(row) for row in rows]
    return tuple(
        Draw(
            seq=lot.seq,
            source=lot.source,
            priority=lot.priority,
            expires_at=lot.expires_at,
            granted_at=lot.granted_at,
            tokens=lot.remaining,
        )
        for lot in lots
    )


def _lot_row(lot: Lot) -> list[object]:
    return [lot.seq, lot.source.value, lot.priority, lot.expires_at, lot.granted_at, lot.remaining]


def _lot(row: object) -> Lot:
    seq, source, priority, expires_at, granted_at, tokens = _list(row)
    return Lot(
        seq=_int(seq),
        source=Source(source),
        priority=_int(priority),
        expires_at=None if expires_at is None else _int(expires_at),
        granted_at=_int(granted_at),
        remaining=_int(tokens),
    )


def _cycle_row(cycle: CycleTotals) -> list[int | None]:
    return [
        cycle.start,
        cycle.end,
        cycle.opening,
        cycle.granted,
        cycle.purchased,
        cycle.used,
        cycle.refunded,
        cycle.expired,
        cycle.first_seq,
        cycle.count,
    ]


def _cycle(row: object) -> CycleTotals:
    start, end, *figures = _list(row)
    opening, granted, purchased, used, refunded, expired, first_seq, count = map(_int, figures)
    return CycleTotals(
        start=_int(start),
        end=None if end is None else _int(end),
        opening=opening,
        granted=granted,
        purchased=purchased,
        used=used,
        refunded=refunded,
        expired=expired,
        first_seq=first_seq,
        count=count,
    )


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("not a list")  # noqa: TRY004 — one class of error for every wrong shape
    return value  # pyright: ignore[reportUnknownVariableType] — its items are checked one by one


def _int(value: object) -> int:
    if type(value) is not int:
        raise ValueError("not a whole number")
    return value
