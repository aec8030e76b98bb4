"""What a pass and its workers tell each other, over the pipes between a program and the processes it started.

    pass ─▶ worker    Assignment, then AccountId …, then None
    worker ─▶ pass    Ready, then AccountReading …, then Finished; Failed instead of any of them

Pickled, since both ends are this program on this machine; the length goes first, in four bytes.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.sync.outcome import RelayReading
from nostr_usage.sync.readers import LedgerFilter

ACCOUNTS_AT_ONCE_MAX = 8
"""That a worker reads at a time; each may hold a page in memory."""

_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """All that a worker must know.

    Attributes:
        store_path: where verified entries are kept.
        ledger: whose events are entries.
        policy: limits of each of the worker's connections.
        patience_s: how long each relay may take in all, by URL.
        relay_numbers: the store's numbers of the relays, by URL.
        check_every_signature: whether a link alone is not enough.
    """

    store_path: Path
    ledger: LedgerFilter
    policy: ConnectionPolicy
    patience_s: Mapping[str, float]
    relay_numbers: Mapping[str, int]
    check_every_signature: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The worker waits for accounts; a relay that it could not reach may take no second connection."""

    has_all_relays: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """All that was asked was read and kept; how it went with each relay."""

    relays: tuple[RelayReading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The worker cannot go on: what its error said, and whether that was about the store."""

    message: str
    advice: str
    is_of_store: bool


def pack(message: object) -> bytes:
    """`message` as it goes through a pipe."""
    body = pickle.dumps(message)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


async def receive(pipe: asyncio.StreamReader) -> object:
    """The next message in `pipe`.

    Raises:
        EOFError: if the other end has gone.
    """
    length = int.from_bytes(await pipe.readexactly(_LENGTH_BYTES), "big")
    return pickle.loads(await pipe.readexactly(length))  # noqa: S301  # from a process of ours
