"""The relays that a pass reads: all are asked the same, and one that fails does not stop the others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nostr_usage.errors import RelayError, RelayTimeoutError
from nostr_usage.nostr.event import Event
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.tags import tag_values
from nostr_usage.relays.condition import RelayCondition, condition_of
from nostr_usage.relays.connection import RelayConnection
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.pool import RelayPool
from nostr_usage.relays.scores import RelayScore
from nostr_usage.sync.outcome import RelayReading

PAGE_MAX = 500
"""What common relays send at most; asking for more is cut silently."""
NAMES_PER_FILTER_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFilter:
    """Whose events are entries: the ledger key, in any of these kinds."""

    pubkey: str
    kinds: tuple[int, ...]

    def having(
        self,
        letter: str,
        values: Sequence[str],
        *,
        limit: int,
        since: int | None = None,
        until: int | None = None,
    ) -> Filter:
        """Events of the ledger with one of `values` in the tag `letter`; times in unix seconds, inclusive."""
        return Filter(
            kinds=self.kinds,
            authors=(self.pubkey,),
            tags=((letter, tuple(values)),),
            since=since,
            until=until,
            limit=limit,
        )


class _Patience:
    """The time that one relay may take in one pass: what it lets us wait, not what others do.

    A context manager around each request, which gives the moment at which the request must have ended.
    """

    def __init__(self, limit_s: float) -> None:
        self._left_s = limit_s
        self._under_way = 0
        self._since = 0.0

    def __enter__(self) -> float:
        now = asyncio.get_running_loop().time()
        if self._under_way == 0:
            self._since = now
        self._under_way += 1
        return self._since + self._left_s

    def __exit__(self, *_: object) -> None:
        self._under_way -= 1
        if self._under_way == 0:
            self._left_s -= asyncio.get_running_loop().time() - self._since

    @property
    def left_s(self) -> float:
        """What is left of it, as of the last request that ended."""
        return self._left_s


class Readers:
    """The relays of one pass. A relay that fails, or takes too long in all, is asked nothing more in it.

    Args:
        pool: their connections.
        urls: of the relays.
        patience_s: how long each may take in all; None for what the pool's policy says.
    """

    def __init__(
        self, pool: RelayPool, urls: Sequence[str], *, patience_s: Mapping[str, float] | None = None
    ) -> None:
        self._pool = pool
        self._urls = tuple(urls)
        limits_s = patience_s or dict.fromkeys(self._urls, pool.policy.relay_timeout_s)
        self._patience = {url: _Patience(limits_s[url]) for url in self._urls}
        self._relays: dict[str, RelayConnection] = {}
        self._failures: dict[str, tuple[RelayCondition, str]] = {}

    async def connect(self) -> None:
        """Reach those relays that can be reached."""

        async def connect(url: str) -> None:
            try:
                self._relays[url] = await self._pool.relay(url)
            except RelayError as error:
                self._give_up(url, condition_of(error), error.message)

        await asyncio.gather(*(connect(url) for url in self._urls))

    @property
    def urls(self) -> tuple[str, ...]:
        """The relays that have not failed."""
        return tuple(self._relays)

    @property
    def policy(self) -> ConnectionPolicy:
        """The limits of each connection."""
        return self._pool.policy

    @property
    def patience_s(self) -> dict[str, float]:
        """How long each relay that has not failed may still take."""
        return {url: self._patience[url].left_s for url in self._relays}

    def score(self, url: str) -> RelayScore:
        """The counts of a relay."""
        return self._pool.score(url)

    async def fetch(self, url: str, wanted: Filter) -> tuple[Event, ...] | None:
        """What one relay has; None if it failed, now or before, which is not the same as having nothing."""
        relay = self._relays.get(url)
        if relay is None:
            return None
        try:
            with self._patience[url] as ends_at:
                async with asyncio.timeout_at(ends_at):
                    return await relay.fetch(wanted)
        except TimeoutError:
            timeout_s = self._pool.policy.relay_timeout_s
            error = RelayTimeoutError(url, f"not read to the end within {timeout_s:g} s")
            self._give_up(url, condition_of(error), error.message)
        except RelayError as error:
            self._give_up(url, condition_of(error), error.message)
        return None

    async def fetch_aside(self, url: str, wanted: Filter) -> tuple[Event, ...]:
        """What one relay has of events that are no entries; it may refuse them and still be read."""
        relay = self._relays.get(url)
        try:
            with self._patience[url] as ends_at:
                async with asyncio.timeout_at(ends_at):
                    return await relay.fetch(wanted) if relay else ()
        except (TimeoutError, RelayError):
            return ()

    def add(self, reading: RelayReading) -> None:
        """Count what a relay delivered on another connection; what failed there counts as failed here."""
        self.score(reading.url).add(reading.score)
        if reading.condition is not RelayCondition.ANSWERED:
            self._give_up(reading.url, reading.condition, reading.reason)

    def _give_up(self, url: str, condition: RelayCondition, reason: str) -> None:
        self._relays.pop(url, None)
        self._failures.setdefault(url, (condition, reason))

    async def fetch_named(
        self, url: str, ledger: LedgerFilter, letter: str, values: Sequence[str]
    ) -> tuple[Event, ...]:
        """What one relay has of those of `values` in the tag `letter`, asked for until it has no more.

        A relay may cut any answer short without a word. What it did not answer is asked again, as long as
        that brings something.
        """
        found: list[Event] = []
        wanted = dict.fromkeys(values)
        while wanted:
            asked = tuple(wanted)[:NAMES_PER_FILTER_MAX]
            events = await self.fetch(url, ledger.having(letter, asked, limit=PAGE_MAX)) or ()
            found += events
            answered = {value for event in events for value in tag_values(event.tags, letter)}
            for value in asked if answered.isdisjoint(asked) else answered.intersection(asked):
                del wanted[value]
        return tuple(found)

    def readings(self) -> tuple[RelayReading, ...]:
        """How it went with each relay."""
        return tuple(self._reading(url) for url in self._urls)

    def _reading(self, url: str) -> RelayReading:
        condition, reason = self._failures.get(url, (RelayCondition.ANSWERED, ""))
        return RelayReading(url=url, condition=condition, reason=reason, score=self._pool.score(url))
