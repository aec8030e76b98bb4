"""A snapshot: everything that the dashboard shows of one stream, read in one transaction, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from nostr_usage.home import Role
from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.state import Lifetime
from nostr_usage.reporting.outlook import OutlookView
from nostr_usage.reporting.trends import BurnView
from nostr_usage.views import BalanceView, HistoryRow, MonthView


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a snapshot stands on: two snapshots with equal marks show the same entries in the same state."""

    head_id: str
    state: str
    outbox: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChoice:
    """An account to look at: a label if the operator gave one, and its balance after the last entry."""

    account: AccountId
    npub: str
    label: str
    tokens: int


class Proved(StrEnum):
    """How much of the entries on screen is proved: the states of a stream, and one for its signer."""

    VERIFIED = "verified"
    OWN = "own"
    """The operator's own store: here they were signed, and no relay knows more."""
    PROVISIONAL = "provisional"
    INCOMPLETE = "incomplete"
    STALE = "stale"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One stream at one time.

    Attributes:
        mark: what it stands on.
        taken_at: unix seconds.
        role: whose home it was read from.
        npub: the account.
        last_month: the month before this one.
        balance: None as long as nothing is held of the account; then the rest is empty, too.
        recent: the newest entries, newest first.
        labels: what people call each activity.
        burn: the use of late, and how long the balance lasts.
        lifetime: what came in and went out since the first entry.
        queues: what was published where; empty for a follower.
        waiting: events that some relay still has to be sent; always 0 for a follower.
    """

    mark: Mark
    taken_at: int
    role: Role
    npub: str
    balance: BalanceView | None
    month: MonthView | None = None
    last_month: MonthView | None = None
    recent: tuple[HistoryRow, ...] = ()
    outlook: OutlookView | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    waiting: int = 0
    burn: BurnView | None = None
    lifetime: Lifetime | None = None
    queues: tuple[RelayQueue, ...] = ()

    @property
    def proved(self) -> Proved:
        """How much of it is proved."""
        state = Proved(self.balance.state) if self.balance is not None else Proved.PROVISIONAL
        is_own = self.role is Role.OPERATOR and state is Proved.PROVISIONAL
        return Proved.OWN if is_own else state


class Feed(StrEnum):
    """Where what is on screen comes from, as the status line says it."""

    LIVE = "live"
    """Relays answer, or it is the operator's own store."""
    CONNECTING = "connecting"
    OFFLINE = "offline"
    """No relay could be read: only what the store holds is shown."""
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLine:
    """One relay of the feed; `reason` says why it did not answer."""

    url: str
    is_up: bool
    condition: str
    reason: str
    received: int
    unique: int
    is_clean: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayQueue:
    """How many of an operator's events one relay serves, still has to get, and will not take."""

    url: str
    confirmed: int
    waiting: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """How the feed stands; `reason` is why it is offline."""

    feed: Feed
    relays: tuple[RelayLine, ...] = ()
    reason: str = ""
    read_at: int | None = None

    @property
    def relays_up(self) -> int:
        """How many relays answer."""
        return sum(relay.is_up for relay in self.relays)
