"""A long stream keeps its hold alive; without a heartbeat a hold ends at its time."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from nostr_usage.errors import HoldError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.spend import AsyncSpender
from nostr_usage.spending.metered_call import Booking, Call
from nostr_usage.writing.intent import CountSource
from tests.operators import OperatorOfTests, operator_in
from tests.spenders import balance, chat, held, spender_of

TTL_S = 60


@pytest.fixture
def service(tmp_path: Path) -> Generator[OperatorOfTests]:
    """A service."""
    with operator_in(tmp_path) as operator:
        yield operator


@pytest.fixture
def account(service: OperatorOfTests) -> AccountId:
    """An account of 5,000 tokens."""
    return service.open_account()


def booking(account: AccountId) -> Booking:
    """A chat, typically 250 tokens, held for a minute."""
    return Booking(intent=chat(account), key="k1", ttl_s=TTL_S)


def test_a_stream_keeps_its_hold(service: OperatorOfTests, account: AccountId) -> None:
    """Ten times as long as the hold lasts, an item every twenty seconds; charged once, at the end."""
    spender = spender_of(service)

    @spender.metered(lambda: booking(account))
    def stream(call: Call) -> Generator[int, str]:
        for number in range(30):
            service.clock.advance(20)
            call.add_tokens(10, source=CountSource.PROVIDER)
            assert "go on" == (yield number)

    items, seen = stream(), list[tuple[int, int]]()
    seen.append((next(items), balance(service, account).held))
    with contextlib.suppress(StopIteration):
        while len(seen) <= 30:
            seen.append((items.send("go on"), balance(service, account).held))
    assert [(number, 250) for number in range(30)] == seen
    assert (4_700, 0) == (balance(service, account).tokens, balance(service, account).held)


def test_without_a_heartbeat_a_hold_ends(service: OperatorOfTests, account: AccountId) -> None:
    """The control: nobody says that the call goes on, so others may have its tokens; it is still charged."""
    spender = spender_of(service)
    with spender.call(chat(account), key="k1", ttl_s=TTL_S) as call:
        service.clock.advance(TTL_S)
        assert 0 == balance(service, account).held
        call.add_tokens(10, source=CountSource.PROVIDER)
    assert 4_990 == balance(service, account).tokens


def test_a_heartbeat_writes_when_half_of_the_time_is_over(
    service: OperatorOfTests, account: AccountId
) -> None:
    """Not before; a caller may beat as often as it likes."""
    spender = spender_of(service)
    with spender.call(chat(account), key="k1", ttl_s=TTL_S) as call:
        first = call.hold
        service.clock.advance(TTL_S // 2 - 1)
        spender.keep_alive(call)
        assert first is call.hold
        service.clock.advance(1)
        spender.keep_alive(call)
        assert first.expires_at + TTL_S // 2 == call.hold.expires_at
        call.add_tokens(1, source=CountSource.PROVIDER)


def test_a_hold_that_cannot_be_kept_is_left_to_end(service: OperatorOfTests, account: AccountId) -> None:
    """Somebody took what was free meanwhile: the stream goes on, and is charged in full."""
    spender = spender_of(service)
    with spender.call(chat(account), key="k1", ttl_s=TTL_S) as call:
        service.clock.advance(TTL_S)
        held(spender, chat(account, tokens=4_900), "k2")
        spender.keep_alive(call)
        assert 4_900 == balance(service, account).held
        call.add_tokens(300, source=CountSource.PROVIDER)
    assert 4_700 == balance(service, account).tokens


def test_a_hold_that_somebody_ended_ends_the_call_when_it_settles(
    service: OperatorOfTests, account: AccountId
) -> None:
    """A heartbeat does not break a stream halfway."""
    spender, gone_on = spender_of(service), list[str]()

    def run() -> None:
        with spender.call(chat(account), key="k1") as call:
            spender.void(call.hold.hold_id)
            service.clock.advance(200)
            spender.keep_alive(call)
            gone_on.append("after the heartbeat")
            call.add_tokens(1, source=CountSource.PROVIDER)

    with pytest.raises(HoldError, match="was voided"):
        run()
    assert ["after the heartbeat"] == gone_on


def test_errors_and_the_end_reach_the_stream(service: OperatorOfTests, account: AccountId) -> None:
    """What is thrown into a generator, and its being closed."""
    spender, caught = spender_of(service), list[str]()

    @spender.metered(lambda: booking(account))
    def stream(call: Call) -> Generator[str]:
        call.add_tokens(10, source=CountSource.PROVIDER)
        try:
            yield "before"
        except ValueError as error:
            caught.append(str(error))
            yield "after"

    items = stream()
    next(items)
    assert "after" == items.throw(ValueError("no"))
    items.close()
    assert (["no"], 4_990) == (caught, balance(service, account).tokens)


async def test_an_async_stream_keeps_its_hold(service: OperatorOfTests, account: AccountId) -> None:
    """As in threads."""
    spender = AsyncSpender(store=service.store, operator=service.operator, catalogue=service.catalogue)

    @spender.metered_stream(lambda: booking(account))
    async def stream(call: Call) -> AsyncGenerator[int]:
        for number in range(10):
            service.clock.advance(20)
            call.add_tokens(10, source=CountSource.PROVIDER)
            yield number

    kept = [balance(service, account).held async for _ in stream()]
    assert [250] * 10 == kept
    assert (4_900, 0) == (balance(service, account).tokens, balance(service, account).held)
