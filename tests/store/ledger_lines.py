"""Lines to append: entries with plausible fields around what a test is about. Their events are not signed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from nostr_usage.ledger.entry import (
    DEFAULT_METER,
    NO_ENTRY,
    AccountId,
    Balance,
    Cost,
    Entry,
    EntryId,
    LotTerms,
    Operation,
)
from nostr_usage.ledger.lot import Draw
from nostr_usage.store import Line, Transaction

NOON = 1_770_638_400  # 2026-02-09 12:00 UTC
ACCOUNT = AccountId("ab" * 32)


def account_numbered(number: int) -> AccountId:
    """One of many account ids."""
    return AccountId(f"{number:064x}")


@dataclass
class Stream:
    """A stream being made: each line follows the one before it."""

    account: AccountId = ACCOUNT
    meter: str = DEFAULT_METER
    seq: int = 0
    head_id: EntryId = NO_ENTRY
    made: list[Line] = field(default_factory=list[Line])

    def line(
        self,
        *,
        operation: Operation = Operation.DEBIT,
        type: str = "magic-mentor",  # noqa: A002 (the entry's own word)
        tokens: int = 247,
        cost: int = 370_500,
        occurred_at: int = NOON,
        ref: EntryId | None = None,
        lot: LotTerms | None = None,
        draws: tuple[Draw, ...] = (),
        sig_checked: bool = True,
        request: str | None = None,
    ) -> Line:
        """The next line."""
        self.seq += 1
        entry_id = EntryId(hashlib.sha256(f"{self.account}{self.meter}{self.seq}".encode()).hexdigest())
        entry = Entry(
            account=self.account,
            meter=self.meter,
            seq=self.seq,
            prev=self.head_id,
            operation=operation,
            type=type,
            tokens=tokens,
            cost=Cost(micro_dollars=cost),
            balance=Balance(total=5_847, expiring=847, lasting=5_000),
            created_at=NOON + self.seq,
            occurred_at=occurred_at,
            request=request or entry_id[:32],
            ref=ref,
            lot=lot,
        )
        self.head_id = entry_id
        line = Line(
            entry=entry,
            entry_id=entry_id,
            event_json=f'{{"id":"{entry_id}"}}'.encode(),
            draws=draws,
            sig_checked=sig_checked,
        )
        self.made.append(line)
        return line

    def lines(self, count: int) -> list[Line]:
        """The next `count` lines, debits all of them."""
        return [self.line() for _ in range(count)]

    def append(self, transaction: Transaction, lines: list[Line]) -> tuple[int, range]:
        """Append `lines` of this stream; the state names the last seq."""
        return transaction.append(
            self.account, self.meter, lines, state_json=f'{{"seq":{lines[-1].entry.seq}}}'
        )
