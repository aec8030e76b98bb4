"""Answers each request once: key ─▶ the receipt of before, or what is due, the entry, its receipt.

All of it happens in the caller's transaction, so whoever writes to the ledger for a caller goes through here:
`record` for what happened, `spend` for what was promised first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from nostr_usage.errors import IdempotencyError, TimeError
from nostr_usage.ledger.entry import DEFAULT_METER, AccountId, Cost, EntryId, Operation, UsageLine
from nostr_usage.ledger.posting import Draft
from nostr_usage.nostr.event import event_from_json
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.charge import Charge, charge_for
from nostr_usage.store import AccountRow, Line, Transaction
from nostr_usage.wire.account_key import own_request_tag, request_tag
from nostr_usage.wire.details import Details
from nostr_usage.wire.entry_event import entry_from_event
from nostr_usage.writing.alerting import Debit, alerts_of
from nostr_usage.writing.opening import plan_draft
from nostr_usage.writing.planned_change import forget_change, planned_change
from nostr_usage.writing.request import (
    Action,
    KeyedRequest,
    NewAccount,
    Receipt,
    Request,
    body_digest,
    digest_of,
)
from nostr_usage.writing.seating import seated_action
from nostr_usage.writing.stream_writer import Operator, StreamWriter, fresh_details
from nostr_usage.writing.terms import Terms

HAS_RECOVERED = "has_recovered"
"""The setting of a store that holds entries without their requests."""

Write = Callable[[Transaction, StreamWriter], Line]


class Answers(Terms):
    """What every request needs: the terms of its account, its key, and the entry that answers it."""

    def __init__(self, *, operator: Operator, catalogue: Catalogue) -> None:
        super().__init__(clock=operator.clock, catalogue=catalogue)
        self._operator = operator

    def writer(
        self, transaction: Transaction, account: AccountId, *, meter: str = DEFAULT_METER
    ) -> StreamWriter:
        """The end of the account's stream, to write at."""
        return StreamWriter(transaction, self._operator, account=account, meter=meter)

    def bring_up_to_date(self, transaction: Transaction, account: AccountRow) -> int:
        """Write what is due in every stream of an account, a planned change of plan too; how many entries.

        `account` is as `account` gives it.
        """
        written = 0
        change = planned_change(transaction, account.account_no)
        is_changing = change is not None and change.at <= self.now
        for row in tuple(transaction.streams(account_no=account.account_no)):
            writer = self.writer(transaction, account.account, meter=row.meter)
            writer.write_due(self.plan(account.plan, meter=row.meter), anchor=account.anchor)
            if change is not None and is_changing and row.meter in self._catalogue.spent_meters:
                writer.write_own(plan_draft(change.plan, at=change.at))
            writer.finish()
            written += writer.state.seq - row.seq
        if is_changing:
            transaction.set_account_plan(account.account_no, account.plan, anchor=account.anchor)
            forget_change(transaction, account.account_no)
        return written

    def details(self, description: str, metadata: Mapping[str, str]) -> Details | None:
        """Private text with a fresh salt, or None if there is none."""
        return fresh_details(description, dict(metadata), entropy=self._operator.entropy)

    def occurred_at(self, stated: int | None) -> int:
        """When it happened: now, unless stated.

        Raises:
            TimeError: for a time in the future.
        """
        if stated is not None and stated > self.now:
            raise TimeError(f"the action is dated in the future ({stated} > {self.now})")
        return self.now if stated is None else stated

    def debit(self, action: Action, *, occurred_at: int, account: AccountRow | None = None) -> Write:
        """What writes the debit of an action that was checked.

        Args:
            action: what is charged.
            occurred_at: unix seconds.
            account: whose members may do it; None for what was admitted before, and must be charged.

        Raises (when it is called):
            UnknownNameError: no such activity or add-on.
            PricingError: the usage has no price; nothing is charged.
            RefusedError: whoever did it is no member of the organisation.
        """

        def write(transaction: Transaction, writer: StreamWriter) -> Line:
            seated = action if account is None else seated_action(transaction, account, action)
            charge = charge_for(
                self._catalogue,
                action.activity,
                tokens=action.tokens,
                usage=action.usage,
                add_ons=action.add_ons,
                count=action.count,
                at=occurred_at,
            )
            draft = _debit_draft(seated, charge, occurred_at=occurred_at)
            return writer.write(draft, details=self.details(action.description, action.metadata))

        return write

    def answer(
        self,
        transaction: Transaction,
        account: AccountRow,
        request: KeyedRequest,
        write: Write,
        *,
        meter: str,
        own_hold: str | None = None,
    ) -> tuple[Receipt, int]:
        """The receipt of a request, and the number of its entry; written unless its key was answered before.

        Args:
            transaction: the caller's.
            account: the request's account.
            request: what is asked, with its key.
            write: what writes the entry, after everything that is due.
            meter: of the stream that it is written to.
            own_hold: the id of the hold that the request settles, which may have its key.

        Raises:
            IdempotencyError: the key was used for something else.
            TimeError: dated before the account was opened.
        """
        repeat = self.earlier_receipt(transaction, account, request.key, request)
        if repeat is not None:
            return repeat
        self.refuse_key_of_hold(transaction, account, request.key, own_hold=own_hold)
        change = planned_change(transaction, account.account_no)
        if change is not None and change.at <= self.now:
            self.bring_up_to_date(transaction, account)
        writer = self.writer(transaction, account.account, meter=meter)
        writer.write_due(self.plan(account.plan, meter=meter), anchor=account.anchor)
        before = writer.state
        line = write(transaction, writer)
        if line.entry.occurred_at < account.created_at:
            raise TimeError(
                f"the action is dated before the account was opened"
                f" ({line.entry.occurred_at} < {account.created_at})"
            )
        writer.finish()
        number = writer.numbers[line.entry_id]
        self.remember(transaction, account.account_no, request.key, request, number)
        receipt = Receipt(entry=line.entry, entry_id=line.entry_id, event_json=line.event_json)
        if line.entry.operation is not Operation.DEBIT:
            return receipt, number
        assert writer.stream_no is not None, "a stream with an entry"
        debit = Debit(stream_no=writer.stream_no, entry=line.entry, before=before, after=writer.state)
        rules = self.rules(transaction, account, meter=meter)
        alerts = alerts_of(transaction, debit, rules, now=self.now)
        return replace(receipt, alerts=alerts) if alerts else receipt, number

    def earlier_receipt(
        self, transaction: Transaction, account: AccountRow, key: str, request: Request
    ) -> tuple[Receipt, int] | None:
        """The receipt that the key was answered with before, and its entry's number; None for a new key.

        Raises:
            IdempotencyError: the key was used for another request.
        """
        earlier = transaction.request(account.account_no, digest_of(key))
        if earlier is None:
            return self._recovered_receipt(transaction, account, key, request)
        if earlier.body_digest != body_digest(request).hex():
            raise IdempotencyError(key, earlier.entry_id)
        return self.receipt_again(transaction, earlier.entry_id), earlier.entry_no

    def _recovered_receipt(
        self, transaction: Transaction, account: AccountRow, key: str, request: Request
    ) -> tuple[Receipt, int] | None:
        """The same of an entry that was read back from relays: of its request only the tag is known."""
        if not transaction.setting(HAS_RECOVERED):
            return None
        secret = self._operator.cipher(account.account).request_secret
        tags = (request_tag(secret, key), own_request_tag(secret, meter=DEFAULT_METER, key=key))
        tag = tags[isinstance(request, NewAccount)]
        entry_id = transaction.setting(recovered_setting(account.account_no, tag))
        if entry_id is None:
            return None
        receipt = self.receipt_again(transaction, EntryId(entry_id))
        if isinstance(request, Action) and request.activity != receipt.entry.type:
            raise IdempotencyError(key, entry_id)
        number = transaction.event_no(entry_id)
        assert number is not None, "an entry without its number"
        return receipt, number

    def receipt_again(self, transaction: Transaction, entry_id: EntryId) -> Receipt:
        """The receipt of an entry that was written before."""
        event_json = transaction.event_json(entry_id)
        assert event_json is not None, "an entry without its event"
        entry = entry_from_event(event_from_json(event_json))
        return Receipt(entry=entry, entry_id=entry_id, event_json=event_json, is_repeat=True)

    def refuse_key_of_hold(
        self, transaction: Transaction, account: AccountRow, key: str, *, own_hold: str | None = None
    ) -> None:
        """A key names one thing: what a hold was asked for with is no key for anything else.

        Raises:
            IdempotencyError: it is a hold's.
        """
        hold = transaction.hold_of_key(account.account_no, digest_of(key))
        if hold is not None and hold.hold_id != own_hold:
            raise IdempotencyError(key, hold.hold_id, sort="hold")

    def remember(
        self, transaction: Transaction, account_no: int, key: str, request: Request, entry_no: int
    ) -> None:
        """Keep which entry answered the key, as long as the entry."""
        transaction.put_request(
            account_no,
            key_digest=digest_of(key),
            body_digest=body_digest(request),
            entry_no=entry_no,
        )


def recovered_setting(account_no: int, request: str) -> str:
    """Where a store that was recovered keeps which entry answered a request, by the entry's `x` tag."""
    return f"recovered:{account_no}:{request}"


def _debit_draft(action: Action, charge: Charge, *, occurred_at: int) -> Draft:
    return Draft(
        operation=Operation.DEBIT,
        type=action.activity,
        tokens=charge.tokens,
        cost=Cost(micro_dollars=charge.cost_micro_dollars),
        occurred_at=occurred_at,
        key=action.key,
        usage=tuple(
            UsageLine(model=model, bucket=bucket, units=units) for model, bucket, units in charge.usage
        ),
        prices=charge.price_ids,
        actor=action.actor,
        group=action.group,
        prompt=action.prompt,
    )
