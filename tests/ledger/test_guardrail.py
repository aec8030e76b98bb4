"""Guardrails: which rule answers, what it says, and what would help."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nostr_usage.ledger.guardrail import (
    Budget,
    BudgetFact,
    Enforcement,
    Facts,
    Guardrails,
    RateFact,
    RateLimit,
    Scope,
    budget_name,
    decide,
)
from nostr_usage.ledger.refusal import Caution, CautionCode, HelpKind, Refusal, RefusalCode
from nostr_usage.ledger.window import Period

HOURLY = RateLimit(actions=100, window_s=3_600)
MONTHLY = Budget(scope=Scope.ACCOUNT, period=Period.MONTH, tokens=10_000, enforcement=Enforcement.REFUSE)
DAILY = Budget(scope=Scope.MEMBER, period=Period.DAY, tokens=1_000, enforcement=Enforcement.RAISE_OR_WAIT)
SOFT = replace(MONTHLY, enforcement=Enforcement.WARN)
RULES = Guardrails(
    action_max=500_000,
    rate_limits=(HOURLY,),
    budgets=(MONTHLY,),
    low_balance=1_000,
    statuses=((RefusalCode.RATE_LIMITED, 429),),
)
PLENTY = Facts(needed=250, balance=5_847, held=0, resets_at=2_000)


def rate(actions: int, *, frees_at: int = 900) -> RateFact:
    """So many actions within the hour."""
    return RateFact(limit=HOURLY, actions=actions, frees_at=frees_at)


def spent(tokens: int, *, budget: Budget = MONTHLY, subject: str = "", ends_at: int = 3_000) -> BudgetFact:
    """So much of a budget spent."""
    return BudgetFact(budget=budget, spent=tokens, ends_at=ends_at, subject=subject)


def refusal(rules: Guardrails, facts: Facts) -> Refusal:
    """The refusal that these facts lead to."""
    decided = decide(rules, facts)
    assert isinstance(decided, Refusal)
    return decided


def cautions(rules: Guardrails, facts: Facts) -> tuple[Caution, ...]:
    """What is said beside the yes that these facts lead to."""
    decided = decide(rules, facts)
    assert not isinstance(decided, Refusal), decided.message
    return decided


def test_an_action_within_all_limits_may_run() -> None:
    """Nothing is said where nothing is near."""
    assert () == decide(RULES, replace(PLENTY, rates=(rate(99),), budgets=(spent(0),)))


# The facts that break every rule at once: taking away the first that answers lets the next one speak.
BROKEN = Facts(
    needed=600_000, balance=0, held=0, resets_at=2_000, rates=(rate(100),), budgets=(spent(10_000),)
)


@pytest.mark.parametrize(
    ("rules", "facts", "expected"),
    [
        (replace(RULES, allows_ai=False), BROKEN, RefusalCode.NO_AI),
        (RULES, BROKEN, RefusalCode.ACTION_TOO_LARGE),
        (replace(RULES, action_max=None), BROKEN, RefusalCode.RATE_LIMITED),
        (replace(RULES, action_max=None), replace(BROKEN, rates=()), RefusalCode.BUDGET_REACHED),
        (
            replace(RULES, action_max=None),
            replace(BROKEN, rates=(), budgets=()),
            RefusalCode.EMPTY,
        ),
        (
            replace(RULES, action_max=None),
            replace(BROKEN, rates=(), budgets=(), balance=599_999),
            RefusalCode.NOT_ENOUGH,
        ),
    ],
)
def test_what_no_waiting_mends_is_said_first(rules: Guardrails, facts: Facts, expected: RefusalCode) -> None:
    """A plan without AI before a size, a size before a rate, a rate before a budget, all before money."""
    assert expected is refusal(rules, facts).code


@pytest.mark.parametrize(
    ("needed", "balance", "held", "is_allowed"),
    [
        (250, 250, 0, True),
        (250, 249, 0, False),
        (250, 500, 250, True),
        (250, 500, 251, False),
        (0, 1, 0, True),
        (0, 0, 0, False),
        (1, -5, 0, False),
    ],
)
def test_the_last_token_may_be_spent_and_no_more(
    *, needed: int, balance: int, held: int, is_allowed: bool
) -> None:
    """Holds are taken off first; an account at zero or below is blocked even for what is free."""
    facts = Facts(needed=needed, balance=balance, held=held, resets_at=None)
    assert is_allowed is not isinstance(decide(Guardrails(), facts), Refusal)


def test_refusal_for_want_of_tokens_says_all_there_is_to_know() -> None:
    """What is needed, what is left once holds are off, when it resets."""
    found = refusal(RULES, Facts(needed=3_900, balance=4_000, held=250, resets_at=2_000))
    assert (RefusalCode.NOT_ENOUGH, 3_900, 3_750, 2_000) == (
        found.code,
        found.needed,
        found.left,
        found.resets_at,
    )
    assert (
        "3,900 tokens are needed and 3,750 are left (250 more are held by running actions)" == found.message
    )
    assert [(HelpKind.WAIT, 2_000)] == [(one.kind, one.at) for one in found.help]


def test_debt_is_named() -> None:
    """Somebody who owes tokens is told how many, and that no allowance will come if none does."""
    found = refusal(RULES, Facts(needed=250, balance=-17, held=0, resets_at=None))
    assert (RefusalCode.EMPTY, -17, ()) == (found.code, found.left, found.help)
    assert "no tokens are left, 17 are owed" == found.message
    assert "no tokens are left" == refusal(RULES, replace(PLENTY, balance=0)).message


@pytest.mark.parametrize(
    ("advice", "text"),
    [
        ("", "Split it into 2 parts of at most 500,000 tokens."),
        ("Break into smaller refinements.", "Break into smaller refinements."),
    ],
)
def test_largest_action_comes_with_the_advice_to_split(advice: str, text: str) -> None:
    """500,000 tokens at once are allowed, one more is not."""
    rules = replace(RULES, split_advice=advice)
    wealthy = replace(PLENTY, balance=9_000_000)
    assert () == decide(rules, replace(wealthy, needed=500_000))
    found = refusal(rules, replace(wealthy, needed=500_001))
    assert [(HelpKind.SPLIT, text, 500_000)] == [(one.kind, one.text, one.tokens) for one in found.help]
    assert (500_001, 500_000) == (found.needed, found.left)


def test_the_hundred_and_first_action_of_an_hour_waits() -> None:
    """The refusal says when the oldest leaves the window, and carries the catalogue's status."""
    found = refusal(RULES, replace(PLENTY, rates=(rate(100, frees_at=777),)))
    assert (RefusalCode.RATE_LIMITED, 429, 777, 0) == (
        found.code,
        found.status,
        found.resets_at,
        found.left,
    )
    assert "the limit of 100 actions in 3,600 s is reached" == found.message


def test_of_several_full_limits_the_last_to_free_answers() -> None:
    """Waiting for the first would only lead to the second."""
    member = RateLimit(actions=1, window_s=60, scope=Scope.MEMBER)
    both = (rate(100, frees_at=777), RateFact(limit=member, actions=1, frees_at=888, subject="maria"))
    found = refusal(RULES, replace(PLENTY, rates=both))
    assert 888 == found.resets_at
    assert "by maria" in found.message


def test_a_status_that_the_catalogue_leaves_out_is_forbidden() -> None:
    """403 says no without promising that money would help."""
    assert 403 == refusal(RULES, replace(PLENTY, balance=0)).status


@pytest.mark.parametrize(("already", "is_allowed"), [(9_750, True), (9_751, False), (20_000, False)])
def test_a_hard_budget_is_never_passed(*, already: int, is_allowed: bool) -> None:
    """Its last token may be spent; left is never shown below zero."""
    decided = decide(RULES, replace(PLENTY, budgets=(spent(already),)))
    assert is_allowed is not isinstance(decided, Refusal)
    if isinstance(decided, Refusal):
        assert (max(10_000 - already, 0), 3_000) == (decided.left, decided.resets_at)
        assert [HelpKind.WAIT] == [one.kind for one in decided.help]


def test_raise_or_wait_leaves_the_choice_to_the_owner() -> None:
    """It names the budget, by how much to raise it, and until when to wait."""
    found = refusal(RULES, replace(PLENTY, budgets=(spent(900, budget=DAILY, subject="maria"),)))
    assert "250 tokens are needed and the daily budget of 1,000 tokens of member maria has 100 left" == (
        found.message
    )
    raising, waiting = found.help
    assert (HelpKind.RAISE_BUDGET, "member:maria/day", 150) == (raising.kind, raising.name, raising.tokens)
    assert (HelpKind.WAIT, 3_000) == (waiting.kind, waiting.at)


def test_the_budget_that_lasts_longest_answers() -> None:
    """Tomorrow does not help where the month is spent."""
    both = (spent(1_000, budget=DAILY, subject="maria"), spent(10_000, ends_at=9_000))
    assert 9_000 == refusal(RULES, replace(PLENTY, budgets=both)).resets_at


def test_a_soft_budget_only_warns() -> None:
    """The action goes on, and it is said by how much it passes the budget."""
    found = cautions(RULES, replace(PLENTY, budgets=(spent(9_900, budget=SOFT),)))
    assert [(CautionCode.OVER_BUDGET, -150, 3_000)] == [(one.code, one.left, one.resets_at) for one in found]
    assert () == cautions(RULES, replace(PLENTY, budgets=(spent(9_750, budget=SOFT),)))


@pytest.mark.parametrize(
    ("balance", "needed", "expected"),
    [
        (5_847, 3_900, CautionCode.LOW_AFTERWARDS),
        (1_249, 250, CautionCode.LOW_AFTERWARDS),
        (1_250, 250, None),
        (20_000, 10_000, None),
        (19_999, 10_000, CautionCode.LOW_AFTERWARDS),
    ],
)
def test_low_afterwards_is_below_the_mark_or_below_the_same_again(
    balance: int, needed: int, expected: CautionCode | None
) -> None:
    """1,947 would be left of 5,847: enough for the mark of 1,000, not for another 3,900."""
    found = cautions(RULES, Facts(needed=needed, balance=balance, held=0, resets_at=None))
    assert ([] if expected is None else [expected]) == [one.code for one in found]


def test_a_product_may_only_warn_at_zero() -> None:
    """Then the action goes on into debt, and it is said how far."""
    rules = replace(RULES, at_zero=Enforcement.WARN)
    found = cautions(rules, Facts(needed=250, balance=100, held=0, resets_at=2_000))
    assert [(CautionCode.OVER_BALANCE, -150)] == [(one.code, one.left) for one in found]


@pytest.mark.parametrize(
    ("budget", "subject", "name"),
    [(MONTHLY, "", "account/month"), (DAILY, "maria", "member:maria/day")],
)
def test_budgets_have_names(budget: Budget, subject: str, name: str) -> None:
    """The name in alerts and advice says whose it is and how long it lasts."""
    assert name == budget_name(budget.scope, subject, budget.period)
