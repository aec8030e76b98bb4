"""The recorder for event loops: what the other one does, without blocking."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from pathlib import Path

import pytest

from nostr_usage.errors import IdempotencyError, PricingError, RefundError, UnknownNameError
from nostr_usage.ledger.entry import EntryId, Source
from nostr_usage.record import AsyncRecorder
from nostr_usage.writing.request import Action, Grant, NewAccount, Refund
from tests.operators import DAY_S, OperatorOfTests, operator_in
from tests.spenders import balance


@pytest.fixture
def service(tmp_path: Path) -> Generator[OperatorOfTests]:
    """A service."""
    with operator_in(tmp_path) as operator:
        yield operator


@pytest.fixture
def recorder(service: OperatorOfTests) -> AsyncRecorder:
    """What records for it in a loop."""
    return AsyncRecorder(store=service.store, operator=service.operator, catalogue=service.catalogue)


async def test_every_call_has_its_async_form(service: OperatorOfTests, recorder: AsyncRecorder) -> None:
    """An account is opened, charged, given tokens, refunded and brought up to date."""
    account = service.open_account()
    with service.store.read() as reader:
        known = reader.account(account)
    assert known is not None
    request = NewAccount(
        account=account,
        operator_key=service.operator.public_key(account),
        label="alice",
        plan="standard",
    )
    assert (await recorder.open_account(request)).is_repeat
    debit = await recorder.record(Action(account=account, activity="magic-mentor", tokens=247, key="c1"))
    await recorder.grant(Grant(account=account, tokens=100, source=Source.PURCHASED, key="p1"))
    await recorder.refund(Refund(entry_id=debit.entry_id, tokens=47, key="r1"))
    assert 5_000 - 247 + 100 + 47 == balance(service, account).tokens
    service.clock.advance(28 * DAY_S)
    assert 2 == await recorder.tick(account)
    assert 5_100 == balance(service, account).tokens


async def test_many_callers_at_once_are_charged_once_each(
    service: OperatorOfTests, recorder: AsyncRecorder
) -> None:
    """Twice under the same key is one debit, with one receipt."""
    account = service.open_account()
    actions = [
        Action(account=account, activity="magic-mentor", tokens=10, key=f"c{number // 2}")
        for number in range(40)
    ]
    receipts = await asyncio.gather(*(recorder.record(action) for action in actions))
    assert 20 == len({receipt.entry_id for receipt in receipts})
    assert 4_800 == balance(service, account).tokens


async def test_refusals_reach_the_caller(service: OperatorOfTests, recorder: AsyncRecorder) -> None:
    """At once, or with what the store says; nothing is charged."""
    account = service.open_account()
    with pytest.raises(PricingError):
        await recorder.record(Action(account=account, activity="magic-mentor", key="c1"))
    debit = await recorder.record(Action(account=account, activity="magic-mentor", tokens=10, key="c1"))
    with pytest.raises(IdempotencyError):
        await recorder.record(Action(account=account, activity="magic-mentor", tokens=11, key="c1"))
    with pytest.raises(RefundError):
        await recorder.refund(Refund(entry_id=debit.entry_id, tokens=11, key="r1"))
    with pytest.raises(UnknownNameError):
        await recorder.refund(Refund(entry_id=EntryId("0" * 64), key="r1"))
    assert 4_990 == balance(service, account).tokens


async def test_a_cancelled_call_is_carried_out_all_the_same(
    service: OperatorOfTests, recorder: AsyncRecorder
) -> None:
    """An action that has run must be charged; the caller learns of it by asking again."""
    account = service.open_account()
    action = Action(account=account, activity="magic-mentor", tokens=10, key="c1")
    task = asyncio.create_task(recorder.record(action))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = await recorder.record(action)
    assert (10, True) == (again.entry.tokens, again.is_repeat)
    assert 4_990 == balance(service, account).tokens
