"""What each call of `spend` does inside one transaction: the one implementation behind both façades.

reserve: key ─▶ the hold of before, or a decision, and the hold if it is a yes
settle:  hold ─▶ the receipt of before, or charge, entry, the hold's end
"""

from __future__ import annotations

from dataclasses import replace

from nostr_usage.amount import checked_amount
from nostr_usage.errors import HoldError, IdempotencyError, InputError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.guardrail import Scope
from nostr_usage.ledger.refusal import Caution, Refusal
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.spending.admission import Admission
from nostr_usage.store import AccountRow, HoldRow, HoldState, Reader, Transaction
from nostr_usage.writing.answering import Answers
from nostr_usage.writing.intent import Clearance, Hold, Intent, Used
from nostr_usage.writing.request import Action, Receipt, body_digest, check_action, check_key, digest_of
from nostr_usage.writing.stream_writer import Operator

TTL_S_MAX = 24 * 3_600
HOLDS_OPEN_MAX = 10_000
HOLD_ID_BYTES = 16


class SpendingRules:
    """Check, reserve, extend, settle, void: each given the transaction that it happens in."""

    def __init__(self, *, operator: Operator, catalogue: Catalogue) -> None:
        self._operator = operator
        self._answers = Answers(operator=operator, catalogue=catalogue)
        self._admission = Admission(terms=self._answers, catalogue=catalogue)

    @property
    def now(self) -> int:
        """Unix seconds, by the operator's clock."""
        return self._answers.now

    def check(self, reader: Reader, intent: Intent) -> Clearance | Refusal:
        """Whether an action may run now; keeps nothing back."""
        now = self._answers.now
        needed = self._admission.needed(intent, at=now)
        applicant = self._admission.applicant(reader, intent)
        return self._admission.decision(reader, applicant, intent, needed=needed, now=now)

    def reserve(self, transaction: Transaction, intent: Intent, *, key: str, ttl_s: int) -> Hold | Refusal:
        """Keep back what an action needs."""
        now = self._answers.now
        check_key(key)
        expires_at = now + _checked_ttl(ttl_s)
        needed = self._admission.needed(intent, at=now)
        applicant = self._admission.applicant(transaction, intent)
        earlier = self._earlier_hold(transaction, applicant.account, intent, key=key)
        if earlier is not None and not _is_lapsed(earlier, now=now):
            return _hold(earlier, intent.account, is_repeat=True)
        stream_no = applicant.stream.stream_no
        transaction.expire_holds(now=now, stream_no=stream_no)
        count, _ = transaction.held_by(stream_no, scope=Scope.ACCOUNT.value, subject="", now=now)
        if count >= HOLDS_OPEN_MAX:
            raise HoldError(f"{HOLDS_OPEN_MAX:,} holds are open", advice="Settle or void some of them.")
        decided = self._admission.decision(transaction, applicant, intent, needed=needed, now=now)
        if isinstance(decided, Refusal):
            return decided
        if earlier is not None:
            transaction.reopen_hold(earlier.hold_no, tokens=needed, expires_at=expires_at)
            hold_id = earlier.hold_id
        else:
            hold_id = self._operator.entropy(HOLD_ID_BYTES).hex()
            seated = applicant.seated(intent)
            transaction.add_hold(
                hold_id,
                account_no=applicant.account.account_no,
                stream_no=stream_no,
                tokens=needed,
                activity=intent.activity,
                add_ons=" ".join(intent.add_ons),
                actor=seated.actor,
                group=seated.group,
                model=intent.model,
                key=key,
                key_digest=digest_of(key),
                body_digest=body_digest(intent),
                created_at=now,
                expires_at=expires_at,
            )
        return Hold(
            hold_id=hold_id,
            account=intent.account,
            activity=intent.activity,
            tokens=needed,
            expires_at=expires_at,
            cautions=decided.cautions,
        )

    def extend(
        self, transaction: Transaction, hold_id: str, *, ttl_s: int, tokens: int | None = None
    ) -> Hold | Refusal:
        """Keep a hold for `ttl_s` from now on, and as many `tokens`; more of them must be affordable.

        One that has expired must be affordable again. A refusal leaves it as it was.
        """
        now = self._answers.now
        expires_at = now + _checked_ttl(ttl_s)
        row, account = self._held(transaction, hold_id)
        _refuse_ended(row, "extended")
        wanted = row.tokens if tokens is None else checked_amount(tokens, name="tokens")
        is_open = not _is_lapsed(row, now=now)
        cautions: tuple[Caution, ...] = ()
        # Out of what is held, so that it is not counted beside itself.
        transaction.expire_hold(row.hold_no)
        if wanted > row.tokens or not is_open:
            decided = self._decision_again(transaction, row, account, needed=wanted, now=now)
            if isinstance(decided, Refusal):
                if is_open:
                    transaction.reopen_hold(row.hold_no, tokens=row.tokens, expires_at=row.expires_at)
                return decided
            cautions = decided.cautions
        transaction.reopen_hold(row.hold_no, tokens=wanted, expires_at=expires_at)
        return replace(_hold(row, account.account), tokens=wanted, expires_at=expires_at, cautions=cautions)

    def _decision_again(
        self, transaction: Transaction, row: HoldRow, account: AccountRow, *, needed: int, now: int
    ) -> Refusal | Clearance:
        intent = _intent_of(row, account)
        applicant = self._admission.applicant(transaction, intent)
        return self._admission.decision(transaction, applicant, intent, needed=needed, now=now)

    def settle(self, transaction: Transaction, hold_id: str, used: Used, *, key: str | None) -> Receipt:
        """Charge what an action really used, and end its hold."""
        row, account = self._held(transaction, hold_id)
        if row.state is HoldState.VOIDED:
            raise HoldError(
                f"hold {hold_id} was voided, so it cannot be settled",
                advice="If the action ran after all, charge it with `record`.",
            )
        if row.entry_id is not None:
            if row.settle_digest != body_digest(used).hex():
                raise IdempotencyError(row.key, row.entry_id)
            return self._answers.receipt_again(transaction, row.entry_id)
        action = _action_of(row, account, used, key=key)
        check_key(action.key)
        check_action(action)
        occurred_at = self._answers.occurred_at(used.occurred_at)
        write = self._answers.debit(action, occurred_at=occurred_at)
        meter = transaction.stream_numbered(row.stream_no).meter
        receipt, entry_no = self._answers.answer(
            transaction, account, action, write, meter=meter, own_hold=hold_id
        )
        transaction.settle_hold(row.hold_no, entry_no=entry_no, settle_digest=body_digest(used))
        return receipt

    def void(self, transaction: Transaction, hold_id: str) -> Hold:
        """End a hold whose action used nothing; voiding twice changes nothing."""
        row, account = self._held(transaction, hold_id)
        if row.state is HoldState.SETTLED:
            raise HoldError(
                f"hold {hold_id} was settled by entry {row.entry_id}, so it cannot be voided",
                advice="Give the debit back with `refund`.",
            )
        if row.state is not HoldState.VOIDED:
            transaction.void_hold(row.hold_no)
        return _hold(row, account.account, is_repeat=row.state is HoldState.VOIDED)

    def recover(self, transaction: Transaction) -> int:
        """Mark what expired while nobody was here; how many holds that were. They counted for nothing."""
        return transaction.expire_holds(now=self._answers.now)

    def _earlier_hold(
        self, transaction: Transaction, account: AccountRow, intent: Intent, *, key: str
    ) -> HoldRow | None:
        """The hold that the key was answered with before, unless it was voided."""
        entry = transaction.request(account.account_no, digest_of(key))
        row = transaction.hold_of_key(account.account_no, digest_of(key))
        if row is None:
            if entry is not None:
                raise IdempotencyError(key, entry.entry_id)
            return None
        if row.body_digest != body_digest(intent).hex():
            raise IdempotencyError(key, row.hold_id, sort="hold")
        if row.state is HoldState.VOIDED:
            raise HoldError(f"hold {row.hold_id} of key {key!r} was voided", advice="Choose a new key.")
        return row

    def _held(self, transaction: Transaction, hold_id: str) -> tuple[HoldRow, AccountRow]:
        row = transaction.hold(hold_id) if _is_hold_id(hold_id) else None
        if row is None:
            raise HoldError(
                f"there is no hold {hold_id[:80]!r}", advice="`reserve` answers with the id of one."
            )
        stream = transaction.stream_numbered(row.stream_no)
        return row, self._answers.account(transaction, stream.account)


def _checked_ttl(ttl_s: int) -> int:
    if not 1 <= checked_amount(ttl_s, name="ttl_s") <= TTL_S_MAX:
        raise InputError(
            f"a hold cannot last {ttl_s:,} s", advice=f"1 to {TTL_S_MAX:,} s; `extend` renews it."
        )
    return ttl_s


def _is_hold_id(text: str) -> bool:
    return len(text) == 2 * HOLD_ID_BYTES and all(digit in "0123456789abcdef" for digit in text)


def _is_lapsed(row: HoldRow, *, now: int) -> bool:
    return row.state is HoldState.EXPIRED or (row.state is HoldState.OPEN and row.expires_at <= now)


def _refuse_ended(row: HoldRow, what: str) -> None:
    if row.state in {HoldState.SETTLED, HoldState.VOIDED}:
        raise HoldError(f"hold {row.hold_id} was {row.state}, so it cannot be {what}", advice="Reserve anew.")


def _hold(row: HoldRow, account: AccountId, *, is_repeat: bool = False) -> Hold:
    return Hold(
        hold_id=row.hold_id,
        account=account,
        activity=row.activity,
        tokens=row.tokens,
        expires_at=row.expires_at,
        is_settled=row.state is HoldState.SETTLED,
        is_repeat=is_repeat,
    )


def _intent_of(row: HoldRow, account: AccountRow) -> Intent:
    return Intent(
        account=account.account,
        activity=row.activity,
        tokens=row.tokens,
        add_ons=tuple(row.add_ons.split()),
        model=row.model,
        actor=row.actor,
        group=row.group,
    )


def _action_of(row: HoldRow, account: AccountRow, used: Used, *, key: str | None) -> Action:
    source = {} if used.count_source is None else {"count_source": used.count_source.value}
    return Action(
        account=account.account,
        activity=row.activity,
        key=key or row.key,
        tokens=used.tokens,
        usage=used.usage,
        add_ons=tuple(row.add_ons.split()),
        description=used.description,
        metadata={**used.metadata, **source},
        occurred_at=used.occurred_at,
        actor=row.actor,
        group=row.group,
        prompt=used.prompt,
    )
