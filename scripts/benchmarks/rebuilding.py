"""Rebuilding: from a relay into an empty store, authenticated by hash links.

Two things to measure against: the same requests with nothing behind them, which is what the relay and the
socket allow, and another client that fetches the same events and only adds up their tokens.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from random import Random

import nostr_sdk

from nostr_usage.clock import SystemClock
from nostr_usage.ledger.entry import AccountId
from nostr_usage.nostr import schnorr
from nostr_usage.nostr.filter import Filter
from nostr_usage.publish import publish_due
from nostr_usage.relays.connection import RelayConnection
from scripts.benchmarks.ledgers import fill, new_ledger
from scripts.benchmarks.measuring import Row, row_of
from scripts.benchmarks.published import POLICY, Published, rebuild
from tests.relay_process import relay_process

PAGE = 500
SDK_AT_ONCE = 8
SDK_RELAY_ENTRIES_MAX = 50_000
VERIFICATIONS = 20_000


def rows(entries: int, *, rounds: int = 3) -> list[Row]:
    """Rebuilding a ledger of `entries` from the embedded relay, and from nostr-sdk's while it holds all."""
    with tempfile.TemporaryDirectory() as directory, relay_process(Path(directory) / "relay.sqlite") as url:
        published = asyncio.run(publish(url, entries))
        measured = _measure(published, "embedded relay", rounds)
    if entries <= SDK_RELAY_ENTRIES_MAX:
        measured += asyncio.run(_with_sdk_relay(entries, rounds))
    return measured


async def _with_sdk_relay(entries: int, rounds: int) -> list[Row]:
    async with _sdk_relay() as url:
        published = await publish(url, entries)
        return await asyncio.to_thread(_measure, published, "nostr-sdk relay", rounds)


def _measure(published: Published, relay: str, rounds: int) -> list[Row]:
    sink: list[tuple[float, float]] = []
    sdk: list[tuple[float, float]] = []
    every: list[tuple[float, float]] = []
    for _ in range(rounds):
        rebuilt = _rate(published, lambda: rebuild(published))
        sink.append((rebuilt, _rate(published, lambda: _read_only(published))))
        sdk.append((rebuilt, _rate(published, lambda: _sdk_sum(published))))
        checked = _rate(published, lambda: rebuild(published, check_every_signature=True))
        every.append((checked, _verifications_a_second()))
    entries, unit = published.entries, "entries/s"
    return [
        row_of(
            f"rebuild, {relay}",
            sink,
            entries=entries,
            peer_name="reading without a sink",
            unit=unit,
            goal="≥ 0.45",
        ),
        row_of(
            f"rebuild, {relay}",
            sdk,
            entries=entries,
            peer_name="nostr-sdk fetch + sum",
            unit=unit,
            goal="≥ 6",
        ),
        row_of(
            f"all signatures, {relay}",
            every,
            entries=entries,
            peer_name="bare verification, 2 cores",
            unit=unit,
            goal="≥ 0.5",
        ),
    ]


def _rate(published: Published, work: Callable[[], Awaitable[int]]) -> float:
    """Entries a second of `work`, which must have seen every entry."""

    async def run() -> int:
        return await work()

    started = time.perf_counter()
    seen = asyncio.run(run())
    elapsed = time.perf_counter() - started
    if seen != published.entries:
        raise SystemExit(f"{seen:,} of {published.entries:,} entries were read: no figure to trust")
    return published.entries / elapsed


async def publish(url: str, entries: int) -> Published:
    """A new ledger of about `entries`, all of it on the relay."""
    with tempfile.TemporaryDirectory() as directory, new_ledger(Path(directory), relays=(url,)) as ledger:
        fill(ledger, entries)
        report = await publish_due(
            ledger.store, relays=(url,), policy=POLICY, clock=SystemClock(), random=Random(1)
        )
        with ledger.store.read() as reader:
            count = reader.entry_count()
        if report.published != count:
            raise SystemExit(f"the relay took {report.published:,} of {count:,} events: {report.relays}")
        return Published(
            url=url, pubkey=ledger.operator.signer.pubkey, accounts=ledger.accounts, entries=count
        )


async def _read_only(published: Published) -> int:
    """The same pages over the same connection, 16 requests in flight; events are parsed and dropped."""
    places = asyncio.Semaphore(POLICY.requests_max)

    async def read(relay: RelayConnection, account: AccountId) -> int:
        seen: set[str] = set()
        until: int | None = None
        async with places:
            while True:
                wanted = Filter(
                    kinds=(30078,),
                    authors=(published.pubkey,),
                    tags=(("p", (account,)),),
                    until=until,
                    limit=PAGE,
                )
                page = {event.id: event.created_at for event in await relay.fetch(wanted)}
                if page.keys() <= seen:
                    return len(seen)
                seen |= page.keys()
                until = min(page.values())

    async with RelayConnection(published.url, policy=POLICY, clock=SystemClock()) as relay:
        return sum(await asyncio.gather(*(read(relay, account) for account in published.accounts)))


async def _sdk_sum(published: Published) -> int:
    """Every account with nostr-sdk, paged as it must be, and the sum of its tokens."""
    client = nostr_sdk.Client()
    await client.add_relay(nostr_sdk.RelayUrl.parse(published.url))
    await client.connect()
    author = nostr_sdk.PublicKey.parse(published.pubkey)
    places = asyncio.Semaphore(SDK_AT_ONCE)

    async def read(account: AccountId) -> int:
        async with places:
            return await _sdk_account(client, author, account)

    try:
        return sum(await asyncio.gather(*map(read, published.accounts)))
    finally:
        await client.disconnect()


async def _sdk_account(client: nostr_sdk.Client, author: nostr_sdk.PublicKey, account: AccountId) -> int:
    seen: set[str] = set()
    until: int | None = None
    tokens = 0
    while True:
        wanted = (
            nostr_sdk.Filter()
            .kind(nostr_sdk.Kind(30078))
            .author(author)
            .pubkey(nostr_sdk.PublicKey.parse(account))
            .limit(PAGE)
        )
        if until is not None:
            wanted = wanted.until(nostr_sdk.Timestamp.from_secs(until))
        events = (await client.fetch_events(wanted, timedelta(seconds=60))).to_vec()
        fresh = [event for event in events if event.id().to_hex() not in seen]
        if not fresh:
            return len(seen)
        for event in fresh:
            tags = {
                tag.as_vec()[0]: tag.as_vec()[1] for tag in event.tags().to_vec() if len(tag.as_vec()) > 1
            }
            tokens += int(tags["tokens"])
        seen |= {event.id().to_hex() for event in fresh}
        until = min(event.created_at().as_secs() for event in events)


@asynccontextmanager
async def _sdk_relay() -> AsyncGenerator[str]:
    limit = nostr_sdk.RateLimit(max_reqs=10_000, notes_per_minute=10_000_000)
    builder = nostr_sdk.RelayBuilder().rate_limit(limit).max_filter_limit(PAGE).default_filter_limit(PAGE)
    relay = nostr_sdk.LocalRelay(builder)
    await relay.run()
    try:
        yield str(await relay.url()).rstrip("/") + "/"
    finally:
        relay.shutdown()


def _verifications_a_second() -> float:
    """Signature checks a second of libsecp256k1 alone, on two cores at once."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        spent = pool.map(_verify_many, [VERIFICATIONS] * 2)
    return sum(VERIFICATIONS / seconds for seconds in spent)


def _verify_many(count: int) -> float:
    secret, message = bytes(31) + b"\x03", bytes(32)
    signature = schnorr.sign(secret, message, aux=bytes(32))
    pubkey = schnorr.public_key(secret)
    started = time.perf_counter()
    for _ in range(count):
        schnorr.verify(pubkey, message, signature)
    return time.perf_counter() - started
