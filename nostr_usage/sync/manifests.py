"""What the root key says about the ledger, from whichever relay has it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from nostr_usage.clock import Clock
from nostr_usage.errors import EventError
from nostr_usage.nostr.event import VerifiedEvent, verify_event
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.pool import RelayPool
from nostr_usage.sync.outcome import RelayReading
from nostr_usage.sync.readers import Readers
from nostr_usage.wire.manifest import Manifest, manifest_filter, newest_manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestReading:
    """The manifest in force and the ledger id, or None if no relay has one; and how the relays answered."""

    ledger_id: str | None
    manifest: Manifest | None
    relays: tuple[RelayReading, ...]


async def read_manifest(
    *,
    relays: Sequence[str],
    root_pubkey: str,
    kinds: Sequence[int],
    policy: ConnectionPolicy,
    clock: Clock,
    random: Random,
) -> ManifestReading:
    """The manifest that the root key `root_pubkey` (64 hex digits) signed last, from all relays together.

    Raises:
        EventError: if its signed manifests contradict each other.
    """
    async with RelayPool(policy=policy, clock=clock, random=random) as pool:
        readers = Readers(pool, relays)
        await readers.connect()
        wanted = manifest_filter(root_pubkey, kinds=kinds)
        urls = readers.urls
        answers = await asyncio.gather(*(readers.fetch(url, wanted) for url in urls))
        signed: list[VerifiedEvent] = []
        for url, events in zip(urls, answers, strict=True):
            for event in events or ():
                try:
                    signed.append(verify_event(event))
                except EventError:
                    readers.score(url).forged += 1
        ledger_id, manifest = newest_manifest(signed) or (None, None)
        return ManifestReading(ledger_id=ledger_id, manifest=manifest, relays=readers.readings())
