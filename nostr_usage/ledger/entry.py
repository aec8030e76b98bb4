"""An entry: one line of one stream, with every field that goes on the wire (PROTOCOL.md, "Entry").

A stream is an (account, meter) pair with its own sequence, chain and balance. Amounts are tokens: the units
that customers buy and spend. What a model reports is measured usage and lives in `usage`.
"""

from __future__ import annotations

from dataclasses import dataclass

from nostr_usage.ledger.figures import Balance, CycleTotals
from nostr_usage.ledger.names import (
    DEFAULT_METER,
    NO_ENTRY,
    AccountId,
    EntryId,
    Operation,
    Source,
)

__all__ = [
    "DEFAULT_METER",
    "NO_ENTRY",
    "AccountId",
    "Balance",
    "Cost",
    "CycleTotals",
    "Entry",
    "EntryId",
    "LotTerms",
    "Operation",
    "Source",
    "UsageLine",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LotTerms:
    """What a grant says of its lot: lower `priority` is spent first; `expires_at` None means never."""

    source: Source
    expires_at: int | None
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the user is shown: micro-dollars, always USD today. Tokens are authoritative, not this."""

    micro_dollars: int
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class UsageLine:
    """`units` of one exclusive bucket (fresh_input, cache_read, output …) that one model reported."""

    model: str
    bucket: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a stream.

    Attributes:
        account: the stream's account.
        meter: the stream's meter, `tokens` unless the catalogue has others.
        seq: 1, 2, 3 … without a gap.
        prev: id of the entry before, `NO_ENTRY` for the first.
        operation: what the entry does to the balance.
        type: the activity of a debit, else the reason (`purchase`, `renewal_grant` …).
        tokens: 0 … 10^15 − 1; the sign follows from the operation.
        cost: what the user is shown.
        balance: after this entry.
        created_at: unix seconds, never before the stream's previous entry.
        occurred_at: unix seconds; month and cycle membership follow from it.
        request: first 32 hex digits of HMAC-SHA256(per-account secret, idempotency key).
        open_number: on `open`: 1, 2, 3 … without a gap over the whole ledger.
        operator_key: on `open`: the public key that sealed details are encrypted from.
        lot: on `grant`, the terms of the lot that it opens.
        ref: the entry that a refund, reverse, adjustment or gift's grant is about.
        totals: on `close`: the figures of the cycle.
        level: on `gauge`.
        description: only in plain mode.
        description_hash: SHA-256(salt ‖ text), hex, else.
        usage: as measured, sorted; empty when sealed.
        prices: ids of the prices or catalogue rules used, sorted.
        actor, group, prompt: member, department and named prompt that used it.
        payment: HMAC of the payment's id, on a purchase.
        orphans: ids of entries that a restored backup lost.
        content: empty, or the NIP-44 ciphertext of the sealed details.
    """

    account: AccountId
    meter: str
    seq: int
    prev: EntryId
    operation: Operation
    type: str
    tokens: int
    cost: Cost
    balance: Balance
    created_at: int
    occurred_at: int
    request: str
    open_number: int | None = None
    operator_key: str | None = None
    lot: LotTerms | None = None
    ref: EntryId | None = None
    totals: CycleTotals | None = None
    level: int | None = None
    description: str | None = None
    description_hash: str | None = None
    usage: tuple[UsageLine, ...] = ()
    prices: tuple[str, ...] = ()
    actor: str | None = None
    group: str | None = None
    prompt: str | None = None
    payment: str | None = None
    orphans: tuple[EntryId, ...] = ()
    content: str = ""

    @property
    def signed_tokens(self) -> int:
        """What the entry adds to the balance of its stream."""
        return self.operation.sign * self.tokens
