"""Budgets as they are shown, set and removed: used, held, left, and when each begins anew."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from nostr_usage.errors import AmountError, InputError, UnknownNameError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.guardrail import Budget, Enforcement, Scope
from nostr_usage.ledger.window import Period
from nostr_usage.organise import Organiser
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.spend import AsyncSpender, Spender
from nostr_usage.writing.request import Action
from tests.operators import DAY_S, FEBRUARY_1, OperatorOfTests, operator_in
from tests.spenders import chat, held, refusal, spender_of


@pytest.fixture
def service(tmp_path: Path) -> Generator[OperatorOfTests]:
    """A service of the default catalogue on 1 February 2026."""
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


def daily(tokens: int, *, scope: Scope = Scope.ACCOUNT, subject: str = "") -> Budget:
    """A budget by day that refuses."""
    return Budget(
        scope=scope, subject=subject, period=Period.DAY, tokens=tokens, enforcement=Enforcement.REFUSE
    )


def test_what_is_used_and_held_is_not_left(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Debits count in full, running actions as spent; the next day begins anew."""
    spender.set_budget(account, daily(1_000))
    service.recorder.record(Action(account=account, activity="magic-mentor", tokens=300, key="a"))
    held(spender, chat(account), "b")
    (found,) = spender.budgets(account)
    assert (300, 250, 450, 55, True, "UTC") == (
        found.used,
        found.held,
        found.left,
        found.percent,
        found.is_own,
        found.zone,
    )
    assert (FEBRUARY_1, FEBRUARY_1 + DAY_S) == (found.starts_at, found.resets_at)
    service.clock.advance(DAY_S)
    (tomorrow,) = spender.budgets(account)
    assert (0, 0, 1_000) == (tomorrow.used, tomorrow.held, tomorrow.left)


def test_a_budget_that_was_passed_shows_by_how_much(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Percent stops at a hundred, what is left does not; a budget of nothing is used up."""
    service.recorder.record(Action(account=account, activity="magic-mentor", tokens=300, key="a"))
    spender.set_budget(account, daily(100))
    assert [(-200, 100)] == [(one.left, one.percent) for one in spender.budgets(account)]
    spender.set_budget(account, daily(0))
    assert [(-300, 100)] == [(one.left, one.percent) for one in spender.budgets(account)]


@pytest.mark.parametrize(
    ("scope", "subjects"),
    [
        (Scope.MEMBER, ["ken", "maria"]),
        (Scope.GROUP, ["sales"]),
        (Scope.ACTIVITY, ["magic-mentor"]),
        (Scope.MODEL, [""]),
    ],
)
def test_a_budget_for_each_is_shown_by_who_used_it(
    service: OperatorOfTests, spender: Spender, account: AccountId, scope: Scope, subjects: list[str]
) -> None:
    """Today's only; where nobody used any of it, the rule itself."""
    spender.set_budget(account, daily(1_000, scope=scope))
    for number, (actor, group) in enumerate((("maria", "sales"), ("ken", None), ("maria", "sales"))):
        service.recorder.record(
            Action(
                account=account,
                activity="magic-mentor",
                tokens=100,
                key=f"{number}",
                actor=actor,
                group=group,
            )
        )
    found = spender.budgets(account)
    assert subjects == [one.subject for one in found] == [one.name for one in found]
    used = {"maria": 200, "ken": 100, "sales": 200, "magic-mentor": 300, "": 0}
    assert [used[subject] for subject in subjects] == [one.used for one in found]
    service.clock.advance(DAY_S)
    assert [""] == [one.subject for one in spender.budgets(account)]


def test_budgets_by_model_show_the_models(tmp_path: Path) -> None:
    """What a measured charge names."""
    from tests.spending.test_quoting import run

    with operator_in(tmp_path, catalogue=load_catalogue("prompt_lab")) as service:
        account, spender = service.open_account(plan="enterprise"), spender_of(service)
        spender.set_budget(account, daily(1_000, scope=Scope.MODEL))
        service.recorder.record(run(account, "gpt-5-mini"))
        models = [one.subject for one in spender.budgets(account) if one.budget.scope is Scope.MODEL]
        assert ["gpt-5-mini"] == models


def test_the_plans_budgets_are_shown_beside_ones_own(tmp_path: Path) -> None:
    """An account's own goes before its plan's for the same scope and period; removed, the plan's is back."""
    with operator_in(tmp_path, catalogue=load_catalogue("prompt_lab")) as service:
        account, spender = service.open_account(plan="enterprise"), spender_of(service)
        assert [(2_000_000, False), (200_000, False), (400_000, False)] == [
            (one.budget.tokens, one.is_own) for one in spender.budgets(account)
        ]
        spender.set_budget(account, daily(5))
        own = [one for one in spender.budgets(account) if one.is_own]
        assert [5] == [one.budget.tokens for one in own]
        spender.remove_budget(account, scope=Scope.ACCOUNT, period=Period.DAY)
        assert [False, False, False] == [one.is_own for one in spender.budgets(account)]


def test_a_removed_budget_refuses_no_more(spender: Spender, account: AccountId) -> None:
    """From the next action on."""
    spender.set_budget(account, daily(100))
    assert 100 == refusal(spender.check(chat(account))).left
    spender.remove_budget(account, scope=Scope.ACCOUNT, period=Period.DAY)
    held(spender, chat(account), "k")
    with pytest.raises(UnknownNameError, match=r"unknown budget 'account/day'"):
        spender.remove_budget(account, scope=Scope.ACCOUNT, period=Period.DAY)
    with pytest.raises(UnknownNameError, match=r"unknown budget 'member:maria/day'"):
        spender.remove_budget(account, scope=Scope.MEMBER, subject="maria", period=Period.DAY)


def test_each_meter_has_its_own_sums(tmp_path: Path) -> None:
    """A budget of an account counts in every meter apart; levels have none."""
    with operator_in(tmp_path, catalogue=load_catalogue("bright_audio")) as service:
        account, spender = service.open_account(plan="pro"), spender_of(service)
        spender.set_budget(account, daily(10))
        service.recorder.record(Action(account=account, activity="generate_leads", key="l"))
        found = {one.meter: one.used for one in spender.budgets(account)}
        assert set(service.catalogue.spent_meters) == set(found)
        assert 5 == found["lead_generation"]
        assert 5 == sum(found.values())
        (leads,) = spender.budgets(account, meter="lead_generation")
        assert 5 == leads.left


def test_members_are_called_by_their_names(service: OperatorOfTests, spender: Spender) -> None:
    """Entries say pseudonyms; the operator's list says who that is."""
    account = service.open_account("acme")
    organiser = Organiser(store=service.store, operator=service.operator)
    organiser.found(account)
    organiser.add_department(account, "sales")
    maria = organiser.add_member(account, "maria", department="sales")
    for scope in (Scope.MEMBER, Scope.GROUP):
        spender.set_budget(account, daily(1_000, scope=scope))
    spender.set_budget(account, daily(500, scope=Scope.MEMBER, subject="somebody else"))
    service.recorder.record(
        Action(account=account, activity="magic-mentor", tokens=100, key="k", actor="maria")
    )
    found = {one.name: one for one in spender.budgets(account)}
    assert {"maria", "sales", "somebody else"} == set(found)
    assert (maria.pseudonym, 100) == (found["maria"].subject, found["maria"].used)
    assert 100 == found["sales"].used


@pytest.mark.parametrize(
    ("budget", "error"),
    [
        (daily(-1), AmountError),
        (daily(10**15), AmountError),
        (daily(5, subject="maria"), InputError),
        (daily(5, scope=Scope.MEMBER, subject="m" * 101), InputError),
    ],
)
def test_budgets_that_cannot_be_meant_are_refused(
    spender: Spender, account: AccountId, budget: Budget, error: type[Exception]
) -> None:
    """And none is set."""
    with pytest.raises(error):
        spender.set_budget(account, budget)
    assert () == spender.budgets(account)


async def test_a_loop_sees_and_removes_the_same(service: OperatorOfTests, account: AccountId) -> None:
    """Both façades do what the one implementation says."""
    spender = AsyncSpender(store=service.store, operator=service.operator, catalogue=service.catalogue)
    await spender.set_budget(account, daily(7))
    assert [7] == [one.budget.tokens for one in await spender.budgets(account)]
    await spender.remove_budget(account, scope=Scope.ACCOUNT, period=Period.DAY)
    assert () == await spender.budgets(account)
