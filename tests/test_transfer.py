"""Gifts, charge-backs, won disputes, levels and memos."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from nostr_usage.errors import InputError, LedgerError, RefundError, UnknownNameError
from nostr_usage.ledger.entry import AccountId, EntryId, Operation, Source
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.subscribe import purchase
from nostr_usage.transfer import Transfers
from nostr_usage.writing.request import Action, Gift, Grant, Memo, Reading, Restoration, Reversal
from tests.operators import DAY_S, FEBRUARY_1, OperatorOfTests, operator_in


@pytest.fixture(name="service")
def default_service(tmp_path: Path) -> Generator[OperatorOfTests]:
    """An operator of the default catalogue."""
    with operator_in(tmp_path) as operator:
        yield operator


@pytest.fixture(name="assistant")
def assistant_with_levels(tmp_path: Path) -> Generator[OperatorOfTests]:
    """An operator whose catalogue has levels."""
    with operator_in(tmp_path, catalogue=load_catalogue("koffers")) as operator:
        yield operator


def transfers(operator: OperatorOfTests) -> Transfers:
    """Transfers of that operator."""
    return Transfers(store=operator.store, operator=operator.operator, catalogue=operator.catalogue)


def bought(operator: OperatorOfTests, account: AccountId) -> EntryId:
    """The $10 pack; the id of its entry."""
    grant = purchase(operator.catalogue, account, operator.catalogue.pack("pack-10"), key="buy")
    return operator.recorder.grant(grant).entry_id


def test_a_gift_leaves_one_account_and_reaches_another(service: OperatorOfTests) -> None:
    """The grant names the debit; asked again, nothing happens twice."""
    alice, bob = service.open_account(), service.open_account("bob")
    gift = Gift(giver=alice, receiver=bob, tokens=500, key="g", description="Happy birthday")
    given = transfers(service).give(gift)
    assert (Operation.DEBIT, "gift", 4_500) == (
        given.taken.entry.operation,
        given.taken.entry.type,
        given.taken.entry.balance.total,
    )
    assert (Operation.GRANT, given.taken.entry_id, 5_500) == (
        given.given.entry.operation,
        given.given.entry.ref,
        given.given.entry.balance.total,
    )
    assert given.given.entry.lot is not None
    assert (Source.GIFT, None) == (given.given.entry.lot.source, given.given.entry.lot.expires_at)
    again = transfers(service).give(gift)
    assert again.taken.is_repeat
    assert again.given.is_repeat


def test_nobody_gives_what_they_do_not_have(service: OperatorOfTests) -> None:
    """Nothing of the transaction stays."""
    alice, bob = service.open_account(), service.open_account("bob")
    with pytest.raises(LedgerError, match="5,001 tokens cannot be given away: 5,000 are left"):
        transfers(service).give(Gift(giver=alice, receiver=bob, tokens=5_001, key="g"))
    given = transfers(service).give(Gift(giver=alice, receiver=bob, tokens=5_000, key="g"))
    assert 0 == given.taken.entry.balance.total


def test_a_gift_is_something_for_somebody_else(service: OperatorOfTests) -> None:
    """Not nothing, not to oneself, not to nobody."""
    alice = service.open_account()
    for receiver, tokens in ((alice, 5), (AccountId("0" * 64), 0)):
        with pytest.raises(InputError):
            transfers(service).give(Gift(giver=alice, receiver=receiver, tokens=tokens, key="g"))
    with pytest.raises(UnknownNameError):
        transfers(service).give(Gift(giver=alice, receiver=AccountId("0" * 64), tokens=1, key="g"))
    receipt = service.recorder.grant(Grant(account=alice, tokens=1, source=Source.PROMO, key="p"))
    assert 5_001 == receipt.entry.balance.total, "the debit of the refused gift is not there"


def test_a_charge_back_takes_the_purchase_back(service: OperatorOfTests) -> None:
    """What is spent already becomes debt, which the account has to pay first."""
    alice = service.open_account()
    purchased = bought(service, alice)
    service.recorder.record(Action(account=alice, activity="experiment-creation", tokens=8_000, key="e1"))
    receipt = transfers(service).reverse(Reversal(entry_id=purchased, key="r"))
    assert (Operation.REVERSE, "charge_back", 5_800, -3_000) == (
        receipt.entry.operation,
        receipt.entry.type,
        receipt.entry.tokens,
        receipt.entry.balance.total,
    )
    assert 10_000_000 == receipt.entry.cost.micro_dollars
    assert transfers(service).reverse(Reversal(entry_id=purchased, key="r")).is_repeat


def test_a_charge_back_may_be_partial_and_never_more_than_the_grant(service: OperatorOfTests) -> None:
    """Cumulative, as refunds are."""
    purchased = bought(service, service.open_account())
    transfers(service).reverse(Reversal(entry_id=purchased, tokens=5_000, key="r1"))
    with pytest.raises(RefundError, match="801 tokens cannot be reversed: 800 of 5,800 are left"):
        transfers(service).reverse(Reversal(entry_id=purchased, tokens=801, key="r2"))
    assert 800 == transfers(service).reverse(Reversal(entry_id=purchased, key="r3")).entry.tokens
    with pytest.raises(RefundError, match="0 of 5,800 are left") as caught:
        transfers(service).reverse(Reversal(entry_id=purchased, key="r4"))
    assert "Nothing is left to reverse." == caught.value.advice


def test_only_grants_are_reversed(service: OperatorOfTests) -> None:
    """A debit is refunded instead; an id that nobody has is refused."""
    alice = service.open_account()
    debit = service.recorder.record(Action(account=alice, activity="profile-matching", key="m"))
    with pytest.raises(RefundError, match="is no grant"):
        transfers(service).reverse(Reversal(entry_id=debit.entry_id, key="r"))
    with pytest.raises(UnknownNameError):
        transfers(service).reverse(Reversal(entry_id=EntryId("0" * 64), key="r"))


def test_a_won_dispute_grants_again_what_was_reversed(service: OperatorOfTests) -> None:
    """As a purchase, so reports count it as bought; once for each reversal."""
    alice = service.open_account()
    purchased = bought(service, alice)
    reversal = transfers(service).reverse(Reversal(entry_id=purchased, key="r"))
    restored = transfers(service).restore(Restoration(entry_id=reversal.entry_id, key="w"))
    assert ("purchase", 5_800, 10_800) == (
        restored.entry.type,
        restored.entry.tokens,
        restored.entry.balance.total,
    )
    assert restored.entry.lot is not None
    assert Source.PURCHASED == restored.entry.lot.source
    assert transfers(service).restore(Restoration(entry_id=reversal.entry_id, key="w")).is_repeat
    with pytest.raises(RefundError, match="was undone before"):
        transfers(service).restore(Restoration(entry_id=reversal.entry_id, key="w2"))


def test_only_reversals_are_restored(service: OperatorOfTests) -> None:
    """And nothing that would have lapsed."""
    alice = service.open_account()
    with pytest.raises(RefundError, match="is no reversal"):
        transfers(service).restore(Restoration(entry_id=bought(service, alice), key="w"))
    promotion = service.recorder.grant(
        Grant(account=alice, tokens=50, source=Source.PROMO, key="p", expires_at=FEBRUARY_1 + DAY_S)
    )
    reversal = transfers(service).reverse(Reversal(entry_id=promotion.entry_id, key="r"))
    service.clock.set(FEBRUARY_1 + 2 * DAY_S)
    with pytest.raises(RefundError, match="would have lapsed by now"):
        transfers(service).restore(Restoration(entry_id=reversal.entry_id, key="w"))


def test_a_promotion_lapses_on_its_day(service: OperatorOfTests) -> None:
    """It is spent before the allowance; what is left of it is gone afterwards."""
    alice = service.open_account()
    service.recorder.grant(
        Grant(account=alice, tokens=400, source=Source.PROMO, key="p", expires_at=FEBRUARY_1 + DAY_S)
    )
    service.recorder.record(Action(account=alice, activity="profile-matching", key="m"))
    service.clock.set(FEBRUARY_1 + DAY_S)
    receipt = service.recorder.record(Action(account=alice, activity="profile-matching", key="m2"))
    assert 4_700 == receipt.entry.balance.total


def test_a_level_is_noted_against_its_limit(assistant: OperatorOfTests) -> None:
    """In a stream of its own, which costs no tokens and is renewed by nobody."""
    alice = assistant.open_account(plan="starter")
    noted = transfers(assistant).note_level(Reading(account=alice, meter="storage", level=999, key="s1"))
    assert (Operation.GAUGE, 999, 0, 1_000, False) == (
        noted.receipt.entry.operation,
        noted.receipt.entry.level,
        noted.receipt.entry.balance.total,
        noted.limit,
        noted.is_over,
    )
    assistant.clock.set(FEBRUARY_1 + 40 * DAY_S)
    over = transfers(assistant).note_level(Reading(account=alice, meter="storage", level=1_001, key="s2"))
    assert (True, 3) == (over.is_over, over.receipt.entry.seq)


def test_a_level_without_a_limit_is_never_over_it(assistant: OperatorOfTests) -> None:
    """An account without a plan has none."""
    alice = assistant.open_account(plan=None)
    noted = transfers(assistant).note_level(Reading(account=alice, meter="banks", level=10**6, key="b"))
    assert (None, False) == (noted.limit, noted.is_over)


def test_only_levels_are_noted(assistant: OperatorOfTests) -> None:
    """Tokens are charged, and other names are not known."""
    alice = assistant.open_account(plan="starter")
    for meter in ("tokens", "doors"):
        with pytest.raises(UnknownNameError, match="unknown level"):
            transfers(assistant).note_level(Reading(account=alice, meter=meter, level=1, key="k"))


def test_a_memo_changes_no_balance(service: OperatorOfTests) -> None:
    """It says what was used elsewhere."""
    alice = service.open_account()
    receipt = transfers(service).note(
        Memo(account=alice, activity="magic-mentor", tokens=12_345, key="m", description="own key")
    )
    assert (Operation.MEMO, 12_345, 5_000) == (
        receipt.entry.operation,
        receipt.entry.tokens,
        receipt.entry.balance.total,
    )
