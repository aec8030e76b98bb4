"""Transfer: gifts between accounts, grants taken back and given again, levels, notes that charge nothing."""

from __future__ import annotations

from dataclasses import dataclass

from nostr_usage.amount import checked_amount, divide_half_up, micro_dollars
from nostr_usage.errors import InputError, LedgerError, RefundError, UnknownNameError
from nostr_usage.ledger.entry import AccountId, Cost, Entry, EntryId, LotTerms, Operation, Source
from nostr_usage.ledger.posting import Draft
from nostr_usage.ledger.state import balance_of
from nostr_usage.nostr.event import event_from_json
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.store import EntryRow, Line, Reader, Store, StreamRow, Transaction
from nostr_usage.wire.entry_event import entry_from_event
from nostr_usage.writing.answering import Answers, Write
from nostr_usage.writing.opening import open_stream
from nostr_usage.writing.promise import lot_priority
from nostr_usage.writing.request import (
    Gift,
    KeyedRequest,
    Memo,
    Reading,
    Receipt,
    Restoration,
    Reversal,
    check_key,
)
from nostr_usage.writing.stream_writer import Operator, StreamWriter

_FREE = Cost(micro_dollars=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A gift: what it took from the giver, and what the receiver got."""

    taken: Receipt
    given: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelReceipt:
    """A level that was noted, against the plan's limit; None is no limit."""

    receipt: Receipt
    limit: int | None

    @property
    def is_over(self) -> bool:
        """Whether the level is above the limit."""
        level = self.receipt.entry.level
        return self.limit is not None and level is not None and level > self.limit


class Transfers:
    """What moves tokens otherwise than by an action; safe from several threads and processes at once."""

    def __init__(self, *, store: Store, operator: Operator, catalogue: Catalogue) -> None:
        self._store = store
        self._operator = operator
        self._catalogue = catalogue
        self._answers = Answers(operator=operator, catalogue=catalogue)

    def give(self, gift: Gift) -> Given:
        """Give tokens from one account to another: a debit there, then a grant here that names it.

        Raises:
            UnknownNameError: no such account or meter.
            InputError: nothing, or to the giver itself.
            LedgerError: the giver has not so many, what is held counted.
            IdempotencyError: the key was used for something else.
        """
        check_key(gift.key)
        if checked_amount(gift.tokens, name="tokens") == 0 or gift.giver == gift.receiver:
            raise InputError("a gift is of one token or more, to another account")
        meter = self._answers.granted_meter(gift.meter)
        value = Cost(micro_dollars=micro_dollars(gift.tokens, self._catalogue.token_value_of(meter)))

        def taking(transaction: Transaction, writer: StreamWriter) -> Line:
            self._refuse_short(transaction, writer, gift.tokens)
            draft = self._draft(Operation.DEBIT, "gift", gift.tokens, gift.key, cost=value)
            return writer.write(draft, details=self._answers.details(gift.description, {}))

        def work(transaction: Transaction) -> Given:
            giver = self._answers.account(transaction, gift.giver)
            receiver = self._answers.account(transaction, gift.receiver)
            taken, _ = self._answers.answer(transaction, giver, gift, taking, meter=meter)

            def giving(_transaction: Transaction, writer: StreamWriter) -> Line:
                lot = self._lot(Source.GIFT, None)
                draft = self._draft(
                    Operation.GRANT, "gift", gift.tokens, gift.key, cost=value, ref=taken.entry_id, lot=lot
                )
                return writer.write(draft, details=self._answers.details(gift.description, {}))

            given, _ = self._answers.answer(transaction, receiver, gift, giving, meter=meter)
            return Given(taken=taken, given=given)

        return self._store.write(work)

    def reverse(self, reversal: Reversal) -> Receipt:
        """Take a grant back, such as a purchase that was charged back; what is spent already becomes debt.

        Raises:
            UnknownNameError: no such entry.
            RefundError: not a grant, or more than is left of it.
            IdempotencyError: the key was used for something else.
        """
        row, stream = self._entry(reversal.entry_id)

        def write(transaction: Transaction, writer: StreamWriter) -> Line:
            referred = transaction.referred(reversal.entry_id, stream_no=row.stream_no)
            if referred is None or referred.operation is not Operation.GRANT:
                raise RefundError(f"entry {reversal.entry_id} is no grant, so it cannot be reversed")
            left = referred.left
            tokens = left if reversal.tokens is None else checked_amount(reversal.tokens, name="tokens")
            if tokens > left or tokens == 0:
                raise RefundError(
                    f"{tokens:,} tokens cannot be reversed: {left:,} of {referred.tokens:,} are left",
                    advice=f"Reverse at most {left:,}." if left else "Nothing is left to reverse.",
                )
            cost = Cost(micro_dollars=divide_half_up(row.cost * tokens, row.tokens))
            draft = self._draft(
                Operation.REVERSE, "charge_back", tokens, reversal.key, cost=cost, ref=reversal.entry_id
            )
            details = self._answers.details(reversal.description, {})
            return writer.write(draft, details=details, referred=referred)

        return self._answer(stream.account, reversal, write, meter=stream.meter)

    def restore(self, restoration: Restoration) -> Receipt:
        """Grant again what a reversal took, because its dispute was won; each reversal once.

        Raises:
            UnknownNameError: no such entry.
            RefundError: not a reversal, or undone before.
            IdempotencyError: the key was used for something else.
        """
        row, stream = self._entry(restoration.entry_id)
        if row.operation is not Operation.REVERSE or row.ref is None:
            raise RefundError(f"entry {restoration.entry_id} is no reversal, so there is nothing to restore")
        subject = row.ref

        def write(transaction: Transaction, writer: StreamWriter) -> Line:
            for again in transaction.referring(restoration.entry_id):
                raise RefundError(
                    f"reversal {restoration.entry_id} was undone before", advice=f"See {again.entry_id}."
                )
            original = _entry_of(transaction, subject)
            assert original.lot is not None, "what was reversed is a grant"
            lot = self._lot(original.lot.source, original.lot.expires_at)
            if lot.expires_at is not None and lot.expires_at <= self._answers.now:
                raise RefundError("the tokens would have lapsed by now", advice="Grant an adjustment.")
            draft = self._draft(
                Operation.GRANT,
                original.type,
                row.tokens,
                restoration.key,
                cost=Cost(micro_dollars=row.cost),
                ref=restoration.entry_id,
                lot=lot,
            )
            return writer.write(draft, details=self._answers.details(restoration.description, {}))

        return self._answer(stream.account, restoration, write, meter=stream.meter)

    def note_level(self, reading: Reading) -> LevelReceipt:
        """Note the level of a meter; its stream is opened with the first one.

        Raises:
            UnknownNameError: no such account, or no such meter among the levels.
            AmountError: the level is no amount.
            IdempotencyError, TimeError: as for `record`.
        """
        check_key(reading.key)
        checked_amount(reading.level, name="level")
        levels = tuple(meter.name for meter in self._catalogue.meters if meter.is_level)
        if reading.meter not in levels:
            raise UnknownNameError("level", reading.meter, known=levels)
        occurred_at = self._answers.occurred_at(reading.occurred_at)

        def write(_transaction: Transaction, writer: StreamWriter) -> Line:
            draft = Draft(
                operation=Operation.GAUGE,
                type=reading.meter,
                tokens=0,
                cost=_FREE,
                occurred_at=occurred_at,
                key=reading.key,
                level=reading.level,
            )
            return writer.write(draft)

        def work(transaction: Transaction) -> LevelReceipt:
            row = self._answers.account(transaction, reading.account)
            self._open_level(transaction, reading.account, reading.meter)
            receipt, _ = self._answers.answer(transaction, row, reading, write, meter=reading.meter)
            return LevelReceipt(receipt=receipt, limit=self._limit(row.plan, reading.meter))

        return self._store.write(work)

    def note(self, memo: Memo) -> Receipt:
        """Take note of an action that is not charged here; no balance changes.

        Raises:
            UnknownNameError: no such account or activity.
            AmountError, IdempotencyError, TimeError: as for `record`.
        """
        checked_amount(memo.tokens, name="tokens")
        occurred_at = self._answers.occurred_at(memo.occurred_at)
        meter = self._catalogue.activity(memo.activity).meter

        def write(_transaction: Transaction, writer: StreamWriter) -> Line:
            draft = Draft(
                operation=Operation.MEMO,
                type=memo.activity,
                tokens=memo.tokens,
                cost=_FREE,
                occurred_at=occurred_at,
                key=memo.key,
            )
            return writer.write(draft, details=self._answers.details(memo.description, {}))

        return self._answer(memo.account, memo, write, meter=meter)

    def _answer(self, account: AccountId, request: KeyedRequest, write: Write, *, meter: str) -> Receipt:
        check_key(request.key)

        def work(transaction: Transaction) -> Receipt:
            row = self._answers.account(transaction, account)
            return self._answers.answer(transaction, row, request, write, meter=meter)[0]

        return self._store.write(work)

    def _draft(
        self,
        operation: Operation,
        type_: str,
        tokens: int,
        key: str,
        *,
        cost: Cost,
        ref: EntryId | None = None,
        lot: LotTerms | None = None,
    ) -> Draft:
        return Draft(
            operation=operation,
            type=type_,
            tokens=tokens,
            cost=cost,
            occurred_at=self._answers.now,
            key=key,
            ref=ref,
            lot=lot,
        )

    def _lot(self, source: Source, expires_at: int | None) -> LotTerms:
        priority = lot_priority(self._catalogue, source)
        return LotTerms(source=source, expires_at=expires_at, priority=priority)

    def _refuse_short(self, transaction: Transaction, writer: StreamWriter, tokens: int) -> None:
        assert writer.stream_no is not None, "an account has its streams"
        left = balance_of(writer.state).total - transaction.held(writer.stream_no, now=self._answers.now)
        if left < tokens:
            raise LedgerError(
                f"{tokens:,} tokens cannot be given away: {left:,} are left",
                advice="Give fewer, or top up first.",
            )

    def _entry(self, entry_id: EntryId) -> tuple[EntryRow, StreamRow]:
        with self._store.read() as reader:
            row = reader.entry(entry_id)
            if row is None:
                raise UnknownNameError("entry", entry_id, advice="`nostr-usage history` lists ids.")
            return row, reader.stream_numbered(row.stream_no)

    def _open_level(self, transaction: Transaction, account: AccountId, meter: str) -> None:
        if transaction.stream(account, meter) is not None:
            return
        writer = self._answers.writer(transaction, account, meter=meter)
        open_stream(
            writer,
            key=f"open:{account}",
            number=transaction.open_number_last() + 1,
            operator_key=self._operator.public_key(account),
            plan=None,
            anchor=self._answers.now,
            now=self._answers.now,
        )
        writer.finish()

    def _limit(self, plan: str | None, meter: str) -> int | None:
        limits = () if plan is None else self._catalogue.plan(plan).limits
        return next((limit.level for limit in limits if limit.meter == meter), None)


def _entry_of(reader: Reader, entry_id: EntryId) -> Entry:
    event_json = reader.event_json(entry_id)
    assert event_json is not None, "an entry without its event"
    return entry_from_event(event_from_json(event_json))
