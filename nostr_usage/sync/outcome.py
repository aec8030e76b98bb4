"""What a pass reports of each relay, each account and each stream."""

from __future__ import annotations

from dataclasses import dataclass

from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.problems import Problem
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.relays.scores import RelayScore
from nostr_usage.store import StreamStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayReading:
    """One relay: whether it could be read, why not, and what it delivered."""

    url: str
    condition: RelayCondition
    reason: str = ""
    score: RelayScore


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReading:
    """One stream after a pass.

    Attributes:
        account, meter: the stream.
        status: how much of it is proved; a balance is final in none of these states but `verified`.
        seq: of the last entry held, 0 if there is none.
        added: entries that were new.
        missing: the lowest seqs that must exist and that no relay showed.
        forks: how many signed events contradict the entries held.
    """

    account: AccountId
    meter: str
    status: StreamStatus
    seq: int
    added: int
    missing: tuple[int, ...] = ()
    forks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReading:
    """One account after a pass: its streams, and signed events of it that are no entries."""

    account: AccountId
    streams: tuple[StreamReading, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def added(self) -> int:
        """Entries that were new."""
        return sum(stream.added for stream in self.streams)
