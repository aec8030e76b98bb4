"""OK true means that the disk has it: what a commit, a failure and a killed process leave behind."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from nostr_usage.clock import ManualClock
from nostr_usage.embedded import EmbeddedRelay
from nostr_usage.embedded.event_store import EventStore
from nostr_usage.embedded.publisher import BATCH_EVENTS_MAX, Publisher, Submission
from nostr_usage.embedded.subscription import LiveEvent
from nostr_usage.errors import HomeError
from nostr_usage.nostr.event import VerifiedEvent, event_to_json, event_to_object
from nostr_usage.nostr.signer import Signer
from tests.raw_client import PATIENCE_S, connected
from tests.signed_events import NOW, signed

SERVER = """
import asyncio, sys
from pathlib import Path
from nostr_usage.clock import ManualClock
from nostr_usage.embedded import EmbeddedRelay

async def main():
    async with EmbeddedRelay(Path(sys.argv[1]), clock=ManualClock(int(sys.argv[2]))) as relay:
        print(relay.url, flush=True)
        await relay.serve_forever()

asyncio.run(main())
"""


@dataclass(eq=False)
class Answers:
    """A sender that keeps its OKs."""

    messages: list[list[Any]] = field(default_factory=list[list[Any]])
    batches: list[int] = field(default_factory=list[int])
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def answer(self, messages: Sequence[bytes]) -> None:
        """Keep the OKs of one batch."""
        self.messages += map(json.loads, messages)
        self.batches.append(len(messages))
        self.arrived.set()


class BlockingStore(EventStore):
    """A store whose disk is as slow as the test wants."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, durable=False)
        self.is_committing = threading.Event()
        self.disk = threading.Event()

    def commit(self) -> None:
        """Wait for the disk."""
        self.is_committing.set()
        assert self.disk.wait(PATIENCE_S)
        super().commit()


class FailingStore(EventStore):
    """A store whose disk is full the first time."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, durable=False)
        self.failures = 1

    def commit(self) -> None:
        """Fail once."""
        if self.failures:
            self.failures -= 1
            raise sqlite3.OperationalError("database or disk is full")
        super().commit()


def submission_of(event: VerifiedEvent, sender: Answers) -> Submission:
    """An event ready to be stored."""
    return Submission(event=event, json=event_to_json(event), sender=sender)


def entries_of(directory: Path) -> list[Path]:
    """What lies in a directory."""
    return list(directory.iterdir())


async def test_ok_waits_for_the_commit(tmp_path: Path, signer: Signer) -> None:
    """While the disk works there is neither an OK nor news; afterwards both, in this order."""
    store, sender = BlockingStore(tmp_path / "relay.db"), Answers()
    news: list[tuple[int, int]] = []

    def announce(events: Sequence[LiveEvent]) -> None:
        news.append((len(events), len(sender.messages)))

    publisher = Publisher(store, announce)
    running = asyncio.create_task(publisher.run())
    event = signed(signer)
    publisher.submit(submission_of(event, sender))
    await asyncio.to_thread(store.is_committing.wait, PATIENCE_S)
    assert [] == sender.messages
    assert [] == news
    store.disk.set()
    publisher.finish()
    await running
    assert [["OK", event.id, True, ""]] == sender.messages
    assert [(1, 1)] == news
    store.close()


async def test_what_gathers_during_a_commit_is_one_batch(tmp_path: Path, signer: Signer) -> None:
    """The next commit takes all that waits, up to its bound."""
    store, sender = BlockingStore(tmp_path / "relay.db"), Answers()
    publisher = Publisher(store, lambda _: None)
    running = asyncio.create_task(publisher.run())
    first = submission_of(signed(signer), sender)
    publisher.submit(first)
    await asyncio.to_thread(store.is_committing.wait, PATIENCE_S)
    for _ in range(BATCH_EVENTS_MAX + 1):
        publisher.submit(first)
    store.disk.set()
    publisher.finish()
    await running
    assert [1, BATCH_EVENTS_MAX, 1] == sender.batches
    store.close()


async def test_a_full_disk_is_an_error_and_keeps_nothing(tmp_path: Path, signer: Signer) -> None:
    """OK false with the prefix `error`, so that it is tried again; the next batch goes through."""
    path = tmp_path / "relay.db"
    store, sender = FailingStore(path), Answers()
    news: list[Sequence[LiveEvent]] = []
    publisher = Publisher(store, news.append)
    running = asyncio.create_task(publisher.run())
    event = signed(signer)
    for _ in range(2):
        publisher.submit(submission_of(event, sender))
        await sender.arrived.wait()
        sender.arrived.clear()
    publisher.finish()
    await running
    store.close()
    failed, stored = sender.messages
    assert [False, "error: the relay could not store this event; try again later"] == failed[2:]
    assert [True, ""] == stored[2:]
    assert 1 == len(news)


async def test_events_are_there_after_a_restart(tmp_path: Path, clock: ManualClock, signer: Signer) -> None:
    """The same file, another server."""
    path = tmp_path / "relay.db"
    event = signed(signer)
    async with EmbeddedRelay(path, clock=clock) as relay, connected(relay.url) as client:
        assert (True, "") == await client.publish(event)
    async with EmbeddedRelay(path, clock=clock) as relay, connected(relay.url) as client:
        assert [event.id] == await client.query({"kinds": [1]})
        assert (True, "duplicate: already have this event") == await client.publish(event)


async def test_acknowledged_events_survive_a_kill(tmp_path: Path, clock: ManualClock, signer: Signer) -> None:
    """Every event with an OK is served by the next process, although the first was killed amid a stream."""
    path = tmp_path / "relay.db"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(path), str(NOW), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        url = (await process.stdout.readline()).decode().strip()
    acknowledged: set[str] = set()
    async with connected(url) as client:
        for number in range(300):
            await client.send("EVENT", event_to_object(signed(signer, created_at=NOW - number)))
        while len(acknowledged) < 100:
            answer = await client.receive()
            assert answer[2] is True
            acknowledged.add(answer[1])
        process.send_signal(signal.SIGKILL)
        await process.wait()
        # What is still unread would keep the client from noticing.
        client.websocket.transport.abort()
    async with EmbeddedRelay(path, clock=clock) as relay, connected(relay.url) as client:
        assert acknowledged <= set(await client.query({"kinds": [1], "limit": 500}))


async def test_a_temporary_relay_leaves_nothing(
    tmp_path: Path, clock: ManualClock, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its directory goes with it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with EmbeddedRelay(None, clock=clock) as relay, connected(relay.url) as client:
        await client.publish(signed(signer))
        assert 1 == len(entries_of(tmp_path))
    assert [] == entries_of(tmp_path)


async def test_a_port_that_is_taken_is_an_error(tmp_path: Path, clock: ManualClock) -> None:
    """OSError on entering, and nothing is left open."""
    async with EmbeddedRelay(None, clock=clock) as relay:
        port = int(relay.url.rstrip("/").rpartition(":")[2])
        second = EmbeddedRelay(tmp_path / "relay.db", port=port, clock=clock)
        with pytest.raises(OSError, match="address already in use"):
            await second.__aenter__()
    async with EmbeddedRelay(tmp_path / "relay.db", port=port, clock=clock) as again:
        assert relay.url == again.url


async def test_a_database_that_cannot_be_used_is_an_error(tmp_path: Path, clock: ManualClock) -> None:
    """HomeError on entering."""
    with pytest.raises(HomeError, match="nowhere"):
        await EmbeddedRelay(tmp_path / "nowhere" / "relay.db", clock=clock).__aenter__()


async def test_it_serves_until_it_is_cancelled(clock: ManualClock) -> None:
    """`serve_forever` returns by cancellation only, and clients are told to go."""
    async with EmbeddedRelay(None, clock=clock) as relay:
        serving = asyncio.create_task(relay.serve_forever())
        async with connected(relay.url) as client:
            assert await client.is_quiet()
            assert not serving.done()
            serving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await serving
            with pytest.raises(ConnectionClosed):
                await client.receive()
            assert 1001 == client.websocket.close_code


async def test_it_listens_on_ipv6_too(clock: ManualClock) -> None:
    """Its URL has the address in brackets."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with EmbeddedRelay(None, host="::1", clock=clock) as relay:
        assert relay.url.startswith("ws://[::1]:")
        async with connected(relay.url) as client:
            assert await client.is_quiet()
