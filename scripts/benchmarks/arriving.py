"""Entries that keep coming, a thousand a second: into a store, as another process records, and on a relay."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nostr_usage.clock import SystemClock
from nostr_usage.founding import create_follower_home
from nostr_usage.home import Home, Role, Settings
from nostr_usage.ledger.entry import DEFAULT_METER, AccountId, Source
from nostr_usage.ledger.state import state_from_json
from nostr_usage.nostr.event import Event, event_from_json
from nostr_usage.relays.connection import RelayConnection
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.store import Store, Transaction
from nostr_usage.wiring import relay_set_at
from nostr_usage.writing.request import Grant
from nostr_usage.writing.stream_writer import StreamWriter
from scripts.benchmarks.ledgers import BenchLedger, debit, new_ledger
from scripts.benchmarks.long_history import LongHistory, extend

POLICY = ConnectionPolicy(allow_local=True)
A_SECOND = 1_000
TICK_S = 0.1
EACH = round(A_SECOND * TICK_S)
FIRST = 5
TOKENS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHistory:
    """A stream to be published bit by bit: all its events, and the balance after the last."""

    account: AccountId
    ledger_pubkey: str
    events: tuple[Event, ...]
    tokens: int


def signed_history(directory: Path, entries: int, *, a_second: int = A_SECOND) -> SignedHistory:
    """An operator's stream of `entries` entries and two, so many a second, with nobody to publish it."""
    with new_ledger(directory, accounts=1) as ledger:
        ledger.clock.set(SystemClock().now() - entries // a_second)
        (account,) = ledger.accounts
        tokens = 10 * TOKENS * entries
        ledger.recorder.grant(
            Grant(account=account, tokens=tokens, source=Source.PURCHASED, key="pack", paid=25_000_000)
        )
        for start in range(0, entries, a_second):
            numbers = range(start, min(start + a_second, entries))
            ledger.store.write(lambda transaction, numbers=numbers: _sign(ledger, transaction, numbers))
            ledger.clock.set(ledger.clock.now() + 1)
        with ledger.store.read() as reader:
            stream = reader.stream(ledger.accounts[0], DEFAULT_METER)
            assert stream is not None
            events = tuple(
                event_from_json(row.event_json) for row in reader.events_of_stream(stream.stream_no)
            )
        return SignedHistory(
            account=ledger.accounts[0],
            ledger_pubkey=ledger.operator.signer.pubkey,
            events=events,
            tokens=sum(lot.remaining for lot in state_from_json(stream.state_json).lots),
        )


def _sign(ledger: BenchLedger, transaction: Transaction, numbers: range) -> None:
    writer = StreamWriter(transaction, ledger.operator, account=ledger.accounts[0], meter=DEFAULT_METER)
    for number in numbers:
        writer.write(debit(f"arriving-{number}", ledger.clock.now()))
    writer.finish()


def follower_home(directory: Path, history: SignedHistory, url: str) -> Home:
    """The home of a customer who knows the account, the ledger's key and one relay."""
    home = Home(directory / "follower")
    settings = Settings(
        role=Role.FOLLOWER,
        root_pubkey=history.ledger_pubkey,
        ledger_pubkey=history.ledger_pubkey,
        account=history.account,
    )
    create_follower_home(home, settings, relays=relay_set_at((url,)))
    return home


def publish(url: str, events: Sequence[Event]) -> None:
    """Send events to a relay as fast as it takes them."""
    asyncio.run(_publish(url, events, a_second=None))


def publish_steadily(url: str, events: Sequence[Event], *, a_second: int = A_SECOND) -> float:
    """Send so many events a second; how many seconds that took."""
    return asyncio.run(_publish(url, events, a_second=a_second))


def record_steadily(history: LongHistory, entries: int) -> float:
    """Append a thousand a second to a long history; how many seconds that took."""
    with Store.open(history.home.store_path) as store:
        copying = extend(store, history.account)
        started = time.monotonic()
        for number in range(0, entries, EACH):
            time.sleep(max(0.0, started + number / A_SECOND - time.monotonic()))
            copying.add(EACH)
        return time.monotonic() - started


async def _publish(url: str, events: Sequence[Event], *, a_second: int | None) -> float:
    async with RelayConnection(url, policy=POLICY, clock=SystemClock()) as relay:
        started = time.monotonic()
        each = max(1, round((a_second or A_SECOND) * TICK_S))
        for number in range(0, len(events), each):
            if a_second is not None:
                await asyncio.sleep(max(0.0, started + number / a_second - time.monotonic()))
            published = await relay.publish_all(events[number : number + each])
            assert published.error is None, published.error
        return time.monotonic() - started
