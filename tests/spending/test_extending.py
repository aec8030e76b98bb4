"""Holds that last longer or keep more back, and what stays as it was where that is refused."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nostr_usage.errors import AmountError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.guardrail import Budget, Enforcement, Scope
from nostr_usage.ledger.refusal import CautionCode, Refusal
from nostr_usage.ledger.window import Period
from nostr_usage.spend import Spender
from nostr_usage.writing.intent import Hold
from tests.operators import OperatorOfTests, operator_in
from tests.spenders import balance, chat, held, refusal, spender_of


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


def test_a_hold_keeps_more_or_less_when_it_is_extended(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """More only as far as it is there, its own tokens not counted twice; a refusal leaves it as it was."""
    hold = held(spender, chat(account, tokens=3_000), "k")
    more = spender.extend(hold.hold_id, ttl_s=60, tokens=5_000)
    assert isinstance(more, Hold)
    assert (5_000, [CautionCode.LOW_AFTERWARDS]) == (more.tokens, [one.code for one in more.cautions])
    service.clock.advance(30)
    refused = refusal(spender.extend(hold.hold_id, ttl_s=600, tokens=5_001))
    assert (5_001, 5_000) == (refused.needed, refused.left)
    assert 5_000 == balance(service, account).held
    less = spender.extend(hold.hold_id, ttl_s=60, tokens=1_000)
    assert isinstance(less, Hold)
    assert (1_000, 1_000) == (less.tokens, balance(service, account).held)
    again = spender.reserve(chat(account, tokens=3_000), key="k")
    assert isinstance(again, Hold)
    assert (hold.hold_id, 1_000, True) == (again.hold_id, again.tokens, again.is_repeat)


def test_a_refused_extension_keeps_the_time_of_a_hold(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """It ends when it would have."""
    hold = held(spender, chat(account, tokens=3_000), "k", ttl_s=60)
    refusal(spender.extend(hold.hold_id, ttl_s=600, tokens=9_000))
    service.clock.advance(59)
    assert 3_000 == balance(service, account).held
    service.clock.advance(1)
    assert 0 == balance(service, account).held


def test_raising_a_hold_counts_it_once_in_budgets_and_rates(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """What it keeps already is not counted beside what it is to keep."""
    budget = Budget(scope=Scope.ACCOUNT, period=Period.DAY, tokens=1_000, enforcement=Enforcement.REFUSE)
    spender.set_budget(account, budget)
    hold = held(spender, chat(account, tokens=900), "k")
    assert isinstance(spender.extend(hold.hold_id, tokens=1_000), Hold)
    assert 1_000 == refusal(spender.extend(hold.hold_id, tokens=1_001)).left


@pytest.mark.parametrize("tokens", [-1, 2.5, True, 10**15])
def test_a_hold_is_extended_to_an_amount(
    service: OperatorOfTests, spender: Spender, account: AccountId, tokens: object
) -> None:
    """And to nothing else; it stays as it was."""
    hold = held(spender, chat(account), "k")
    with pytest.raises(AmountError):
        spender.extend(hold.hold_id, tokens=tokens)  # pyright: ignore[reportArgumentType] - that is the point
    assert 250 == balance(service, account).held


def test_together_holds_are_raised_no_further_than_the_balance(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Eight of 500 tokens in 5,000, each raised to 1,000 at the same moment: there is room for two."""
    holds = [held(spender, chat(account, tokens=500), f"k{number}") for number in range(8)]

    def raised(hold: Hold) -> Hold | Refusal:
        return spender.extend(hold.hold_id, tokens=1_000)

    with ThreadPoolExecutor(len(holds)) as pool:
        answers = list(pool.map(raised, holds))
    assert [1_000, 1_000] == [answer.tokens for answer in answers if isinstance(answer, Hold)]
    assert 5_000 == balance(service, account).held
