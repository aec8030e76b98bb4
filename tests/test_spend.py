"""Spending: what is promised, charged and given back, and what stays true whoever calls twice."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from nostr_usage.errors import (
    HoldError,
    IdempotencyError,
)
from nostr_usage.ledger.entry import AccountId, Source
from nostr_usage.ledger.refusal import RefusalCode
from nostr_usage.pricing.usage import Bucket, measured_usage
from nostr_usage.spend import Spender
from nostr_usage.wire.details import DescriptionMode
from nostr_usage.writing.intent import Clearance, CountSource, Hold, Intent, Used
from nostr_usage.writing.request import Action, Grant
from tests.operators import DAY_S, OperatorOfTests, operator_in
from tests.spenders import CHAT, allowed, balance, chat, held, refusal, spender_of


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


def test_a_hold_keeps_its_tokens_back(service: OperatorOfTests, spender: Spender, account: AccountId) -> None:
    """The balance is what it was; what can be spent is less by what is held."""
    hold = held(spender, chat(account), "k1")
    view = balance(service, account)
    assert (250, 5_000, 250) == (hold.tokens, view.tokens, view.held)
    assert Clearance(needed=4_750, left=4_750, left_afterwards=0) == replace(
        allowed(spender, chat(account, tokens=4_750)), cautions=()
    )
    assert RefusalCode.NOT_ENOUGH is refusal(spender.check(chat(account, tokens=4_751))).code


def test_checking_keeps_nothing_back(service: OperatorOfTests, spender: Spender, account: AccountId) -> None:
    """It may be asked any number of times."""
    for _ in range(3):
        assert 5_000 == allowed(spender, chat(account)).left
    assert 0 == balance(service, account).held


@pytest.mark.parametrize("tokens", [0, 247, 250, 310, 6_000])
def test_what_was_used_is_charged_and_not_what_was_held(
    service: OperatorOfTests, spender: Spender, account: AccountId, tokens: int
) -> None:
    """Less, more, or more than there is: the debit is the action's own, and the hold is gone."""
    hold = held(spender, chat(account), "k1")
    receipt = spender.settle(hold.hold_id, Used(tokens=tokens))
    view = balance(service, account)
    assert (tokens, 5_000 - tokens) == (receipt.entry.tokens, receipt.entry.balance.total)
    assert (5_000 - tokens, 0, max(tokens - 5_000, 0)) == (view.tokens, view.held, view.debt)


def test_settling_again_gives_the_same_receipt(spender: Spender, account: AccountId) -> None:
    """Byte for byte, and nothing is charged again, whatever key comes with it."""
    hold = held(spender, chat(account), "k1")
    first = spender.settle(hold.hold_id, CHAT)
    again = spender.settle(hold.hold_id, CHAT)
    other_key = spender.settle(hold.hold_id, CHAT, key="k2")
    assert first.event_json == again.event_json == other_key.event_json
    assert [False, True, True] == [one.is_repeat for one in (first, again, other_key)]


def test_settling_again_in_another_way_is_refused(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """It names the entry that the hold became, and changes nothing."""
    hold = held(spender, chat(account), "k1")
    receipt = spender.settle(hold.hold_id, CHAT)
    with pytest.raises(IdempotencyError) as raised:
        spender.settle(hold.hold_id, Used(tokens=248))
    assert receipt.entry_id == raised.value.entry_id
    assert 4_753 == balance(service, account).tokens


def test_a_repeated_request_gives_its_hold(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """While it is open, and once it is settled; nothing more is kept back."""
    first = held(spender, chat(account), "k1")
    service.clock.advance(10)
    again = held(spender, chat(account), "k1", ttl_s=9)
    assert replace(first, is_repeat=True) == again
    assert 250 == balance(service, account).held
    spender.settle(first.hold_id, CHAT)
    settled = held(spender, chat(account), "k1")
    assert (True, True) == (settled.is_settled, settled.is_repeat)


def test_a_refusal_may_be_tried_again_under_its_key(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Nothing was kept for it, so after a purchase the same request is granted."""
    wanted = chat(account, tokens=5_001)
    assert RefusalCode.NOT_ENOUGH is refusal(spender.reserve(wanted, key="k1")).code
    service.recorder.grant(Grant(account=account, tokens=1, source=Source.PURCHASED, key="p1"))
    assert 5_001 == held(spender, wanted, "k1").tokens


def test_a_key_names_one_thing(service: OperatorOfTests, spender: Spender, account: AccountId) -> None:
    """What a hold was asked for with is no key for a debit, a grant or another hold; and the reverse."""
    hold = held(spender, chat(account), "k1")
    action = Action(account=account, activity="magic-mentor", tokens=250, key="k1")
    for asked in (
        lambda: service.recorder.record(action),
        lambda: service.recorder.grant(Grant(account=account, tokens=1, source=Source.PROMO, key="k1")),
        lambda: spender.reserve(chat(account, tokens=251), key="k1"),
    ):
        with pytest.raises(IdempotencyError, match=f"hold {hold.hold_id}"):
            asked()
    service.recorder.record(replace(action, key="k2"))
    with pytest.raises(IdempotencyError, match="entry "):
        spender.reserve(chat(account), key="k2")
    with pytest.raises(IdempotencyError):
        spender.settle(hold.hold_id, CHAT, key="k2")
    assert 4_750 == balance(service, account).tokens
    assert 4_503 == spender.settle(hold.hold_id, CHAT).entry.balance.total


def test_the_debits_key_may_be_the_callers(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Then that key is taken too."""
    hold = held(spender, chat(account), "k1")
    receipt = spender.settle(hold.hold_id, CHAT, key="msg-81")
    with pytest.raises(IdempotencyError) as raised:
        service.recorder.record(Action(account=account, activity="magic-mentor", tokens=1, key="msg-81"))
    assert receipt.entry_id == raised.value.entry_id


def test_two_accounts_may_use_one_key(service: OperatorOfTests, spender: Spender) -> None:
    """Each has a hold of its own."""
    alice, bob = service.open_account("alice"), service.open_account("bob")
    assert held(spender, chat(alice), "k").hold_id != held(spender, chat(bob), "k").hold_id


def test_an_expired_hold_counts_for_nothing_and_settles_all_the_same(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Somebody else may spend its tokens; the action that ran is charged, into debt if need be."""
    hold = held(spender, chat(account, tokens=5_000), "k1", ttl_s=60)
    service.clock.advance(59)
    refusal(spender.reserve(chat(account), key="k2"))
    service.clock.advance(1)
    assert 0 == balance(service, account).held
    other = held(spender, chat(account, tokens=5_000), "k2")
    spender.settle(other.hold_id, Used(tokens=5_000))
    assert -5_000 == spender.settle(hold.hold_id, Used(tokens=5_000)).entry.balance.total


def test_a_hold_lasts_longer_when_it_is_extended(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Counted from now on, also to less than it had."""
    hold = held(spender, chat(account), "k1", ttl_s=60)
    for seconds, ttl_s in ((50, 60), (59, 60), (1, 5)):
        service.clock.advance(seconds)
        extended = spender.extend(hold.hold_id, ttl_s=ttl_s)
        assert isinstance(extended, Hold)
        assert service.clock.now() + ttl_s == extended.expires_at
        assert 250 == balance(service, account).held
    service.clock.advance(5)
    assert 0 == balance(service, account).held


def test_an_expired_hold_is_extended_only_while_its_tokens_are_there(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Else it is a refusal like any other; so is a repeated request for it."""
    hold = held(spender, chat(account, tokens=3_000), "k1", ttl_s=60)
    service.clock.advance(60)
    other = held(spender, chat(account, tokens=3_000), "k2")
    assert 2_000 == refusal(spender.extend(hold.hold_id)).left
    assert 2_000 == refusal(spender.reserve(chat(account, tokens=3_000), key="k1")).left
    spender.void(other.hold_id)
    assert isinstance(spender.extend(hold.hold_id, ttl_s=60), Hold)
    service.clock.advance(60)
    revived = held(spender, chat(account, tokens=3_000), "k1")
    assert (hold.hold_id, 3_000, False) == (
        revived.hold_id,
        balance(service, account).held,
        revived.is_repeat,
    )


def test_a_void_gives_back_and_ends(service: OperatorOfTests, spender: Spender, account: AccountId) -> None:
    """Voiding twice changes nothing; settling, extending or asking again for it is an error."""
    hold = held(spender, chat(account), "k1")
    assert not spender.void(hold.hold_id).is_repeat
    assert spender.void(hold.hold_id).is_repeat
    assert 0 == balance(service, account).held
    for late in (
        lambda: spender.settle(hold.hold_id, CHAT),
        lambda: spender.extend(hold.hold_id),
        lambda: spender.reserve(chat(account), key="k1"),
    ):
        with pytest.raises(HoldError, match="voided"):
            late()
    assert 5_000 == balance(service, account).tokens


def test_a_settled_hold_is_neither_voided_nor_extended(spender: Spender, account: AccountId) -> None:
    """The way back is a refund, and the message says so."""
    hold = held(spender, chat(account), "k1")
    spender.settle(hold.hold_id, CHAT)
    with pytest.raises(HoldError, match="settled by entry") as raised:
        spender.void(hold.hold_id)
    assert "refund" in raised.value.advice
    with pytest.raises(HoldError, match="settled"):
        spender.extend(hold.hold_id)


def test_expired_holds_are_marked_at_start(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Once each; open ones stay."""
    held(spender, chat(account), "k1", ttl_s=60)
    held(spender, chat(account), "k2", ttl_s=120)
    service.clock.advance(60)
    assert [1, 0] == [spender.recover(), spender.recover()]
    assert 250 == balance(service, account).held


def test_holds_survive_a_restart(tmp_path: Path) -> None:
    """Another process finds what was promised, and settles it."""
    with operator_in(tmp_path) as service:
        account = service.open_account()
        hold = held(spender_of(service), chat(account), "k1")
        operator = service.operator
    with operator_in(tmp_path, seed=2) as restarted:
        assert 250 == balance(restarted, account).held
        spender = Spender(
            store=restarted.store,
            operator=replace(operator, secrets=restarted.secrets, ciphers={}),
            catalogue=restarted.catalogue,
        )
        assert 4_753 == spender.settle(hold.hold_id, CHAT).entry.balance.total


def test_a_renewal_that_nobody_wrote_can_be_spent(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """March's allowance is there on the first; its entries are written with the debit."""
    spender.settle(held(spender, chat(account), "k1").hold_id, Used(tokens=5_000))
    service.clock.advance(28 * DAY_S)
    hold = held(spender, chat(account, tokens=5_000), "k2")
    assert 0 == spender.settle(hold.hold_id, Used(tokens=5_000)).entry.balance.total


def test_what_is_expected_comes_from_the_catalogue(spender: Spender, account: AccountId) -> None:
    """The typical figure, add-ons on top; a stated figure is taken as it is."""
    experiment = Intent(account=account, activity="experiment-creation", add_ons=("images",))
    assert 4_400 == allowed(spender, experiment).needed
    assert 300 == allowed(spender, Intent(account=account, activity="profile-matching")).needed
    assert 17 == allowed(spender, replace(experiment, tokens=17)).needed


def test_add_ons_are_charged_with_what_was_stated(spender: Spender, account: AccountId) -> None:
    """They were part of what was reserved, and the product states what comes without them."""
    intent = Intent(account=account, activity="experiment-creation", add_ons=("images",))
    hold = held(spender, intent, "k1")
    assert 4_300 == spender.settle(hold.hold_id, Used(tokens=3_800)).entry.tokens


def test_a_fixed_price_needs_no_count(spender: Spender, account: AccountId) -> None:
    """Whatever was used, a match is 300."""
    hold = held(spender, Intent(account=account, activity="profile-matching"), "k1")
    assert 300 == spender.settle(hold.hold_id, Used()).entry.tokens


def test_every_step_of_a_call_is_charged(spender: Spender, account: AccountId) -> None:
    """Steps are added before they are rounded, so three of them are not three times rounded up."""
    step = measured_usage("gpt-4o", {Bucket.FRESH_INPUT: 4_808, Bucket.OUTPUT: 10})
    hold = held(spender, chat(account, model="gpt-4o"), "k1")
    receipt = spender.settle(hold.hold_id, Used(usage=(step, step, step)))
    # 3 × 16.16 tokens, rounded up once.
    assert 49 == receipt.entry.tokens
    assert {"fresh_input", "output"} == {line.bucket for line in receipt.entry.usage}


def test_who_used_it_and_how_it_was_counted_is_kept(tmp_path: Path) -> None:
    """Member and department are public pseudonyms; the source of the count stays private."""
    with operator_in(tmp_path, descriptions=DescriptionMode.SEALED) as service:
        account, spender = service.open_account(), spender_of(service)
        hold = held(spender, chat(account, actor="maria", group="sales"), "k1")
        used = replace(
            CHAT,
            count_source=CountSource.ESTIMATED,
            description="Boundaries",
            metadata={"topic": "family"},
            prompt="mentor-2",
        )
        receipt = spender.settle(hold.hold_id, used)
        assert ("maria", "sales", "mentor-2") == (
            receipt.entry.actor,
            receipt.entry.group,
            receipt.entry.prompt,
        )
        with service.store.read() as reader:
            row = reader.entry(receipt.entry_id)
            assert row is not None
            details = reader.details(row.entry_no)
        assert details is not None
        assert ("Boundaries", '{"count_source": "estimated", "topic": "family"}') == (
            details.description,
            details.metadata_json,
        )
