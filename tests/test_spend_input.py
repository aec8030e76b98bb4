"""Spending with values that cannot be used: errors with a sentence, and nothing promised."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from nostr_usage.errors import (
    AmountError,
    HoldError,
    InputError,
    NostrUsageError,
    PricingError,
    TimeError,
    UnknownModelError,
    UnknownNameError,
)
from nostr_usage.ledger.entry import AccountId
from nostr_usage.pricing.usage import Bucket, measured_usage
from nostr_usage.spend import Spender
from nostr_usage.spending.rules import TTL_S_MAX
from nostr_usage.writing.intent import Used
from tests.operators import OperatorOfTests, operator_in
from tests.spenders import CHAT, balance, chat, held, spender_of

MISSING = "ab" * 16


@pytest.fixture
def service(tmp_path: Path) -> Generator[OperatorOfTests]:
    """A service on 1 February 2026."""
    with operator_in(tmp_path) as operator:
        yield operator


@pytest.fixture
def account(service: OperatorOfTests) -> AccountId:
    """An account with 5,000 tokens."""
    return service.open_account()


@pytest.fixture
def spender(service: OperatorOfTests) -> Spender:
    """What spends for the service."""
    return spender_of(service)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"account": AccountId("ab" * 32)}, UnknownNameError),
        ({"activity": "mind-reading"}, UnknownNameError),
        ({"add_ons": ("images",)}, UnknownNameError),
        ({"tokens": -1}, AmountError),
        ({"tokens": 2.5}, AmountError),
        ({"tokens": True}, AmountError),
        ({"actor": ""}, InputError),
        ({"group": "x" * 101}, InputError),
        ({"model": "no-such-model"}, UnknownModelError),
    ],
)
def test_what_could_not_be_charged_is_not_promised(
    service: OperatorOfTests,
    spender: Spender,
    account: AccountId,
    fields: dict[str, object],
    error: type[NostrUsageError],
) -> None:
    """Bad values and models without a price are errors before the action runs, and nothing is kept."""
    wrong = chat(account, **fields)
    for ask in (lambda: spender.check(wrong), lambda: spender.reserve(wrong, key="k1")):
        with pytest.raises(error):
            ask()
    assert 0 == balance(service, account).held


@pytest.mark.parametrize("ttl_s", [0, TTL_S_MAX + 1, -1, 1.5])
def test_a_hold_lasts_a_second_to_a_day(spender: Spender, account: AccountId, ttl_s: int) -> None:
    """Neither nothing nor for ever."""
    with pytest.raises(InputError):
        spender.reserve(chat(account), key="k1", ttl_s=ttl_s)
    hold = held(spender, chat(account), "k2", ttl_s=TTL_S_MAX)
    with pytest.raises(InputError):
        spender.extend(hold.hold_id, ttl_s=ttl_s)


@pytest.mark.parametrize("key", ["", "x" * 201, "line\nfeed"])
def test_a_key_that_cannot_be_kept_is_refused(spender: Spender, account: AccountId, key: str) -> None:
    """As `record` does; a settle without a key of its own has the hold's."""
    with pytest.raises(InputError):
        spender.reserve(chat(account), key=key)
    if key:
        hold = held(spender, chat(account), "k")
        with pytest.raises(InputError):
            spender.settle(hold.hold_id, CHAT, key=key)


@pytest.mark.parametrize("hold_id", [MISSING, "", "zz" * 16, "AB" * 16, "ab" * 17, "\x1b[2J"])
def test_an_unknown_hold_is_refused(spender: Spender, hold_id: str) -> None:
    """Whatever was typed."""
    for ask in (
        lambda: spender.settle(hold_id, CHAT),
        lambda: spender.void(hold_id),
        lambda: spender.extend(hold_id),
    ):
        with pytest.raises(HoldError, match="there is no hold"):
            ask()


def test_a_settle_that_fails_leaves_the_hold_open(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """A count that cannot be charged, a time in the future: corrected, it is settled."""
    hold = held(spender, chat(account), "k1")
    strange = measured_usage("no-such-model", {Bucket.OUTPUT: 1})
    for wrong, error in (
        (Used(), PricingError),
        (Used(usage=(strange,)), UnknownModelError),
        (Used(tokens=-1), AmountError),
        (Used(tokens=1, occurred_at=service.clock.now() + 1), TimeError),
        (Used(tokens=1, occurred_at=1), TimeError),
        (Used(tokens=1, prompt=""), InputError),
    ):
        with pytest.raises(error):
            spender.settle(hold.hold_id, wrong)
    assert (5_000, 250) == (balance(service, account).tokens, balance(service, account).held)
    assert 4_753 == spender.settle(hold.hold_id, CHAT).entry.balance.total


def test_too_many_open_holds_are_an_error(
    spender: Spender, account: AccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bound that only a caller who never settles can reach."""
    monkeypatch.setattr("nostr_usage.spending.rules.HOLDS_OPEN_MAX", 2)
    first = held(spender, chat(account), "k1")
    held(spender, chat(account), "k2")
    with pytest.raises(HoldError, match="2 holds are open"):
        spender.reserve(chat(account), key="k3")
    spender.void(first.hold_id)
    held(spender, chat(account), "k3")


def test_an_account_without_entries_has_nothing_to_spend(service: OperatorOfTests, spender: Spender) -> None:
    """It is known, as after a sync that has only begun, but there is no stream yet."""
    bare = AccountId("cd" * 32)
    service.store.write(lambda transaction: transaction.add_account(bare, created_at=0, anchor=0))
    with pytest.raises(UnknownNameError, match="stream"):
        spender.check(chat(bare))
