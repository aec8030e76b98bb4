"""Recording: what a caller gets, and what is on disk when they have it."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from nostr_usage.errors import (
    AmountError,
    IdempotencyError,
    InputError,
    RefundError,
    TimeError,
    UnknownModelError,
    UnknownNameError,
)
from nostr_usage.ledger.entry import AccountId, EntryId, Operation, Source
from nostr_usage.ledger.fold import fold, state_from_json
from nostr_usage.nostr import nip44
from nostr_usage.nostr.event import event_from_json, verify_event
from nostr_usage.nostr.keys import SecretKey
from nostr_usage.pricing.usage import Bucket, measured_usage
from nostr_usage.report import balance_view, history, month_view, stream_of
from nostr_usage.wire.details import DescriptionMode, open_details
from nostr_usage.wire.entry_event import entry_from_event
from nostr_usage.writing.request import Action, Grant, Refund, body_digest
from tests.operators import DAY_S, FEBRUARY_1, OperatorOfTests, operator_in

CHAT = "How do I set boundaries with family?"


@pytest.fixture
def service(tmp_path: Path) -> Generator[OperatorOfTests]:
    """A service on 1 February 2026."""
    with operator_in(tmp_path) as operator:
        yield operator


def chat(account: AccountId, key: str, *, tokens: int = 247) -> Action:
    """A chat of the default catalogue."""
    return Action(account=account, activity="magic-mentor", tokens=tokens, key=key, description=CHAT)


def purchase(account: AccountId, key: str, *, tokens: int = 5_800) -> Grant:
    """A pack of the default catalogue."""
    return Grant(account=account, tokens=tokens, source=Source.PURCHASED, key=key, paid=10_000_000)


def tokens_of(service: OperatorOfTests, account: AccountId) -> int:
    """The balance as reports show it."""
    with service.store.read() as reader:
        stream = reader.stream(account, "tokens")
        assert stream is not None
        return balance_view(reader, stream, now=service.clock.now(), token_value=1_500_000).tokens


def operations(service: OperatorOfTests, account: AccountId) -> list[str]:
    """The operations of the account's stream, oldest first."""
    with service.store.read() as reader:
        return [row.operation.value for row in history(reader, stream_of(reader, account))][::-1]


def test_account_opens_with_its_plan_and_first_allowance(service: OperatorOfTests) -> None:
    """Open, plan and grant are three entries of one transaction."""
    account = service.open_account()
    assert ["open", "plan", "grant"] == operations(service, account)
    assert 5_000 == tokens_of(service, account)


def test_accounts_are_numbered_without_a_gap(service: OperatorOfTests) -> None:
    """The o tag counts accounts, so none can be left out unseen."""
    opened = [service.open_account(f"customer-{number}") for number in range(3)]
    with service.store.read() as reader:
        numbers = [row.open_number for account in opened if (row := reader.account(account))]
    assert [1, 2, 3] == numbers


def test_receipt_is_the_signed_event(service: OperatorOfTests) -> None:
    """What the caller gets is verified by anyone and reads as the entry."""
    receipt = service.recorder.record(chat(service.open_account(), "k1"))
    event = verify_event(event_from_json(receipt.event_json))
    assert receipt.entry == entry_from_event(event)
    assert (247, 4_753, 370_500) == (
        receipt.entry.tokens,
        receipt.entry.balance.total,
        receipt.entry.cost.micro_dollars,
    )


def test_same_key_gives_the_same_bytes(service: OperatorOfTests) -> None:
    """A repeat charges nothing, however much later it comes and whatever happened between."""
    account = service.open_account()
    first = service.recorder.record(chat(account, "k1"))
    service.recorder.record(chat(account, "k2"))
    service.clock.advance(90 * DAY_S)
    again = service.recorder.record(chat(account, "k1"))
    assert first.event_json == again.event_json
    assert again.is_repeat


def test_repeat_writes_nothing(service: OperatorOfTests) -> None:
    """The stream is as long after a repeat as before it."""
    account = service.open_account()
    service.recorder.record(chat(account, "k1"))
    before = operations(service, account)
    service.recorder.record(chat(account, "k1"))
    assert before == operations(service, account)


def test_same_key_with_another_request_is_refused(service: OperatorOfTests) -> None:
    """A key that meant something else is an error that names the first entry, and changes nothing."""
    account = service.open_account()
    first = service.recorder.record(chat(account, "k1"))
    with pytest.raises(IdempotencyError) as caught:
        service.recorder.record(chat(account, "k1", tokens=248))
    assert first.entry_id == caught.value.entry_id
    with pytest.raises(IdempotencyError):
        service.recorder.grant(purchase(account, "k1"))
    assert 4_753 == tokens_of(service, account)


def test_digest_of_a_request_is_the_same_in_every_version() -> None:
    """What a key was used for is compared for ever: these digests are in stores that exist."""
    account = AccountId("ab" * 32)
    usage = measured_usage("gpt-4o", {Bucket.FRESH_INPUT: 4_808, Bucket.OUTPUT: 10})
    measured = Action(account=account, activity="magic-mentor", key="k1", usage=(usage,))
    assert [
        "bbc36292e6021317",
        "df8c5e621034549d",
        "4fbe4d51a54255c3",
    ] == [
        body_digest(request).hex()[:16]
        for request in (chat(account, "k1"), measured, purchase(account, "p1"))
    ]


def test_keys_belong_to_an_account(service: OperatorOfTests) -> None:
    """Two customers may use the same key, and nobody can see that they did."""
    alice, bob = service.open_account("alice"), service.open_account("bob")
    first = service.recorder.record(chat(alice, "k1"))
    second = service.recorder.record(chat(bob, "k1"))
    assert first.entry.request != second.entry.request


def test_purchased_tokens_survive_the_end_of_the_month(service: OperatorOfTests) -> None:
    """In March the allowance lapsed and was renewed; what was bought is still there."""
    account = service.open_account()
    service.recorder.grant(purchase(account, "p1"))
    service.recorder.record(chat(account, "k1"))
    service.clock.set(FEBRUARY_1 + 28 * DAY_S + 60)
    receipt = service.recorder.record(chat(account, "k2"))
    assert ["open", "plan", "grant", "grant", "debit", "expire", "grant", "debit"] == operations(
        service, account
    )
    assert 5_000 + 5_800 - 247 == receipt.entry.balance.total


def test_cycle_is_closed_after_its_grace(service: OperatorOfTests) -> None:
    """Two days into March the figures of February are final, and add up."""
    account = service.open_account()
    service.recorder.record(chat(account, "k1"))
    service.clock.set(FEBRUARY_1 + 30 * DAY_S)
    assert 3 == service.recorder.tick(account)
    assert 0 == service.recorder.tick(account)
    with service.store.read() as reader:
        row = next(
            row for row in history(reader, stream_of(reader, account)) if row.operation is Operation.CLOSE
        )
        event_json = reader.event_json(row.entry_id)
    assert event_json is not None
    totals = entry_from_event(event_from_json(event_json)).totals
    assert totals is not None
    assert (0, 5_000, 247, 4_753, 0) == (
        totals.opening,
        totals.granted,
        totals.used,
        totals.expired,
        totals.closing,
    )


def test_refund_undoes_a_debit_in_parts(service: OperatorOfTests) -> None:
    """Two partial refunds and a full one for the rest; then nothing is left to refund."""
    account = service.open_account()
    debit = service.recorder.record(chat(account, "k1"))
    service.recorder.refund(Refund(entry_id=debit.entry_id, tokens=47, key="r1"))
    service.recorder.refund(Refund(entry_id=debit.entry_id, tokens=100, key="r2"))
    service.recorder.refund(Refund(entry_id=debit.entry_id, key="r3"))
    assert 5_000 == tokens_of(service, account)
    with pytest.raises(RefundError, match="0 of 247 are left"):
        service.recorder.refund(Refund(entry_id=debit.entry_id, tokens=1, key="r4"))


def test_refunds_in_parts_cost_what_the_debit_did(service: OperatorOfTests) -> None:
    """A debit of an odd cost, refunded in three parts, nets to nothing in dollars too."""
    debit = service.recorder.record(chat(service.open_account(), "k1", tokens=7))
    parts = [
        service.recorder.refund(Refund(entry_id=debit.entry_id, tokens=tokens, key=f"r{tokens}"))
        for tokens in (1, 2, 4)
    ]
    assert debit.entry.cost.micro_dollars == sum(part.entry.cost.micro_dollars for part in parts)


def test_own_entries_never_collide_with_a_callers_keys(service: OperatorOfTests) -> None:
    """A caller who guesses the key of a renewal gets a request tag of their own."""
    account = service.open_account()
    receipt = service.recorder.record(chat(account, f"subscription:{FEBRUARY_1}"))
    with service.store.read() as reader:
        requests = [row.request for row in reader.entries(stream_of(reader, account).stream_no)]
    assert len(requests) == len(set(requests))
    assert receipt.entry.request == requests[-1]


def test_refund_of_more_than_was_charged_is_refused(service: OperatorOfTests) -> None:
    """Nothing is written for it."""
    account = service.open_account()
    debit = service.recorder.record(chat(account, "k1"))
    with pytest.raises(RefundError, match="247 of 247 are left"):
        service.recorder.refund(Refund(entry_id=debit.entry_id, tokens=248, key="r1"))
    assert 4_753 == tokens_of(service, account)


def test_only_debits_are_refunded(service: OperatorOfTests) -> None:
    """A grant is no debit, and an id that nobody knows is none either."""
    account = service.open_account()
    grant = service.recorder.grant(purchase(account, "p1"))
    with pytest.raises(RefundError, match="no debit"):
        service.recorder.refund(Refund(entry_id=grant.entry_id, key="r1"))
    with pytest.raises(UnknownNameError):
        service.recorder.refund(Refund(entry_id=EntryId("ab" * 32), key="r2"))


def test_debit_beyond_the_balance_is_charged_in_full(service: OperatorOfTests) -> None:
    """A stream that ran too long is debt; the next purchase pays it first."""
    account = service.open_account(plan=None)
    service.recorder.record(chat(account, "k1", tokens=247))
    assert -247 == tokens_of(service, account)
    service.recorder.grant(purchase(account, "p1"))
    assert 5_553 == tokens_of(service, account)


def test_measured_usage_is_priced_and_rounded_up_once(service: OperatorOfTests) -> None:
    """4,808 prompt and 10 completion tokens of a model, at its dated price plus the catalogue's markup."""
    usage = measured_usage("gpt-4o", {Bucket.FRESH_INPUT: 4_808, Bucket.OUTPUT: 10})
    receipt = service.recorder.record(
        Action(account=service.open_account(), activity="magic-mentor", usage=(usage,), key="k1")
    )
    # 4,808 × $2.50 + 10 × $10 per million, doubled, at $0.0015 a token: 16.16 tokens.
    assert 17 == receipt.entry.tokens
    assert [("fresh_input", 4_808), ("output", 10)] == [
        (line.bucket, line.units) for line in receipt.entry.usage
    ]
    assert 2 == len(receipt.entry.prices)


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ({"activity": "mind-reading"}, UnknownNameError),
        ({"tokens": -1}, AmountError),
        ({"tokens": 1.5}, AmountError),
        ({"occurred_at": FEBRUARY_1 + 1}, TimeError),
        ({"occurred_at": FEBRUARY_1 - 1}, TimeError),
        ({"key": ""}, InputError),
        ({"key": "k" * 201}, InputError),
        ({"account": AccountId("ab" * 32)}, UnknownNameError),
        (
            {"tokens": None, "usage": (measured_usage("no-such-model", {Bucket.OUTPUT: 1}),)},
            UnknownModelError,
        ),
    ],
)
def test_bad_actions_are_refused_and_change_nothing(
    service: OperatorOfTests, action: dict[str, object], error: type[Exception]
) -> None:
    """The error is of its kind, and the stream is as long as before."""
    account = service.open_account()
    before = operations(service, account)
    with pytest.raises(error):
        service.recorder.record(replace(chat(account, "k1"), **action))  # type: ignore[arg-type]  # that is the point
    assert before == operations(service, account)


def test_tokens_that_lapse_before_they_are_granted_are_refused(service: OperatorOfTests) -> None:
    """A promotion cannot end before it begins."""
    account = service.open_account()
    with pytest.raises(InputError, match="would have expired"):
        service.recorder.grant(
            Grant(account=account, tokens=1, source=Source.PROMO, key="g1", expires_at=FEBRUARY_1)
        )


def test_account_cannot_be_opened_twice_with_another_label(service: OperatorOfTests) -> None:
    """A label names one account."""
    service.open_account("alice")
    with pytest.raises(InputError, match="alice"):
        service.open_account("alice")


def test_sealed_description_is_read_with_the_account_key_only(service: OperatorOfTests) -> None:
    """The event shows a hash; the customer's own key opens the text."""
    account = service.open_account()
    receipt = service.recorder.record(chat(account, "k1"))
    secret = service.secrets.get(account)
    assert secret.account_secret is not None
    assert CHAT.encode() not in receipt.event_json
    with service.store.read() as reader:
        opened = next(entry_from_event(event_from_json(event.event_json)) for event in reader.events(limit=1))
    assert opened.operator_key is not None
    key = nip44.conversation_key(SecretKey(secret.account_secret), opened.operator_key)
    assert CHAT == open_details(receipt.entry.content, conversation_key=key).description


@pytest.mark.parametrize(
    ("mode", "is_public", "has_content"),
    [
        (DescriptionMode.SEALED, False, True),
        (DescriptionMode.DETACHED, False, False),
        (DescriptionMode.PLAIN, True, False),
    ],
)
def test_description_modes(
    tmp_path: Path, mode: DescriptionMode, *, is_public: bool, has_content: bool
) -> None:
    """Only plain mode shows the text; only sealed mode carries it; our own history always knows it."""
    with operator_in(tmp_path, descriptions=mode) as service:
        account = service.open_account()
        receipt = service.recorder.record(chat(account, "k1"))
        assert is_public == (CHAT.encode() in receipt.event_json)
        assert has_content == bool(receipt.entry.content)
        assert is_public == (receipt.entry.description_hash is None)
        with service.store.read() as reader:
            assert CHAT == next(history(reader, stream_of(reader, account))).description


def test_month_adds_up_net_of_refunds(service: OperatorOfTests) -> None:
    """The seed's February: four activities, shares that add to 100, cents that add to the total."""
    account = service.open_account()
    service.recorder.grant(purchase(account, "p1"))
    for activity, tokens in (
        ("experiment-creation", 2_347),
        ("magic-mentor", 1_234),
        ("quiz-generation", 272),
    ):
        service.recorder.record(Action(account=account, activity=activity, tokens=tokens, key=activity))
    matched = service.recorder.record(Action(account=account, activity="profile-matching", key="m1"))
    service.recorder.record(Action(account=account, activity="profile-matching", key="m2"))
    service.recorder.refund(Refund(entry_id=matched.entry_id, key="r1"))
    with service.store.read() as reader:
        view = month_view(reader, stream_of(reader, account), "2026-02")
    assert (4_153, 623) == (view.tokens, view.cents)
    assert 100 == sum(row.share for row in view.rows)
    assert view.cents == sum(row.cents for row in view.rows)
    assert [("experiment-creation", 2_347), ("magic-mentor", 1_234)] == [
        (row.activity, row.tokens) for row in view.rows[:2]
    ]
    assert (5_000, 5_800) == (view.granted, view.purchased)


def test_stored_state_is_the_fold_of_the_events(service: OperatorOfTests) -> None:
    """Folding the signed events from zero gives the state that was kept, without a problem."""
    account = service.open_account()
    service.recorder.grant(purchase(account, "p1"))
    debit = service.recorder.record(chat(account, "k1", tokens=5_100))
    service.recorder.refund(Refund(entry_id=debit.entry_id, tokens=200, key="r1"))
    service.clock.advance(70 * DAY_S)
    service.recorder.record(chat(account, "k2"))
    with service.store.read() as reader:
        stream = stream_of(reader, account)
        events = [event_from_json(row.event_json) for row in reader.events_of_stream(stream.stream_no)]
    result = fold((EntryId(event.id), entry_from_event(event)) for event in events)
    assert () == result.problems
    assert state_from_json(stream.state_json) == result.state


def test_concurrent_callers_get_one_chain(service: OperatorOfTests) -> None:
    """Eight threads on one account: every action once, no gap, no fork, and the sum is right."""
    account = service.open_account()

    def work(name: int) -> None:
        for number in range(10):
            service.recorder.record(chat(account, f"{name}-{number}", tokens=1))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 5_000 - 80 == tokens_of(service, account)
    assert 83 == len(operations(service, account))
