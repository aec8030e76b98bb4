"""What each call of `record` does inside one transaction: the one implementation behind both façades."""

from __future__ import annotations

from collections.abc import Callable

from nostr_usage.amount import checked_amount, divide_half_up, micro_dollars
from nostr_usage.errors import IdempotencyError, InputError, RefundError, UnknownNameError
from nostr_usage.ledger.entry import AccountId, Cost, LotTerms, Operation, Source
from nostr_usage.ledger.fold import Referred
from nostr_usage.ledger.posting import Draft
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.store import AccountRow, EntryRow, Line, Transaction
from nostr_usage.writing.answering import Answers, Write
from nostr_usage.writing.opening import open_stream, opening_balance
from nostr_usage.writing.promise import lot_priority
from nostr_usage.writing.request import (
    Action,
    Grant,
    NewAccount,
    Receipt,
    Refund,
    check_action,
    check_key,
    reason_of,
)
from nostr_usage.writing.stream_writer import Operator, StreamWriter

Work = Callable[[Transaction], Receipt]


class Recording:
    """Each request as the work of one transaction; what needs no store to be refused is refused at once."""

    def __init__(self, *, operator: Operator, catalogue: Catalogue) -> None:
        self._operator = operator
        self._catalogue = catalogue
        self._answers = Answers(operator=operator, catalogue=catalogue)

    def opening(self, request: NewAccount) -> Work:
        """An account with its streams, plan and first allowance."""
        self._answers.plan(request.plan)
        for name, tokens in (("allowance_left", request.allowance_left or 0), ("balance", request.balance)):
            checked_amount(tokens, name=name)
        return lambda transaction: self._open(transaction, request)

    def charging(self, action: Action) -> Work:
        """The debit of an action."""
        occurred_at = self._answers.occurred_at(action.occurred_at)
        check_action(action)
        check_key(action.key)

        def work(transaction: Transaction) -> Receipt:
            row = self._answers.account(transaction, action.account)
            write = self._answers.debit(action, occurred_at=occurred_at, account=row)
            meter = self._answers.meter_of(transaction, action.account, action.activity)
            return self._answers.answer(transaction, row, action, write, meter=meter)[0]

        return work

    def granting(self, grant: Grant) -> Work:
        """Tokens given."""
        checked_amount(grant.tokens, name="tokens")
        reason, meter = reason_of(grant), self._answers.granted_meter(grant.meter)
        occurred_at = self._answers.occurred_at(grant.occurred_at)
        if grant.expires_at is not None and grant.expires_at <= self._operator.clock.now():
            raise InputError(
                "the tokens would have expired before they can be used", advice="Move --expires."
            )
        paid = checked_amount(
            self._value(grant.tokens, meter) if grant.paid is None else grant.paid, name="paid"
        )

        def write(_transaction: Transaction, writer: StreamWriter) -> Line:
            draft = Draft(
                operation=Operation.GRANT,
                type=reason,
                tokens=grant.tokens,
                cost=Cost(micro_dollars=paid),
                occurred_at=occurred_at,
                key=grant.key,
                lot=LotTerms(
                    source=grant.source,
                    expires_at=grant.expires_at,
                    priority=lot_priority(self._catalogue, grant.source),
                ),
            )
            details = self._answers.details(grant.description, {})
            return writer.write(draft, details=details, payment=grant.payment)

        check_key(grant.key)

        def work(transaction: Transaction) -> Receipt:
            row = self._answers.account(transaction, grant.account)
            return self._answers.answer(transaction, row, grant, write, meter=meter)[0]

        return work

    def refunding(self, refund: Refund) -> Work:
        """A debit given back, as a whole or in part."""
        check_key(refund.key)

        def work(transaction: Transaction) -> Receipt:
            row = transaction.entry(refund.entry_id)
            if row is None:
                raise UnknownNameError("entry", refund.entry_id, advice="`nostr-usage history` lists ids.")
            stream = transaction.stream_numbered(row.stream_no)
            account = self._answers.account(transaction, stream.account)
            write = self._giving_back(refund, row)
            return self._answers.answer(transaction, account, refund, write, meter=stream.meter)[0]

        return work

    def bringing_up_to_date(self, account: AccountId) -> Callable[[Transaction], int]:
        """What time alone has brought about; how many entries that took."""

        def work(transaction: Transaction) -> int:
            return self._answers.bring_up_to_date(transaction, self._answers.account(transaction, account))

        return work

    def _giving_back(self, refund: Refund, row: EntryRow) -> Write:
        def write(transaction: Transaction, writer: StreamWriter) -> Line:
            referred = transaction.referred(refund.entry_id, stream_no=row.stream_no)
            if referred is None or referred.operation is not Operation.DEBIT:
                raise RefundError(f"entry {refund.entry_id} is no debit, so there is nothing to refund")
            left = referred.tokens - referred.undone
            tokens = left if refund.tokens is None else checked_amount(refund.tokens, name="tokens")
            if tokens > left or tokens == 0:
                raise RefundError(
                    f"{tokens:,} tokens cannot be refunded: {left:,} of {referred.tokens:,} are left",
                    advice=f"Refund at most {left:,}." if left else "Nothing is left to refund.",
                )
            draft = Draft(
                operation=Operation.REFUND,
                type=row.type,
                tokens=tokens,
                cost=Cost(micro_dollars=_refund_cost(row.cost, referred, tokens)),
                occurred_at=self._operator.clock.now(),
                key=refund.key,
                ref=refund.entry_id,
            )
            details = self._answers.details(refund.description, {})
            return writer.write(draft, details=details, referred=referred)

        return write

    def _open(self, transaction: Transaction, request: NewAccount) -> Receipt:
        key = f"open:{request.account}"
        known = transaction.account(request.account)
        if known is not None:
            return self._opened_before(transaction, known, key, request)
        now = self._operator.clock.now()
        anchor = self._answers.occurred_at(request.anchor)
        first = transaction.open_number_last() + 1
        account_no = transaction.add_account(
            request.account,
            label=request.label or None,
            plan=request.plan,
            anchor=anchor,
            open_number=first,
            created_at=now,
        )
        opened: tuple[Line, int] | None = None
        for number, meter in enumerate(self._catalogue.spent_meters, start=first):
            writer = self._answers.writer(transaction, request.account, meter=meter)
            line = open_stream(
                writer,
                key=key,
                number=number,
                operator_key=request.operator_key,
                plan=self._answers.plan(request.plan, meter=meter),
                anchor=anchor,
                now=now,
                allowance_left=request.allowance_left if number == first else None,
            )
            if request.balance and number == first:
                priority = lot_priority(self._catalogue, Source.ADJUSTMENT)
                writer.write_own(opening_balance(request.balance, priority=priority, now=now))
            writer.finish()
            opened = opened or (line, writer.numbers[line.entry_id])
        assert opened is not None, "a catalogue has a meter that is spent"
        line, entry_no = opened
        self._answers.remember(transaction, account_no, key, request, entry_no)
        return Receipt(entry=line.entry, entry_id=line.entry_id, event_json=line.event_json)

    def _opened_before(
        self, transaction: Transaction, known: AccountRow, key: str, request: NewAccount
    ) -> Receipt:
        try:
            repeat = self._answers.earlier_receipt(transaction, known, key, request)
        except IdempotencyError as error:
            raise InputError(
                f"account {known.account} is open already, with another label or plan",
                advice="`nostr-usage account show` tells which.",
            ) from error
        assert repeat is not None, "an account without its open entry"
        return repeat[0]

    def _value(self, tokens: int, meter: str) -> int:
        return micro_dollars(tokens, self._catalogue.token_value_of(meter))


def _refund_cost(debit_cost: int, debit: Referred, tokens: int) -> int:
    """The share of the debit's own cost, so that refunds in any number of parts add up to exactly that."""
    before = divide_half_up(debit_cost * debit.undone, debit.tokens)
    return divide_half_up(debit_cost * (debit.undone + tokens), debit.tokens) - before
