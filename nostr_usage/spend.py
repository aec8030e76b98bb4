"""Spend: check ─▶ reserve ─▶ the action ─▶ settle, or void.

What a hold keeps back nobody else can spend: the balance less the open holds is looked at, and the hold kept,
in one transaction, whatever threads and processes ask at the same time. Settling charges what was really
used; a debit larger than its hold is charged in full, and so is one whose hold has expired.

    hold = spender.reserve(intent, key="chat-81")         with spender.call(intent, key="chat-81") as call:
    …                                                          …
    spender.settle(hold.hold_id, Used(usage=(…,)))            call.add_usage(…)

`Spender` waits for the disk, `AsyncSpender` does not block its loop; both do what `SpendingRules` says.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from nostr_usage.errors import HoldError, PricingError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.guardrail import Budget, Scope
from nostr_usage.ledger.refusal import Refusal
from nostr_usage.ledger.window import Period
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.spending.budgeting import Budgeting, BudgetView
from nostr_usage.spending.metered_call import TTL_S_DEFAULT, Booking, Call, Kept, uncharged_note
from nostr_usage.spending.quoting import Prompt, QuoteView, Quoting
from nostr_usage.spending.rules import SpendingRules
from nostr_usage.store import Store, Transaction
from nostr_usage.writing.intent import Clearance, Hold, Intent, Used
from nostr_usage.writing.request import Receipt
from nostr_usage.writing.stream_writer import Operator

P = ParamSpec("P")
T = TypeVar("T")


class Spender:
    """Spending, for callers that may wait. Safe to use from several threads and processes at once."""

    def __init__(self, *, store: Store, operator: Operator, catalogue: Catalogue) -> None:
        self._store = store
        self._rules = SpendingRules(operator=operator, catalogue=catalogue)
        self._quoting = Quoting(clock=operator.clock, catalogue=catalogue)
        self._budgeting = Budgeting(clock=operator.clock, catalogue=catalogue)

    def check(self, intent: Intent) -> Clearance | Refusal:
        """Whether an action may run now; keeps nothing back, so somebody else may be faster.

        Raises:
            UnknownNameError: no such account, activity or add-on.
            InputError, PricingError: the action could not be charged.
        """
        with self._store.read() as reader:
            return self._rules.check(reader, intent)

    def quote(self, intent: Intent, *, prompt: Prompt | None = None) -> QuoteView:
        """What an action is expected to cost, what that leaves, and what would be refused; keeps nothing.

        To keep back what was quoted, `reserve` the same intent with `tokens` of the quote's typical figure.

        Raises:
            UnknownNameError: no such account, activity or add-on.
            InputError: tokens and a prompt are both stated, or a prompt that the charge does not depend on.
            PricingError: the action could not be charged.
        """
        with self._store.read() as reader:
            return self._quoting.quote(reader, intent, prompt=prompt)

    def reserve(self, intent: Intent, *, key: str, ttl_s: int = TTL_S_DEFAULT) -> Hold | Refusal:
        """Keep back what an action needs for `ttl_s` seconds, or say why not.

        The same key and intent give the same hold; if that has expired unsettled, it must be affordable
        again. A refusal keeps nothing, so the same key may be tried again.

        Raises:
            UnknownNameError: no such account, activity or add-on.
            InputError, PricingError: the action could not be charged, or a `ttl_s` beyond `TTL_S_MAX`.
            IdempotencyError: the key was used for something else.
            HoldError: the hold of this key was voided.
        """
        return self._store.write(
            lambda transaction: self._rules.reserve(transaction, intent, key=key, ttl_s=ttl_s)
        )

    def extend(
        self, hold_id: str, *, ttl_s: int = TTL_S_DEFAULT, tokens: int | None = None
    ) -> Hold | Refusal:
        """Keep a hold for `ttl_s` seconds from now on, and `tokens` instead of what it keeps back.

        More tokens may be refused, and so may a hold that has expired; a refusal changes nothing.

        Raises:
            HoldError: no such hold, or it has ended.
            AmountError: `tokens` are no amount.
            InputError: a `ttl_s` beyond `TTL_S_MAX`.
        """
        return self._store.write(
            lambda transaction: self._rules.extend(transaction, hold_id, ttl_s=ttl_s, tokens=tokens)
        )

    def settle(self, hold_id: str, used: Used, *, key: str | None = None) -> Receipt:
        """Charge what an action really used; its hold may be smaller, or have expired.

        Settling again with the same `used` gives the same receipt. `key` is the debit's idempotency key,
        that of the hold if None.

        Raises:
            HoldError: no such hold, or it was voided.
            IdempotencyError: it was settled otherwise, or `key` was used for something else.
            AmountError, PricingError, TimeError: as for `record`; the hold stays as it is.
        """
        return self._store.write(lambda transaction: self._rules.settle(transaction, hold_id, used, key=key))

    def void(self, hold_id: str) -> Hold:
        """Give back what a hold kept, because the action used nothing.

        Raises:
            HoldError: no such hold, or it was settled.
        """
        return self._store.write(lambda transaction: self._rules.void(transaction, hold_id))

    def recover(self) -> int:
        """To be called at start: marks holds that expired meanwhile; how many."""
        return self._store.write(self._rules.recover)

    def set_budget(self, account: AccountId, budget: Budget) -> None:
        """Set or raise a budget of an account's own; it goes before its plan's.

        Raises:
            UnknownNameError: no such account.
            AmountError: tokens that are no amount.
            InputError: a subject that does not fit its scope.
        """
        self._store.write(lambda transaction: self._budgeting.set(transaction, account, budget))

    def remove_budget(self, account: AccountId, *, scope: Scope, subject: str = "", period: Period) -> None:
        """Take a budget of an account's own away; its plan's counts again, if it has one.

        Raises:
            UnknownNameError: no such account, or it has no such budget of its own.
        """
        self._store.write(
            lambda transaction: self._budgeting.remove(
                transaction, account, scope=scope, subject=subject, period=period
            )
        )

    def budgets(self, account: AccountId, *, meter: str | None = None) -> tuple[BudgetView, ...]:
        """Every budget of an account with what is used of it; in one meter, or in all.

        Raises:
            UnknownNameError: no such account.
        """
        with self._store.read() as reader:
            return self._budgeting.views(reader, account, meter=meter)

    @contextmanager
    def call(self, intent: Intent, *, key: str, ttl_s: int = TTL_S_DEFAULT) -> Generator[Call]:
        """An action inside `with`: reserved before it, settled after it with what its `Call` was told.

        If the action raises, or its stream is abandoned, what was measured until then is settled; if nothing
        was, or it has no price, the hold is voided. The action's own error comes through, in the second case
        with a note.

        Raises:
            RefusedError: it may not run; nothing was kept back.
            HoldError: it was charged before: the key is that of an action that is done.
            Whatever `reserve` and `settle` raise.
        """
        call = Call.of(self.reserve(intent, key=key, ttl_s=ttl_s), ttl_s=ttl_s)
        try:
            yield call
        except BaseException as error:
            self._end_failed(call, error)
            raise
        self._end(call, call.used)

    def metered(
        self, booking: Callable[P, Booking]
    ) -> Callable[[Callable[Concatenate[Call, P], T]], Callable[P, T]]:
        """A decorator: the function, which gets its `Call` first, runs inside `call`.

        `booking` gets the same arguments as the function and says what is reserved. Of a generator function
        the hold lasts as long as the generator: each item keeps it alive.
        """

        def decorate(function: Callable[Concatenate[Call, P], T]) -> Callable[P, T]:
            @functools.wraps(function)
            def run(*args: P.args, **kwargs: P.kwargs) -> T:
                asked = booking(*args, **kwargs)
                with self.call(asked.intent, key=asked.key, ttl_s=asked.ttl_s) as call:
                    return function(call, *args, **kwargs)

            @functools.wraps(function)
            def stream(*args: P.args, **kwargs: P.kwargs) -> Generator[Any, Any, Any]:
                asked = booking(*args, **kwargs)
                with self.call(asked.intent, key=asked.key, ttl_s=asked.ttl_s) as call:
                    items = cast("Generator[Any, Any, Any]", function(call, *args, **kwargs))
                    return (yield from Kept(items, lambda: self.keep_alive(call)))

            return cast("Callable[P, T]", stream) if inspect.isgeneratorfunction(function) else run

        return decorate

    def keep_alive(self, call: Call) -> None:
        """The heartbeat of a call that runs long: costs nothing until half of its hold's time is over.

        A hold that can no longer be kept is left to expire: what the call used is charged all the same.
        """
        if call.is_beat_due(self._rules.now):
            with contextlib.suppress(HoldError):  # it was ended by somebody else, as settling will say
                call.beat(self.extend(call.hold.hold_id, ttl_s=call.ttl_s))

    def _end_failed(self, call: Call, error: BaseException) -> None:
        try:
            self._end(call, call.used_so_far)
        except PricingError as unpriced:
            self.void(call.hold.hold_id)
            error.add_note(uncharged_note(unpriced))

    def _end(self, call: Call, used: Used | None) -> None:
        if used is None:
            self.void(call.hold.hold_id)
        else:
            call.receipt = self.settle(call.hold.hold_id, used)


class AsyncSpender:
    """Spending, for an event loop: each call is that of `Spender`, and does not block the loop.

    A call that is cancelled may have been carried out all the same; repeated, it gives the same answer.
    """

    def __init__(self, *, store: Store, operator: Operator, catalogue: Catalogue) -> None:
        self._store = store
        self._rules = SpendingRules(operator=operator, catalogue=catalogue)
        self._quoting = Quoting(clock=operator.clock, catalogue=catalogue)
        self._budgeting = Budgeting(clock=operator.clock, catalogue=catalogue)

    async def check(self, intent: Intent) -> Clearance | Refusal:
        """As `Spender.check`."""
        return await self._run(lambda transaction: self._rules.check(transaction, intent))

    async def quote(self, intent: Intent, *, prompt: Prompt | None = None) -> QuoteView:
        """As `Spender.quote`."""
        return await self._run(lambda transaction: self._quoting.quote(transaction, intent, prompt=prompt))

    async def reserve(self, intent: Intent, *, key: str, ttl_s: int = TTL_S_DEFAULT) -> Hold | Refusal:
        """As `Spender.reserve`."""
        return await self._run(
            lambda transaction: self._rules.reserve(transaction, intent, key=key, ttl_s=ttl_s)
        )

    async def extend(
        self, hold_id: str, *, ttl_s: int = TTL_S_DEFAULT, tokens: int | None = None
    ) -> Hold | Refusal:
        """As `Spender.extend`."""
        return await self._run(
            lambda transaction: self._rules.extend(transaction, hold_id, ttl_s=ttl_s, tokens=tokens)
        )

    async def settle(self, hold_id: str, used: Used, *, key: str | None = None) -> Receipt:
        """As `Spender.settle`; carried out even if the caller is cancelled meanwhile."""
        return await self._run(lambda transaction: self._rules.settle(transaction, hold_id, used, key=key))

    async def void(self, hold_id: str) -> Hold:
        """As `Spender.void`."""
        return await self._run(lambda transaction: self._rules.void(transaction, hold_id))

    async def recover(self) -> int:
        """As `Spender.recover`."""
        return await self._run(self._rules.recover)

    async def set_budget(self, account: AccountId, budget: Budget) -> None:
        """As `Spender.set_budget`."""
        await self._run(lambda transaction: self._budgeting.set(transaction, account, budget))

    async def remove_budget(
        self, account: AccountId, *, scope: Scope, subject: str = "", period: Period
    ) -> None:
        """As `Spender.remove_budget`."""
        await self._run(
            lambda transaction: self._budgeting.remove(
                transaction, account, scope=scope, subject=subject, period=period
            )
        )

    async def budgets(self, account: AccountId, *, meter: str | None = None) -> tuple[BudgetView, ...]:
        """As `Spender.budgets`."""
        return await self._run(lambda transaction: self._budgeting.views(transaction, account, meter=meter))

    @asynccontextmanager
    async def call(self, intent: Intent, *, key: str, ttl_s: int = TTL_S_DEFAULT) -> AsyncGenerator[Call]:
        """As `Spender.call`; a task that is cancelled settles what was measured until then."""
        call = Call.of(await self.reserve(intent, key=key, ttl_s=ttl_s), ttl_s=ttl_s)
        try:
            yield call
        except BaseException as error:
            await self._end_failed(call, error)
            raise
        await self._end(call, call.used)

    def metered(
        self, booking: Callable[P, Booking]
    ) -> Callable[[Callable[Concatenate[Call, P], Awaitable[T]]], Callable[P, Awaitable[T]]]:
        """As `Spender.metered`, for coroutine functions; for streams there is `metered_stream`."""

        def decorate(function: Callable[Concatenate[Call, P], Awaitable[T]]) -> Callable[P, Awaitable[T]]:
            @functools.wraps(function)
            async def run(*args: P.args, **kwargs: P.kwargs) -> T:
                asked = booking(*args, **kwargs)
                async with self.call(asked.intent, key=asked.key, ttl_s=asked.ttl_s) as call:
                    return await function(call, *args, **kwargs)

            return run

        return decorate

    def metered_stream(
        self, booking: Callable[P, Booking]
    ) -> Callable[[Callable[Concatenate[Call, P], AsyncGenerator[T]]], Callable[P, AsyncGenerator[T]]]:
        """As `Spender.metered`, for async generator functions; close the generator to end it early."""

        def decorate(
            function: Callable[Concatenate[Call, P], AsyncGenerator[T]],
        ) -> Callable[P, AsyncGenerator[T]]:
            @functools.wraps(function)
            async def stream(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[T]:
                asked = booking(*args, **kwargs)
                async with (
                    self.call(asked.intent, key=asked.key, ttl_s=asked.ttl_s) as call,
                    aclosing(function(call, *args, **kwargs)) as items,
                ):
                    async for item in items:
                        yield item
                        await self.keep_alive(call)

            return stream

        return decorate

    async def keep_alive(self, call: Call) -> None:
        """As `Spender.keep_alive`."""
        if call.is_beat_due(self._rules.now):
            with contextlib.suppress(HoldError):  # it was ended by somebody else, as settling will say
                call.beat(await self.extend(call.hold.hold_id, ttl_s=call.ttl_s))

    async def _end_failed(self, call: Call, error: BaseException) -> None:
        try:
            await self._end(call, call.used_so_far)
        except PricingError as unpriced:
            await self.void(call.hold.hold_id)
            error.add_note(uncharged_note(unpriced))

    async def _end(self, call: Call, used: Used | None) -> None:
        if used is None:
            await self.void(call.hold.hold_id)
        else:
            call.receipt = await self.settle(call.hold.hold_id, used)

    async def _run(self, work: Callable[[Transaction], T]) -> T:
        return await self._store.write_soon(work)
