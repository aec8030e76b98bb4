"""Accounts on plans: a stream for every meter, upgrades at once, downgrades and ends at the boundary."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from nostr_usage.errors import IdempotencyError, InputError, PricingError, UnknownNameError
from nostr_usage.ledger.entry import AccountId, Operation, Source
from nostr_usage.ledger.fold import balance_of, state_from_json
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.subscribe import PlanChanged, Subscriber, purchase
from nostr_usage.writing.request import Action, Grant, NewAccount, PlanChange
from tests.operators import DAY_S, FEBRUARY_1, OperatorOfTests, operator_in
from tests.spenders import balance

METERS = ("lead_generation", "goal_generation", "strategy_analysis", "forecast", "general")


@pytest.fixture(name="suite")
def suite_with_five_meters(tmp_path: Path) -> Generator[OperatorOfTests]:
    """An operator of the catalogue with five meters and cycles of 30 days."""
    with operator_in(tmp_path, catalogue=load_catalogue("bright_audio")) as operator:
        yield operator


@pytest.fixture(name="coaching")
def coaching_in_two_rhythms(tmp_path: Path) -> Generator[OperatorOfTests]:
    """An operator of the catalogue with a plan of 28 days and one of a year."""
    with operator_in(tmp_path, catalogue=load_catalogue("vibrationfit")) as operator:
        yield operator


def subscriber(operator: OperatorOfTests) -> Subscriber:
    """Changes of plan for that operator."""
    return Subscriber(store=operator.store, operator=operator.operator, catalogue=operator.catalogue)


def change(operator: OperatorOfTests, account: AccountId, plan: str | None, key: str = "c") -> PlanChanged:
    """Another plan, now."""
    return subscriber(operator).change_plan(PlanChange(account=account, plan=plan, key=key))


def balances(operator: OperatorOfTests, account: AccountId) -> list[int]:
    """What is left in every stream, in the order of the catalogue's meters."""
    found: list[int] = []
    with operator.store.read() as reader:
        for meter in operator.catalogue.spent_meters:
            stream = reader.stream(account, meter)
            assert stream is not None
            found.append(balance_of(state_from_json(stream.state_json)).total)
    return found


def types(operator: OperatorOfTests, account: AccountId, meter: str) -> list[tuple[str, str, int]]:
    """Operation, type and tokens of every entry of a stream."""
    with operator.store.read() as reader:
        stream = reader.stream(account, meter)
        assert stream is not None
        rows = reader.entries(stream.stream_no)
        return [(row.operation.value, row.type, row.tokens) for row in rows]


def test_an_account_has_a_stream_for_every_meter(suite: OperatorOfTests) -> None:
    """Each opened with the next number, on the plan, with its own allowance."""
    account = suite.open_account(plan="pro")
    assert [50, 20, 100, 30, 0] == balances(suite, account)
    other = suite.open_account("bob", plan="enterprise")
    assert [500, 200, 1_000, 200, 0] == balances(suite, other)
    for meter in METERS:
        assert ["open", "plan", "grant"] == [operation for operation, _, _ in types(suite, account, meter)]


def test_open_numbers_go_on_over_all_streams(suite: OperatorOfTests) -> None:
    """Five for the first account, so the second begins with six."""
    suite.open_account(plan="pro")
    other = suite.open_account("bob", plan="pro")
    with suite.store.read() as reader:
        row = reader.account(other)
        assert row is not None
        assert (6, 10) == (row.open_number, reader.open_number_last())


def test_an_action_is_charged_to_its_meter(suite: OperatorOfTests) -> None:
    """The others stay as they are."""
    account = suite.open_account(plan="pro")
    receipt = suite.recorder.record(Action(account=account, activity="generate_goal", key="g1", actor="ann"))
    assert ("goal_generation", 3, 17) == (
        receipt.entry.meter,
        receipt.entry.tokens,
        receipt.entry.balance.total,
    )
    assert [50, 17, 100, 30, 0] == balances(suite, account)


def test_several_actions_are_charged_together_with_their_discount(suite: OperatorOfTests) -> None:
    """Ten batches cost eight, in one entry."""
    account = suite.open_account(plan="enterprise")
    action = Action(account=account, activity="generate_leads", count=10, key="l1")
    assert 40 == suite.recorder.record(action).entry.tokens


def test_a_pack_fills_its_own_meter(suite: OperatorOfTests) -> None:
    """Five at once cost a tenth less; the meter need not be the first."""
    account = suite.open_account(plan="pro")
    for pack, count in (("leads-50", 5), ("goals-30", 1)):
        grant = purchase(
            suite.catalogue, account, suite.catalogue.pack(pack), key=pack, count=count, payment="pi_1"
        )
        receipt = suite.recorder.grant(grant)
        assert ("purchase", Source.PURCHASED) == (
            receipt.entry.type,
            receipt.entry.lot and receipt.entry.lot.source,
        )
    assert [300, 50, 100, 30, 0] == balances(suite, account)
    assert (
        22_500_000
        == purchase(suite.catalogue, account, suite.catalogue.pack("leads-50"), key="k", count=5).paid
    )


def test_no_pack_at_all_cannot_be_bought(suite: OperatorOfTests) -> None:
    """One or more."""
    with pytest.raises(InputError, match="0 packs cannot be bought"):
        purchase(suite.catalogue, AccountId("0" * 64), suite.catalogue.packs[0], key="k", count=0)


def test_tokens_are_granted_in_meters_that_exist(suite: OperatorOfTests) -> None:
    """Another name is refused, and nothing changes."""
    account = suite.open_account(plan="pro")
    with pytest.raises(UnknownNameError, match="unknown meter 'tokens'"):
        suite.recorder.grant(Grant(account=account, tokens=1, source=Source.PROMO, key="k", meter="tokens"))
    assert [50, 20, 100, 30, 0] == balances(suite, account)


def test_an_upgrade_adds_the_difference_at_once_in_every_meter(suite: OperatorOfTests) -> None:
    """What was used stays used; the cycle ends when it would have."""
    account = suite.open_account(plan="pro")
    suite.recorder.record(Action(account=account, activity="generate_leads", key="l1"))
    suite.clock.set(FEBRUARY_1 + 10 * DAY_S)
    changed = change(suite, account, "enterprise")
    assert ("enterprise", suite.clock.now()) == (changed.plan, changed.effective_at)
    assert (Operation.PLAN, "enterprise") == (changed.receipt.entry.operation, changed.receipt.entry.type)
    assert [495, 200, 1_000, 200, 0] == balances(suite, account)
    assert ("grant", "upgrade_grant", 450) == types(suite, account, "lead_generation")[-1]

    suite.clock.set(FEBRUARY_1 + 30 * DAY_S)
    suite.recorder.tick(account)
    assert [500, 200, 1_000, 200, 0] == balances(suite, account)


def test_an_upgrade_is_answered_once(suite: OperatorOfTests) -> None:
    """The same key and plan give the same receipt; another plan with it is refused."""
    account = suite.open_account(plan="pro")
    first, again = change(suite, account, "enterprise"), change(suite, account, "enterprise")
    assert first.receipt.entry_id == again.receipt.entry_id
    assert again.receipt.is_repeat
    assert [500, 200, 1_000, 200, 0] == balances(suite, account)
    with pytest.raises(IdempotencyError):
        change(suite, account, "starter")


@pytest.mark.parametrize("is_ticked", [True, False])
def test_a_downgrade_waits_for_the_boundary(suite: OperatorOfTests, is_ticked: bool) -> None:  # noqa: FBT001  # a case
    """Until then nothing is taken away; then the smaller allowance follows, whoever writes first."""
    account = suite.open_account(plan="enterprise")
    changed = change(suite, account, "pro")
    assert FEBRUARY_1 + 30 * DAY_S == changed.effective_at
    assert (Operation.MEMO, "plan_change", 0) == (
        changed.receipt.entry.operation,
        changed.receipt.entry.type,
        changed.receipt.entry.tokens,
    )
    assert [500, 200, 1_000, 200, 0] == balances(suite, account)

    suite.clock.set(FEBRUARY_1 + 31 * DAY_S)
    if is_ticked:
        suite.recorder.tick(account)
    suite.recorder.record(Action(account=account, activity="generate_goal", key="g1"))
    assert [50, 17, 100, 30, 0] == balances(suite, account)
    assert ("plan", "pro", 0) in types(suite, account, "lead_generation")
    with suite.store.read() as reader:
        row = reader.account(account)
        assert row is not None
        assert ("pro", FEBRUARY_1) == (row.plan, row.anchor)
    assert 0 == suite.recorder.tick(account)


def test_a_downgrade_can_be_called_off(suite: OperatorOfTests) -> None:
    """By asking for the plan that holds."""
    account = suite.open_account(plan="enterprise")
    change(suite, account, "pro")
    change(suite, account, "enterprise", key="d")
    suite.clock.set(FEBRUARY_1 + 31 * DAY_S)
    suite.recorder.tick(account)
    assert [500, 200, 1_000, 200, 0] == balances(suite, account)


def test_a_repeated_request_does_not_revive_what_was_called_off(suite: OperatorOfTests) -> None:
    """Each key is answered once, with the same receipt and the same moment, even after that has passed."""
    account = suite.open_account(plan="enterprise")
    first = change(suite, account, "pro")
    change(suite, account, "enterprise", key="d")
    again = change(suite, account, "pro")
    assert (True, first.receipt.entry_id) == (again.receipt.is_repeat, again.receipt.entry_id)
    assert FEBRUARY_1 + 30 * DAY_S == again.effective_at
    suite.clock.set(FEBRUARY_1 + 31 * DAY_S)
    suite.recorder.tick(account)
    assert [500, 200, 1_000, 200, 0] == balances(suite, account)
    assert FEBRUARY_1 + 30 * DAY_S == change(suite, account, "pro").effective_at
    assert FEBRUARY_1 == change(suite, account, "enterprise", key="d").effective_at
    with pytest.raises(IdempotencyError):
        change(suite, account, "starter")


def test_a_repeated_request_whose_text_was_erased_is_still_answered(suite: OperatorOfTests) -> None:
    """Only the moment is forgotten with the text; the receipt is when it was asked for."""
    account = suite.open_account(plan="enterprise")
    first = change(suite, account, "pro")
    with suite.store.read() as reader:
        row = reader.account(account)
    assert row is not None
    suite.store.write(lambda transaction: transaction.erase_details(row.account_no))
    again = change(suite, account, "pro")
    assert (FEBRUARY_1, first.receipt.entry_id) == (again.effective_at, again.receipt.entry_id)


def test_a_cancelled_plan_lapses_at_the_boundary_and_may_be_taken_up_again(suite: OperatorOfTests) -> None:
    """Purchased tokens stay; a new plan begins its cycles anew, with its whole allowance."""
    account = suite.open_account(plan="pro")
    suite.recorder.grant(purchase(suite.catalogue, account, suite.catalogue.pack("goals-30"), key="p"))
    change(suite, account, None)
    suite.clock.set(FEBRUARY_1 + 40 * DAY_S)
    suite.recorder.tick(account)
    assert [0, 30, 0, 0, 0] == balances(suite, account)
    assert ("plan", "none", 0) == types(suite, account, "forecast")[-1]

    change(suite, account, "pro", key="again")
    assert [50, 50, 100, 30, 0] == balances(suite, account)
    suite.clock.set(FEBRUARY_1 + 70 * DAY_S)
    suite.recorder.tick(account)
    assert ("grant", "renewal_grant", 50) in types(suite, account, "lead_generation")


def test_from_28_days_to_a_year_within_a_cycle(coaching: OperatorOfTests) -> None:
    """The difference at once, until a year from now, when the next one comes; the 28 days' rest lapses."""
    account = coaching.open_account(plan="monthly")
    coaching.clock.set(FEBRUARY_1 + 10 * DAY_S)
    change(coaching, account, "annual")
    assert [5_000_000] == balances(coaching, account)
    year_end = FEBRUARY_1 + 375 * DAY_S
    assert (year_end, False) == (
        balance(coaching, account).resets_at,
        balance(coaching, account).is_reset_due,
    )

    coaching.clock.set(FEBRUARY_1 + 30 * DAY_S)
    assert (year_end, False) == (
        balance(coaching, account).resets_at,
        balance(coaching, account).is_reset_due,
    )
    coaching.recorder.record(Action(account=account, activity="viva-chat", tokens=1_000, key="v1"))
    assert [4_399_000] == balances(coaching, account)
    assert year_end == balance(coaching, account).resets_at
    coaching.clock.set(FEBRUARY_1 + 375 * DAY_S)
    coaching.recorder.tick(account)
    assert [5_000_000] == balances(coaching, account)


def test_from_a_year_to_28_days_when_the_year_ends(coaching: OperatorOfTests) -> None:
    """The cycles of the smaller plan are counted from there."""
    account = coaching.open_account(plan="annual")
    changed = change(coaching, account, "monthly")
    assert FEBRUARY_1 + 365 * DAY_S == changed.effective_at
    coaching.clock.set(changed.effective_at + 29 * DAY_S)
    coaching.recorder.tick(account)
    renewals = [row for row in types(coaching, account, "tokens") if row[1] == "renewal_grant"]
    assert [("grant", "renewal_grant", 600_000)] * 2 == renewals


def test_thirteen_cycles_a_year(coaching: OperatorOfTests) -> None:
    """Of 28 days each, 600,000 tokens every time; nothing is carried over."""
    account = coaching.open_account(plan="monthly")
    coaching.clock.set(FEBRUARY_1 + 364 * DAY_S - 1)
    coaching.recorder.tick(account)
    grants = [row for row in types(coaching, account, "tokens") if row[0] == "grant"]
    assert 13 == len(grants)
    assert [600_000] == balances(coaching, account)


def test_a_customer_from_another_system_keeps_day_allowance_and_balance(coaching: OperatorOfTests) -> None:
    """Ten days into a cycle of 28: what is left of it lapses on its day, what was bought does not."""
    enrolment = coaching.open_account("bob", plan="monthly")
    assert [600_000] == balances(coaching, enrolment)
    account = AccountId("ab" * 32)
    coaching.secrets.add(account, request_secret=b"1" * 32, operator_secret=b"2" * 32, account_secret=None)
    coaching.recorder.open_account(
        NewAccount(
            account=account,
            operator_key="cd" * 32,
            label="carol",
            plan="monthly",
            anchor=FEBRUARY_1 - 10 * DAY_S,
            allowance_left=123,
            balance=4_000,
        )
    )
    assert [4_123] == balances(coaching, account)
    coaching.clock.set(FEBRUARY_1 + 18 * DAY_S)
    coaching.recorder.tick(account)
    assert [604_000] == balances(coaching, account)
    assert ("expire", "expiry", 123) in types(coaching, account, "tokens")


def test_an_unknown_plan_is_refused(suite: OperatorOfTests) -> None:
    """And so is an activity whose meter the account does not have."""
    account = suite.open_account(plan="pro")
    with pytest.raises(UnknownNameError, match="unknown plan 'gold'"):
        change(suite, account, "gold")
    other = Subscriber(store=suite.store, operator=suite.operator, catalogue=load_catalogue("koffers"))
    assert other is not None
    with pytest.raises((PricingError, UnknownNameError)):
        suite.recorder.record(Action(account=account, activity="chat", key="k"))


def test_a_clock_that_went_back_shortens_no_allowance(suite: OperatorOfTests) -> None:
    """A plan taken up again then begins with the last entry, and lasts its whole cycle from there."""
    account = suite.open_account(plan="pro")
    change(suite, account, None)
    suite.clock.set(FEBRUARY_1 + 30 * DAY_S)
    suite.recorder.tick(account)
    suite.clock.set(FEBRUARY_1 + 29 * DAY_S)
    assert FEBRUARY_1 + 30 * DAY_S == change(suite, account, "pro", key="again").effective_at
    assert [50, 20, 100, 30, 0] == balances(suite, account)
    suite.clock.set(FEBRUARY_1 + 60 * DAY_S - 1)
    suite.recorder.tick(account)
    renewals = [row for row in types(suite, account, "forecast") if row[1] == "renewal_grant"]
    assert [] == renewals
