"""The words of the ledger: ids, meters, what an entry does, where tokens come from."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

AccountId = NewType("AccountId", str)
"""The public half of the account key: 64 lowercase hex digits."""

EntryId = NewType("EntryId", str)
"""The id of the Nostr event that carries the entry: 64 lowercase hex digits."""

NO_ENTRY = EntryId("0" * 64)
"""What `prev` holds in the first entry of a stream."""

DEFAULT_METER = "tokens"


class Operation(StrEnum):
    """What an entry does to the balance of its stream."""

    OPEN = "open"
    PLAN = "plan"
    GRANT = "grant"
    DEBIT = "debit"
    REFUND = "refund"
    REVERSE = "reverse"
    EXPIRE = "expire"
    CLOSE = "close"
    MEMO = "memo"
    GAUGE = "gauge"

    @property
    def sign(self) -> int:
        """+1, −1 or 0: what the entry's tokens count for when a stream is summed."""
        return _SIGN[self]


_SIGN = {
    Operation.OPEN: 0,
    Operation.PLAN: 0,
    Operation.GRANT: +1,
    Operation.DEBIT: -1,
    Operation.REFUND: +1,
    Operation.REVERSE: -1,
    Operation.EXPIRE: -1,
    Operation.CLOSE: 0,
    Operation.MEMO: 0,
    Operation.GAUGE: 0,
}


class Source(StrEnum):
    """Where the tokens of a lot came from, in the order in which equal lots are spent."""

    PROMO = "promo"
    GIFT = "gift"
    ROLLOVER = "rollover"
    ALLOWANCE = "allowance"
    ADJUSTMENT = "adjustment"
    PURCHASED = "purchased"
