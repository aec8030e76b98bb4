"""Calls that settle themselves: finished, failed, abandoned, cancelled; one step or several."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from pathlib import Path

import pytest

from nostr_usage.errors import AmountError, HoldError, PricingError, RefusedError
from nostr_usage.ledger.entry import AccountId, EntryId
from nostr_usage.ledger.guardrail import Budget, Enforcement, Scope
from nostr_usage.ledger.refusal import Refusal, RefusalCode
from nostr_usage.ledger.window import Period
from nostr_usage.pricing.usage import Bucket, MeasuredUsage, measured_usage
from nostr_usage.report import balance_view, stream_of
from nostr_usage.spend import AsyncSpender, Spender
from nostr_usage.spending.metered_call import Booking, Call
from nostr_usage.views import BalanceView
from nostr_usage.writing.intent import CountSource, Hold, Intent
from tests.operators import OperatorOfTests, operator_in


class ProviderError(Exception):
    """What a model's vendor fails with."""


@pytest.fixture
def service(tmp_path: Path) -> Generator[OperatorOfTests]:
    """A service with one account of 5,000 tokens."""
    with operator_in(tmp_path) as operator:
        operator.open_account()
        yield operator


@pytest.fixture
def account(service: OperatorOfTests) -> AccountId:
    """The account."""
    with service.store.read() as reader:
        return next(reader.accounts()).account


@pytest.fixture
def spender(service: OperatorOfTests) -> Spender:
    """What spends for it."""
    return Spender(store=service.store, operator=service.operator, catalogue=service.catalogue)


@pytest.fixture
def async_spender(service: OperatorOfTests) -> AsyncSpender:
    """What spends for it in a loop."""
    return AsyncSpender(store=service.store, operator=service.operator, catalogue=service.catalogue)


def chat(account: AccountId) -> Intent:
    """A chat, typically 250 tokens."""
    return Intent(account=account, activity="magic-mentor")


def step(output: int = 10) -> MeasuredUsage:
    """What a model reports for one step."""
    return measured_usage("gpt-4o", {Bucket.FRESH_INPUT: 4_808, Bucket.OUTPUT: output})


def fail(call: Call, *steps: MeasuredUsage, error: Exception | None = None) -> None:
    """Some steps, then an error: the vendor's, unless another is given."""
    call.add_usage(*steps)
    raise error or ProviderError


def balance(service: OperatorOfTests) -> BalanceView:
    """The balance as reports show it."""
    with service.store.read() as reader:
        stream = next(reader.streams())
        return balance_view(reader, stream_of(reader, stream.account), now=service.clock.now(), token_value=1)


def counted_by(service: OperatorOfTests, entry_id: EntryId) -> str | None:
    """What the private details say of the count."""
    with service.store.read() as reader:
        row = reader.entry(entry_id)
        assert row is not None
        details = reader.details(row.entry_no)
    return details.metadata_json if details else None


def test_a_call_is_reserved_before_and_settled_after(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """While it runs its tokens are held; afterwards its receipt is there."""
    with spender.call(chat(account), key="k1") as call:
        assert (250, None) == (balance(service).held, call.receipt)
        call.add_tokens(200, source=CountSource.PROVIDER)
        call.add_tokens(47, source=CountSource.PROVIDER)
    assert call.receipt is not None
    assert (247, 4_753, 0) == (
        call.receipt.entry.tokens,
        balance(service).tokens,
        balance(service).held,
    )


def test_all_steps_are_summed_and_rounded_once(spender: Spender, account: AccountId) -> None:
    """Three steps of 16.16 tokens are 49, not 51 and not the last one's 17."""
    with spender.call(chat(account), key="k1") as call:
        call.add_usage(step())
        call.add_usage(step(), step())
    assert call.receipt is not None
    assert 49 == call.receipt.entry.tokens


@pytest.mark.parametrize(("is_estimated", "source"), [(False, "provider"), (True, "estimated")])
def test_the_debit_says_who_counted(
    service: OperatorOfTests, spender: Spender, account: AccountId, *, is_estimated: bool, source: str
) -> None:
    """One step that was reckoned makes the whole count an estimate."""
    with spender.call(chat(account), key="k1") as call:
        call.add_usage(step())
        if is_estimated:
            call.add_estimate(step(20))
        call.describe("Boundaries", metadata={"topic": "family"}, prompt="mentor-2")
    assert call.receipt is not None
    expected = f'{{"count_source": "{source}", "topic": "family"}}'
    assert expected == counted_by(service, call.receipt.entry_id)
    assert "mentor-2" == call.receipt.entry.prompt


def test_stated_tokens_may_be_an_estimate_too(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Whoever states them says so; what is no amount is refused at once."""
    with spender.call(chat(account), key="k1") as call:
        call.add_tokens(100, source=CountSource.ESTIMATED)
        with pytest.raises(AmountError):
            call.add_tokens(-1, source=CountSource.PROVIDER)
        call.add_estimate()
    assert call.receipt is not None
    assert 100 == call.receipt.entry.tokens
    assert '{"count_source": "estimated"}' == counted_by(service, call.receipt.entry_id)


def test_a_fixed_price_needs_no_count(service: OperatorOfTests, spender: Spender, account: AccountId) -> None:
    """What was said of it is kept all the same; no count has no source."""
    with spender.call(Intent(account=account, activity="profile-matching"), key="k1") as call:
        call.describe("Matched with @sarah")
    assert call.receipt is not None
    assert 300 == call.receipt.entry.tokens
    assert counted_by(service, call.receipt.entry_id) is None


def test_a_failed_call_is_charged_for_what_it_used(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """The error comes through, and the first step is paid."""
    with pytest.raises(ProviderError), spender.call(chat(account), key="k1") as call:
        fail(call, step())
    assert call.receipt is not None
    assert (17, 0) == (call.receipt.entry.tokens, balance(service).held)


UNPRICED = measured_usage("a-model-without-a-price", {Bucket.FRESH_INPUT: 1_000})


@pytest.mark.parametrize("error", [ProviderError("cut off"), PricingError("no such model")], ids=repr)
def test_a_failed_call_without_a_price_is_voided(
    service: OperatorOfTests, spender: Spender, account: AccountId, error: Exception
) -> None:
    """Its own error comes through and says so; nothing is charged, and nothing stays held."""
    with (
        pytest.raises(type(error), match=str(error)) as raised,
        spender.call(chat(account), key="k1") as call,
    ):
        fail(call, step(), UNPRICED, error=error)
    assert "was not charged" in raised.value.__notes__[0]
    assert "a-model-without-a-price" in raised.value.__notes__[0]
    assert (None, 5_000, 0) == (call.receipt, balance(service).tokens, balance(service).held)


async def test_a_failed_task_without_a_price_is_voided(
    service: OperatorOfTests, async_spender: AsyncSpender, account: AccountId
) -> None:
    """The same in a loop."""
    with pytest.raises(ProviderError) as raised:
        async with async_spender.call(chat(account), key="k1") as call:
            fail(call, UNPRICED)
    assert "was not charged" in raised.value.__notes__[0]
    assert (5_000, 0) == (balance(service).tokens, balance(service).held)


def test_a_call_that_used_nothing_is_voided(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Nothing is charged, nothing stays held."""
    with pytest.raises(ProviderError), spender.call(chat(account), key="k1") as call:
        raise ProviderError
    assert call.receipt is None
    assert (5_000, 0) == (balance(service).tokens, balance(service).held)


def test_a_call_that_forgets_to_count_is_an_error(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """It is not free: its tokens stay held until it is settled by hand."""
    with pytest.raises(PricingError), spender.call(chat(account), key="k1"):
        pass
    assert (5_000, 250) == (balance(service).tokens, balance(service).held)


def test_a_refused_call_does_not_run(spender: Spender, account: AccountId) -> None:
    """The error carries the refusal, and what would help as its advice."""
    expensive = Intent(account=account, activity="experiment-creation", add_ons=("audio",))
    with pytest.raises(RefusedError) as raised, spender.call(expensive, key="k1"):
        pytest.fail("it ran")
    refusal = raised.value.refusal
    assert isinstance(refusal, Refusal)
    assert RefusalCode.NOT_ENOUGH is refusal.code
    assert "Buy pack-10" in raised.value.advice


def test_what_was_charged_does_not_run_again(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """A job that is repeated after its end finds its key used."""
    with spender.call(chat(account), key="k1") as call:
        call.add_tokens(247, source=CountSource.PROVIDER)
    with pytest.raises(HoldError, match="charged before"), spender.call(chat(account), key="k1"):
        pytest.fail("it ran")
    assert 4_753 == balance(service).tokens


def test_a_decorated_function_gets_its_call(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Its arguments say what is reserved; its result and its name are its own."""

    def booking(text: str, key: str) -> Booking:
        return Booking(intent=chat(account), key=f"{text}-{key}")

    @spender.metered(booking)
    def answer(call: Call, text: str, key: str) -> str:
        """Answers."""
        call.add_tokens(len(text), source=CountSource.ESTIMATED)
        return text.upper()

    assert ("HELLO", "answer", "Answers.") == (answer("hello", "k1"), answer.__name__, answer.__doc__)
    assert (4_995, 0) == (balance(service).tokens, balance(service).held)


@pytest.mark.parametrize(("read", "left"), [(3, 4_970), (2, 4_980), (1, 4_990)])
def test_a_stream_is_settled_when_it_ends_or_is_abandoned(
    service: OperatorOfTests, spender: Spender, account: AccountId, read: int, left: int
) -> None:
    """What was sent until then is paid; the hold lasts as long as the generator."""

    @spender.metered(lambda: Booking(intent=chat(account), key="k1", ttl_s=60))
    def stream(call: Call) -> Iterator[str]:
        for word in ("How", "are", "you"):
            call.add_tokens(10, source=CountSource.PROVIDER)
            yield word

    words = stream()
    assert 0 == balance(service).held
    for _ in range(read):
        next(words)
        assert 250 == balance(service).held
    assert isinstance(words, Generator)
    words.close()
    assert (left, 0) == (balance(service).tokens, balance(service).held)


async def test_an_async_call_does_the_same(
    service: OperatorOfTests, async_spender: AsyncSpender, account: AccountId
) -> None:
    """Settled at the end, for what it used if it failed, void if that was nothing."""
    async with async_spender.call(chat(account), key="k1") as call:
        call.add_usage(step(), step(), step())
    assert call.receipt is not None
    assert 49 == call.receipt.entry.tokens
    with pytest.raises(ProviderError):
        async with async_spender.call(chat(account), key="k2") as call:
            fail(call, step())
    with pytest.raises(ProviderError):
        async with async_spender.call(chat(account), key="k3"):
            raise ProviderError
    assert (4_934, 0) == (balance(service).tokens, balance(service).held)


async def test_a_cancelled_task_pays_for_what_it_used(
    service: OperatorOfTests, async_spender: AsyncSpender, account: AccountId
) -> None:
    """Even if it is cancelled again while it settles."""
    has_begun = asyncio.Event()

    async def run() -> None:
        async with async_spender.call(chat(account), key="k1") as call:
            call.add_tokens(99, source=CountSource.PROVIDER)
            has_begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    await has_begun.wait()
    writer_may_go_on = threading.Event()
    service.store.submit(lambda _transaction: writer_may_go_on.wait())
    for _ in range(2):  # the second comes while the debit is still queued
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    writer_may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    # Whatever comes after it in the queue sees its debit.
    await async_spender.recover()
    assert (4_901, 0) == (balance(service).tokens, balance(service).held)


async def test_decorated_coroutines_and_streams(
    service: OperatorOfTests, async_spender: AsyncSpender, account: AccountId
) -> None:
    """A coroutine function, and an async generator that is closed before its end."""

    def booking(key: str) -> Booking:
        return Booking(intent=chat(account), key=key)

    @async_spender.metered(booking)
    async def answer(call: Call, key: str) -> str:
        call.add_tokens(100, source=CountSource.PROVIDER)
        return key

    @async_spender.metered_stream(lambda: Booking(intent=chat(account), key="s1"))
    async def stream(call: Call) -> AsyncGenerator[str]:
        for word in ("How", "are", "you"):
            call.add_tokens(10, source=CountSource.PROVIDER)
            yield word

    assert "k1" == await answer("k1")
    words = stream()
    assert "How" == await anext(words)
    assert 250 == balance(service).held
    await words.aclose()
    assert (4_890, 0) == (balance(service).tokens, balance(service).held)
    other = async_spender.metered_stream(lambda: Booking(intent=chat(account), key="s2"))(three)
    assert ["How", "are", "you"] == [word async for word in other()]
    assert 4_860 == balance(service).tokens


async def three(call: Call) -> AsyncGenerator[str]:
    """A stream of three words, ten tokens each."""
    for word in ("How", "are", "you"):
        call.add_tokens(10, source=CountSource.PROVIDER)
        yield word


async def test_every_other_call_has_its_async_form(
    service: OperatorOfTests, async_spender: AsyncSpender, account: AccountId
) -> None:
    """Extended, voided, budgeted: what the sync façade does, without blocking the loop."""
    hold = await async_spender.reserve(chat(account), key="k1", ttl_s=60)
    assert isinstance(hold, Hold)
    extended = await async_spender.extend(hold.hold_id, ttl_s=120)
    assert isinstance(extended, Hold)
    assert hold.expires_at + 60 == extended.expires_at
    await async_spender.void(hold.hold_id)
    budget = Budget(scope=Scope.ACCOUNT, period=Period.DAY, tokens=100, enforcement=Enforcement.REFUSE)
    await async_spender.set_budget(account, budget)
    refused = await async_spender.check(chat(account))
    assert isinstance(refused, Refusal)
    assert RefusalCode.BUDGET_REACHED is refused.code
    assert 0 == balance(service).held
