"""Spending within limits: plans without AI, rates, budgets, and the alerts on the way there."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from nostr_usage.errors import (
    InputError,
    UnknownNameError,
)
from nostr_usage.ledger.alert import AlertKind
from nostr_usage.ledger.entry import AccountId, Source
from nostr_usage.ledger.guardrail import Budget, Enforcement, Scope
from nostr_usage.ledger.refusal import RefusalCode
from nostr_usage.ledger.window import Period
from nostr_usage.spend import Spender
from nostr_usage.writing.intent import Used
from nostr_usage.writing.request import Action, Grant
from tests.catalogues import catalogue_with
from tests.operators import DAY_S, OperatorOfTests, operator_in
from tests.spenders import allowed, chat, held, refusal, spender_of


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


def test_budgets_below_zero_or_for_nobody_are_refused(
    spender: Spender, service: OperatorOfTests, account: AccountId
) -> None:
    """Nothing is set."""
    good = Budget(scope=Scope.MEMBER, period=Period.DAY, tokens=1, enforcement=Enforcement.REFUSE)
    for wrong in (
        replace(good, tokens=-1),
        replace(good, scope=Scope.ACCOUNT, subject="maria"),
        replace(good, subject="x" * 101),
    ):
        with pytest.raises(InputError):
            spender.set_budget(account, wrong)
    with pytest.raises(UnknownNameError):
        spender.set_budget(AccountId("ab" * 32), good)
    with service.store.read() as reader:
        assert () == reader.budgets(1)


def test_a_plan_without_ai_promises_nothing(tmp_path: Path) -> None:
    """Not even where tokens were bought."""
    with operator_in(tmp_path, catalogue=catalogue_with(ai=False)) as service:
        account, spender = service.open_account(), spender_of(service)
        found = refusal(spender.reserve(chat(account), key="k1"))
        assert (RefusalCode.NO_AI, 403) == (found.code, found.status)


def test_a_member_has_a_rate_of_their_own(tmp_path: Path) -> None:
    """Running actions count; who is not named is not limited; the window moves on."""
    limited = catalogue_with(rate_limits=[{"actions": 2, "window_s": 60, "scope": "member"}])
    with operator_in(tmp_path, catalogue=limited) as service:
        account, spender = service.open_account(), spender_of(service)
        first = held(spender, chat(account, actor="maria"), "k1")
        spender.settle(first.hold_id, Used(tokens=1))
        service.clock.advance(30)
        second = held(spender, chat(account, actor="maria"), "k2")
        found = refusal(spender.check(chat(account, actor="maria")))
        assert service.clock.now() + 30 == found.resets_at
        held(spender, chat(account, actor="otto"), "k3")
        held(spender, chat(account), "k4")
        held_twice = held(spender, chat(account, actor="otto"), "k5")
        refusal(spender.check(chat(account, actor="otto")))
        spender.void(held_twice.hold_id)
        service.clock.advance(29)
        refusal(spender.check(chat(account, actor="maria")))
        service.clock.advance(1)
        allowed(spender, chat(account, actor="maria"))
        spender.void(second.hold_id)


@pytest.mark.parametrize(
    ("scope", "mine", "theirs"),
    [
        ("member", {"actor": "maria"}, {"actor": "otto"}),
        ("group", {"group": "sales"}, {}),
        ("activity", {}, {"activity": "quiz-generation"}),
        ("account", {}, None),
    ],
)
@pytest.mark.parametrize("through", ["spender", "recorder"])
def test_a_budget_counts_its_subject_only(
    tmp_path: Path,
    scope: str,
    mine: dict[str, object],
    theirs: dict[str, object] | None,
    through: str,
) -> None:
    """Whether it was reserved or recorded, and while it is only held; in a new month from the start."""
    budget = {"scope": scope, "period": "month", "tokens": 1_000, "enforcement": "refuse"}
    with operator_in(tmp_path, catalogue=catalogue_with(budgets=[budget])) as service:
        account, spender = service.open_account(), spender_of(service)
        wanted = chat(account, tokens=400, **mine)
        if through == "recorder":
            service.recorder.record(
                Action(
                    account=account,
                    activity=wanted.activity,
                    tokens=400,
                    actor=wanted.actor,
                    group=wanted.group,
                    key="r",
                )
            )
        else:
            spender.settle(held(spender, wanted, "k0").hold_id, Used(tokens=400))
        running = held(spender, wanted, "k1")
        found = refusal(spender.reserve(wanted, key="k2"))
        assert (RefusalCode.BUDGET_REACHED, 200) == (found.code, found.left)
        allowed(spender, replace(wanted, tokens=200))
        if theirs is not None:
            allowed(spender, chat(account, tokens=400, **theirs))
        spender.void(running.hold_id)
        allowed(spender, replace(wanted, tokens=600))
        service.clock.advance(28 * DAY_S)
        allowed(spender, replace(wanted, tokens=1_000))


def test_alerts_are_given_once_whoever_charges(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Edges, not levels: a refund does not arm them again, a purchase does, a new cycle does."""

    def spend(tokens: int, key: str) -> list[tuple[AlertKind, int]]:
        receipt = service.recorder.record(
            Action(account=account, activity="magic-mentor", tokens=tokens, key=key)
        )
        return [(alert.kind, alert.threshold) for alert in receipt.alerts]

    assert [] == spend(3_700, "k1")
    receipt = spender.settle(held(spender, chat(account), "k2").hold_id, Used(tokens=100))
    assert [(AlertKind.USED, 75)] == [(alert.kind, alert.threshold) for alert in receipt.alerts]
    assert () == spender.settle(held(spender, chat(account), "k2").hold_id, Used(tokens=100)).alerts
    service.recorder.grant(Grant(account=account, tokens=5_000, source=Source.PURCHASED, key="p1"))
    assert [] == spend(100, "k3")
    assert [(AlertKind.USED, 75)] == spend(3_700, "k4")
    service.clock.advance(28 * DAY_S)
    assert [(AlertKind.USED, 75)] == spend(5_600, "k5")


def test_alerts_of_a_budget_return_when_it_is_raised_and_reached_again(tmp_path: Path) -> None:
    """A late action of yesterday is not in today's budget."""
    budget = {"scope": "member", "period": "day", "tokens": 100, "enforcement": "warn"}
    with operator_in(tmp_path, catalogue=catalogue_with(budgets=[budget])) as service:
        account, spender = service.open_account(), spender_of(service)
        service.clock.advance(DAY_S)

        def spend(tokens: int, key: str, *, at: int | None = None) -> list[int]:
            receipt = service.recorder.record(
                Action(
                    account=account,
                    activity="magic-mentor",
                    tokens=tokens,
                    key=key,
                    actor="maria",
                    occurred_at=at,
                )
            )
            return [alert.threshold for alert in receipt.alerts if alert.kind is AlertKind.BUDGET]

        assert [] == spend(90, "k0", at=service.clock.now() - 1)
        assert [75, 90] == spend(95, "k1")
        spender.set_budget(
            account,
            Budget(
                scope=Scope.MEMBER,
                subject="",
                period=Period.DAY,
                tokens=1_000,
                enforcement=Enforcement.WARN,
            ),
        )
        assert [75] == spend(700, "k2")
