"""What a caller asks before, during and after an action that is paid for in tokens, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.refusal import Caution
from nostr_usage.pricing.usage import MeasuredUsage


class CountSource(StrEnum):
    """Where the count of an action's units came from."""

    PROVIDER = "provider"
    """The models reported all of it."""
    ESTIMATED = "estimated"
    """Some of it was reckoned here, as after a stream that was cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An AI action that somebody wants to run.

    Attributes:
        tokens: what it is expected to use, add-ons included; None for the catalogue's typical figure.
        model: the model that it will ask, for its budget and its price.
        actor, group: the member and the department, as public pseudonyms.
    """

    account: AccountId
    activity: str
    tokens: int | None = None
    add_ons: tuple[str, ...] = ()
    model: str | None = None
    actor: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """An action that may run, as things stand; nothing is kept back for it.

    `left` is what can be spent now, holds taken off; `left_afterwards` the same less what it `needs`.
    """

    needed: int
    left: int
    left_afterwards: int
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Tokens that are kept back for one action.

    Attributes:
        hold_id: 32 hex digits.
        expires_at: unix seconds from which nothing is kept back; what was used can still be settled.
        is_settled: the action was charged; a repeated request finds its hold so.
        is_repeat: the same request was answered before.
        cautions: what should be said although the action may run.
    """

    hold_id: str
    account: AccountId
    activity: str
    tokens: int
    expires_at: int
    is_settled: bool = False
    is_repeat: bool = False
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What an action really used: stated `tokens`, or the `usage` of every step, or the fixed price.

    `count_source` is kept with the private details of the entry. `occurred_at` is unix seconds, now if None.
    """

    tokens: int | None = None
    usage: tuple[MeasuredUsage, ...] = ()
    count_source: CountSource | None = None
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    prompt: str | None = None
    occurred_at: int | None = None
