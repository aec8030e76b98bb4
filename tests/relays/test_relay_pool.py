"""Several relays: connected once, connected again when lost, and never hammered."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.errors import RelayError
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.message import ReqMessage
from nostr_usage.relays.backoff import Backoff
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.pool import STABLE_S, RelayPool
from nostr_usage.relays.scores import RelayScore
from tests.relay_behaviours import drop
from tests.scripted_relay import ScriptedRelay, honestly
from tests.signed_events import signed, signer_of

LOCAL = ConnectionPolicy(allow_local=True)
NOBODY = "ws://127.0.0.1:1/"
ALL = Filter(kinds=(1,), limit=10)


def pool_at(clock: ManualClock) -> RelayPool:
    """A pool that waits 10 to 20 s after the first failure, 20 to 40 s after the second."""
    return RelayPool(
        policy=LOCAL, clock=clock, random=Random(1), backoff=Backoff(first_s=20.0, longest_s=1_000.0)
    )


async def test_callers_share_one_connection(scripted_relay: ScriptedRelay, clock: ManualClock) -> None:
    """However many ask for it at the same time."""
    async with pool_at(clock) as pool:
        relays = await asyncio.gather(*(pool.relay(scripted_relay.url) for _ in range(5)))
        assert 1 == len(set(relays))
        assert () == await relays[0].fetch(ALL)
    assert 1 == len(scripted_relay.visits)
    assert relays[0].is_lost


async def test_a_relay_that_failed_is_left_alone_for_a_while(clock: ManualClock) -> None:
    """Until its delay is over, the error comes at once; the delay grows."""
    async with pool_at(clock) as pool:
        for shortest_s, longest_s in ((10, 20), (20, 40), (40, 80)):
            with pytest.raises(RelayError, match="cannot connect"):
                await pool.relay(NOBODY)
            delay_s = pool.next_attempt_at(NOBODY) - clock.now()
            assert shortest_s <= delay_s <= longest_s
            clock.advance(delay_s - 1)
            with pytest.raises(RelayError, match="cannot connect"):
                await pool.relay(NOBODY)
            assert 1 == pool.next_attempt_at(NOBODY) - clock.now()
            clock.advance(1)


async def test_a_lost_connection_is_opened_again(scripted_relay: ScriptedRelay, clock: ManualClock) -> None:
    """At once if it had lasted, after a delay if it was lost right away."""
    scripted_relay.on(ReqMessage, drop, times=2)
    scripted_relay.on(ReqMessage, honestly)
    async with pool_at(clock) as pool:
        first = await pool.relay(scripted_relay.url)
        clock.advance(STABLE_S)
        with pytest.raises(RelayError):
            await first.fetch(ALL)
        second = await pool.relay(scripted_relay.url)
        with pytest.raises(RelayError):
            await second.fetch(ALL)
        with pytest.raises(RelayError, match="a moment ago"):
            await pool.relay(scripted_relay.url)
        clock.set(pool.next_attempt_at(scripted_relay.url))
        third = await pool.relay(scripted_relay.url)
        assert () == await third.fetch(ALL)
    assert 3 == len(scripted_relay.visits)


async def test_counts_of_a_relay_outlast_its_connections(
    scripted_relay: ScriptedRelay, clock: ManualClock
) -> None:
    """A relay does not get a clean sheet by hanging up."""
    scripted_relay.hold(signed(signer_of(1)))
    async with pool_at(clock) as pool:
        for _ in range(2):
            relay = await pool.relay(scripted_relay.url)
            await relay.fetch(ALL)
            scripted_relay.drop_all()
            await relay.wait_lost()
            clock.advance(STABLE_S)
        assert 2 == pool.score(scripted_relay.url).received


async def test_what_is_no_url_is_a_relay_that_cannot_be_used(clock: ManualClock) -> None:
    """One bad line in a relay set does not stop the others."""
    async with pool_at(clock) as pool:
        with pytest.raises(RelayError, match=r"https://relay\.example"):
            await pool.relay("https://relay.example")


def test_only_what_an_honest_relay_would_not_send_counts_against_one() -> None:
    """Duplicates are honest; foreign, unasked, malformed and forged events are not."""
    assert RelayScore(received=5, unique=3, duplicate=2).is_clean
    assert not RelayScore(foreign=1).is_clean
    assert not RelayScore(unasked=1).is_clean
    assert not RelayScore(malformed=1).is_clean
    assert not RelayScore(forged=1).is_clean
