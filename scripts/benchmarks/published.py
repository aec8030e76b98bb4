"""A ledger on a relay, and rebuilding it: apart, so that a process that measures its memory loads no more."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from nostr_usage.clock import SystemClock
from nostr_usage.ledger.entry import AccountId
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.store import Store
from nostr_usage.sync import SyncProgress, sync_ledger

POLICY = ConnectionPolicy(allow_local=True, relay_timeout_s=86_400)
"""With time for a million entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A ledger on a relay: all that a stranger needs to rebuild it, and how many entries that should give."""

    url: str
    pubkey: str
    accounts: Sequence[AccountId]
    entries: int


async def rebuild(
    published: Published,
    *,
    check_every_signature: bool = False,
    on_progress: Callable[[SyncProgress], None] | None = None,
) -> int:
    """The ledger in a new store; how many entries that has."""
    with (
        tempfile.TemporaryDirectory() as directory,
        Store.open(Path(directory) / "ledger.sqlite", create=True) as store,
    ):
        report = await sync_ledger(
            store,
            relays=(published.url,),
            ledger_pubkey=published.pubkey,
            kinds=(30078,),
            account=None,
            policy=POLICY,
            clock=SystemClock(),
            random=Random(1),
            on_progress=on_progress,
            check_every_signature=check_every_signature,
        )
        return report.entries_added
