"""What a caller asks of the ledger, and what it answers: values that `record` turns into entries."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from nostr_usage.errors import InputError
from nostr_usage.ledger.alert import Alert
from nostr_usage.ledger.entry import AccountId, Entry, EntryId, Source
from nostr_usage.pricing.usage import MeasuredUsage
from nostr_usage.wire.entry_fields import LABEL_MAX
from nostr_usage.writing.intent import Intent, Used

KEY_MAX = 200
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_REASONS = {
    Source.PROMO: "promotion",
    Source.GIFT: "gift",
    Source.ROLLOVER: "rollover",
    Source.ALLOWANCE: "subscription_grant",
    Source.ADJUSTMENT: "adjustment",
    Source.PURCHASED: "purchase",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to open: its public key, a private label for the operator, and its plan.

    The rest is for customers who come from another system: `anchor`, what their cycles are counted from (unix
    seconds, now if None); `allowance_left` of this cycle's allowance, all of it if None; and `balance`, what
    else they bring along, in tokens that never expire. Both are of the catalogue's first meter.
    """

    account: AccountId
    operator_key: str
    label: str = ""
    plan: str | None = None
    anchor: int | None = None
    allowance_left: int | None = None
    balance: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An AI action to charge: with stated `tokens`, or with measured usage, or at the activity's fixed price.

    `count` actions at a fixed price are charged together. `occurred_at` is unix seconds, now if None.
    `actor`, `group` and `prompt` are public pseudonyms.
    """

    account: AccountId
    activity: str
    key: str
    tokens: int | None = None
    usage: tuple[MeasuredUsage, ...] = ()
    add_ons: tuple[str, ...] = ()
    count: int = 1
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    occurred_at: int | None = None
    actor: str | None = None
    group: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Tokens to give: `reason` becomes the type; `paid` is micro-dollars, the tokens' value if None.

    `meter` is the catalogue's first if None.
    """

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
    meter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """Tokens that one account gives to another, in one meter: the catalogue's first if None."""

    giver: AccountId
    receiver: AccountId
    tokens: int
    key: str
    description: str = ""
    meter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """A grant to take back, because its payment was: `tokens` of it, or all that is left."""

    entry_id: EntryId
    key: str
    tokens: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """A reversal to undo, because its dispute was won; `entry_id` is that of the reversal."""

    entry_id: EntryId
    key: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The level of a meter that is no balance, such as storage in use."""

    account: AccountId
    meter: str
    level: int
    key: str
    occurred_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memo:
    """An action of which the ledger takes note without charging it: from old logs, or billed elsewhere."""

    account: AccountId
    activity: str
    tokens: int
    key: str
    description: str = ""
    occurred_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """Another plan for an account; None ends it."""

    account: AccountId
    plan: str | None
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A debit to give back: `tokens` of it, or all that was not given back before."""

    entry_id: EntryId
    key: str
    tokens: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the ledger answers: the entry and the signed event that proves it.

    `alerts` are what the account's owner should now be told, once; a repeat has none.
    """

    entry: Entry
    entry_id: EntryId
    event_json: bytes
    is_repeat: bool = False
    alerts: tuple[Alert, ...] = ()


KeyedRequest = Action | Grant | Refund | Gift | Reversal | Restoration | Reading | Memo | PlanChange
Request = NewAccount | KeyedRequest


def check_key(key: str) -> None:
    """Refuse an idempotency key that cannot be kept.

    Raises:
        InputError: if it is empty or too long.
    """
    if not key or len(key) > KEY_MAX or not key.isprintable():
        raise InputError(f"the idempotency key must have 1 to {KEY_MAX} printable characters")


def check_action(action: Action | Intent) -> None:
    """Refuse pseudonyms that no entry can carry.

    Raises:
        InputError: if one is empty or too long.
    """
    prompt = action.prompt if isinstance(action, Action) else None
    for name, pseudonym in (("actor", action.actor), ("group", action.group), ("prompt", prompt)):
        if pseudonym is not None and not (1 <= len(pseudonym) <= LABEL_MAX and pseudonym.isprintable()):
            raise InputError(f"{name} must have 1 to {LABEL_MAX} printable characters")


def reason_of(grant: Grant) -> str:
    """The type of a grant's entry.

    A purchase, and nothing else, is always called one: reports tell bought tokens from given ones by it.

    Raises:
        InputError: if something else is called a purchase, or the reason has another form.
    """
    expected = _REASONS[grant.source]
    if grant.source is Source.PURCHASED or not grant.reason:
        return expected
    if grant.reason == _REASONS[Source.PURCHASED] or not _SLUG.fullmatch(grant.reason):
        raise InputError(
            f"a grant of source {grant.source} cannot have the reason {grant.reason[:80]!r}",
            advice=f"Use lowercase letters, digits, - and _, such as {expected}.",
        )
    return grant.reason


@lru_cache(maxsize=256)
def digest_of(key: str) -> bytes:
    """SHA-256 of a key, under which the store looks for it: several times a request, hence the cache."""
    return _sha256(key)


def body_digest(request: Request | Intent | Used) -> bytes:
    """What makes two requests the same: every field in which they differ from saying nothing.

    A field that is at its default is left out, so a field that a later version adds changes no digest of
    requests that were answered before it.
    """
    return _sha256(_encode({**_stated(request), "request": type(request).__name__}))


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _stated(value: Request | Intent | Used | MeasuredUsage) -> dict[str, object]:
    form = _form_of(type(value))
    return {
        name: content
        for name, default, content in zip(form.names, form.defaults, form.contents(value), strict=True)
        if content is not default and content != default
    }


class _Form(NamedTuple):
    """The fields of a sort of request, what they are by default, and a reader of all of them at once."""

    names: tuple[str, ...]
    defaults: tuple[object, ...]
    contents: Callable[[object], tuple[object, ...]]


@lru_cache(maxsize=32)
def _form_of(request: type[Request | Intent | Used | MeasuredUsage]) -> _Form:
    names = tuple(field.name for field in fields(request))
    return _Form(names, tuple(_default(field) for field in fields(request)), attrgetter(*names))


def _default(field: Field[object]) -> object:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _jsonable(value: object) -> object:
    assert isinstance(value, MeasuredUsage), f"{type(value).__name__} is not part of a request"
    return _stated(value)


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_jsonable).encode
