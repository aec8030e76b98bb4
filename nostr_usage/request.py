"""What a caller asks of the ledger, and what it answers: values that `record` turns into entries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from nostr_usage.errors import InputError
from nostr_usage.ledger.entry import AccountId, Entry, EntryId, Source
from nostr_usage.pricing.usage import MeasuredUsage

KEY_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to open: its public key, a private label for the operator, and its plan."""

    account: AccountId
    operator_key: str
    label: str = ""
    plan: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An AI action to charge: with stated `tokens`, or with measured usage, or at the activity's fixed price.

    `occurred_at` is unix seconds, now if None. `actor`, `group` and `prompt` are public pseudonyms.
    """

    account: AccountId
    activity: str
    key: str
    tokens: int | None = None
    usage: tuple[MeasuredUsage, ...] = ()
    add_ons: tuple[str, ...] = ()
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    occurred_at: int | None = None
    actor: str | None = None
    group: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Tokens to give: `reason` becomes the type; `paid` is micro-dollars, the tokens' value if None."""

    account: AccountId
    tokens: int
    source: Source
    key: str
    reason: str = ""
    expires_at: int | None = None
    paid: int | None = None
    payment: str | None = None
    description: str = ""
    occurred_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A debit to give back: `tokens` of it, or all that was not given back before."""

    entry_id: EntryId
    key: str
    tokens: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the ledger answers: the entry and the signed event that proves it."""

    entry: Entry
    entry_id: EntryId
    event_json: bytes
    is_repeat: bool = False


Request = NewAccount | Action | Grant | Refund


def check_key(key: str) -> None:
    """Refuse an idempotency key that cannot be kept.

    Raises:
        InputError: if it is empty or too long.
    """
    if not key or len(key) > KEY_MAX or not key.isprintable():
        raise InputError(f"the idempotency key must have 1 to {KEY_MAX} printable characters")


def digest_of(text: str) -> bytes:
    """SHA-256 of a text, under which the store looks for it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def body_digest(request: Request) -> bytes:
    """What makes two requests the same: every field that the caller gave."""
    body = {"request": type(request).__name__, **asdict(request)}
    return digest_of(json.dumps(body, sort_keys=True, separators=(",", ":"), default=str))
