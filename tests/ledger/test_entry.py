"""An entry: what its operation does to a sum, and the order of sources."""

from __future__ import annotations

import dataclasses

import pytest

from nostr_usage.ledger.entry import CycleTotals, Operation, Source
from tests.ledger.scenario import entry

SIGNS = {
    "open": 0,
    "plan": 0,
    "grant": 1,
    "debit": -1,
    "refund": 1,
    "reverse": -1,
    "expire": -1,
    "close": 0,
    "memo": 0,
    "gauge": 0,
}


def test_every_operation_has_its_sign() -> None:
    """Grants and refunds add, debits, reverses and expiries subtract, all others move nothing."""
    assert SIGNS == {operation.value: operation.sign for operation in Operation}


@pytest.mark.parametrize(("name", "sign"), SIGNS.items())
def test_signed_tokens_follow_from_the_operation(name: str, sign: int) -> None:
    """An entry adds its tokens to the balance with the sign of its operation."""
    assert sign * 247 == entry(Operation(name), tokens=247).signed_tokens


def test_sources_are_listed_in_the_order_in_which_they_are_spent() -> None:
    """Among lots that lapse together, promotions go first and purchases last."""
    assert ["promo", "gift", "rollover", "allowance", "adjustment", "purchased"] == list(Source)


def test_the_closing_of_a_cycle_follows_from_its_figures() -> None:
    """10,000 granted and 4,153 used leave 5,847, before and after a purchase of 14,500."""
    cycle = CycleTotals(start=0, end=None, opening=0, granted=10_000, used=4_153)

    assert 5_847 == cycle.closing
    assert 20_347 == cycle._replace(purchased=14_500).closing
    assert 5_000 == cycle._replace(refunded=153, expired=1_000).closing


def test_entries_do_not_change() -> None:
    """Nothing is edited: a field cannot be set."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry(Operation.DEBIT).tokens = 1  # pyright: ignore[reportAttributeAccessIssue] — that is the point
