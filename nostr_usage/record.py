"""Record: usage ─▶ price ─▶ entry ─▶ event ─▶ signature ─▶ store and outbox, in one transaction.

Each call returns a receipt, the signed event, once that is durable. The same idempotency key with the same
request returns the same receipt, byte for byte, for ever; with another request it is an error. `Recorder`
waits for the disk, `AsyncRecorder` does not block its loop; both do what `writing.recording` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from nostr_usage.ledger.entry import AccountId
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.store import Store, Transaction
from nostr_usage.writing.recording import Recording
from nostr_usage.writing.request import Action, Grant, NewAccount, Receipt, Refund
from nostr_usage.writing.stream_writer import Operator

T = TypeVar("T")


class Recorder:
    """The operator's side of the ledger. Safe to use from several threads and processes at once."""

    def __init__(self, *, store: Store, operator: Operator, catalogue: Catalogue) -> None:
        self._store = store
        self._works = Recording(operator=operator, catalogue=catalogue)

    def open_account(self, request: NewAccount) -> Receipt:
        """Open an account, put it on its plan, and grant the plan's first allowance.

        Raises:
            UnknownNameError: if there is no such plan.
            InputError: if the account is there already with another label or plan.
        """
        return self._store.write(self._works.opening(request))

    def record(self, action: Action) -> Receipt:
        """Charge an action.

        Raises:
            UnknownNameError: no such account or activity.
            PricingError: the usage has no price; nothing is charged.
            IdempotencyError: the key was used for something else.
            TimeError: `occurred_at` is in the future, or before the account was opened.
            RefusedError: the account is an organisation, and the actor no member of it.
        """
        return self._store.write(self._works.charging(action))

    def grant(self, grant: Grant) -> Receipt:
        """Give tokens: a purchase, a gift, a promotion, an adjustment.

        Raises:
            AmountError, UnknownNameError, IdempotencyError, TimeError: as for `record`.
            InputError: a lot that has lapsed before it starts, or a reason that is no name.
        """
        return self._store.write(self._works.granting(grant))

    def refund(self, refund: Refund) -> Receipt:
        """Give a debit back, to the very lots that it drew from.

        Raises:
            UnknownNameError: no such entry.
            RefundError: not a debit, or more than is left of it.
            IdempotencyError: the key was used for something else.
        """
        return self._store.write(self._works.refunding(refund))

    def tick(self, account: AccountId) -> int:
        """Write what time alone has brought about in an account; returns how many entries that took."""
        return self._store.write(self._works.bringing_up_to_date(account))


class AsyncRecorder:
    """The operator's side for an event loop: each call is that of `Recorder`, and does not block the loop.

    A call that is cancelled may have been carried out all the same; repeated, it gives the same receipt.
    """

    def __init__(self, *, store: Store, operator: Operator, catalogue: Catalogue) -> None:
        self._store = store
        self._works = Recording(operator=operator, catalogue=catalogue)

    async def open_account(self, request: NewAccount) -> Receipt:
        """As `Recorder.open_account`."""
        return await self._run(self._works.opening(request))

    async def record(self, action: Action) -> Receipt:
        """As `Recorder.record`."""
        return await self._run(self._works.charging(action))

    async def grant(self, grant: Grant) -> Receipt:
        """As `Recorder.grant`."""
        return await self._run(self._works.granting(grant))

    async def refund(self, refund: Refund) -> Receipt:
        """As `Recorder.refund`."""
        return await self._run(self._works.refunding(refund))

    async def tick(self, account: AccountId) -> int:
        """As `Recorder.tick`."""
        return await self._run(self._works.bringing_up_to_date(account))

    async def _run(self, work: Callable[[Transaction], T]) -> T:
        return await self._store.write_soon(work)
