"""Connections to several relays, each opened when it is first needed and opened again when it was lost."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Self

from nostr_usage.clock import Clock
from nostr_usage.errors import RelayError, RelayUrlError
from nostr_usage.nostr.signer import Signer
from nostr_usage.relays.backoff import RECONNECTING, Backoff
from nostr_usage.relays.connection import RelayConnection
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.scores import RelayScore

STABLE_S = 60
"""A connection that lasted this long was worth it: the next attempt is not delayed."""


@dataclass(slots=True)
class _Place:
    """One relay: its connection if it has one, and when to try again if not."""

    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    connection: RelayConnection | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    score: RelayScore = field(default_factory=RelayScore)
    attempts: int = 0
    attempted_at: int = 0
    next_attempt_at: int = 0
    error: RelayError | None = None


class RelayPool:
    """Connections by URL; use it as a context manager, which closes them all.

    Args:
        policy: the limits of each connection.
        clock: decides when a relay that failed is tried again.
        random: spreads those times.
        signer: who authenticates where a relay demands it; None to stay anonymous.
        backoff: how long to wait between attempts.
    """

    def __init__(
        self,
        *,
        policy: ConnectionPolicy,
        clock: Clock,
        random: Random,
        signer: Signer | None = None,
        backoff: Backoff = RECONNECTING,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._random = random
        self._signer = signer
        self._backoff = backoff
        self._places: dict[str, _Place] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(place.stack.aclose() for place in self._places.values()))

    @property
    def policy(self) -> ConnectionPolicy:
        """The limits of each connection."""
        return self._policy

    async def relay(self, url: str) -> RelayConnection:
        """The connection to a relay, opened if need be.

        Raises:
            RelayError: if it cannot be reached, or could not a moment ago and it is too early to try again.
        """
        place = self._places.setdefault(url, _Place())
        async with place.lock:
            if place.connection is None or place.connection.is_lost:
                await self._reconnect(url, place)
            assert place.connection is not None
            return place.connection

    def score(self, url: str) -> RelayScore:
        """The counts of a relay over all its connections."""
        return self._places.setdefault(url, _Place()).score

    def next_attempt_at(self, url: str) -> int:
        """When the relay may be asked again, unix seconds; in the past for one that did not fail."""
        return self._places.setdefault(url, _Place()).next_attempt_at

    async def _reconnect(self, url: str, place: _Place) -> None:
        now = self._clock.now()
        if now < place.next_attempt_at:
            assert place.error is not None, "only a failure delays the next attempt"
            raise place.error
        await place.stack.aclose()
        place.attempts = (
            1 if now >= place.attempted_at + STABLE_S and place.connection else place.attempts + 1
        )
        place.attempted_at = now
        place.connection = None
        delay_s = self._backoff.delay_s(place.attempts, random=self._random)
        place.next_attempt_at = now + max(1, round(delay_s))
        place.error = RelayError(url, "the connection was lost a moment ago")
        try:
            place.connection = await place.stack.enter_async_context(self._connection(url, place))
        except RelayUrlError as error:
            raise RelayError(url, error.message, advice=error.advice) from error
        except RelayError as error:
            place.error = error
            raise

    def _connection(self, url: str, place: _Place) -> RelayConnection:
        return RelayConnection(
            url, policy=self._policy, clock=self._clock, signer=self._signer, score=place.score
        )
