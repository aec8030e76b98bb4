"""Passes that are shared out among processes, however short they are, and what two stores must agree on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from nostr_usage.ledger.entry import AccountId
from nostr_usage.store import Store
from nostr_usage.sync import account_queue, ledger


def share_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave every account of every pass to two workers."""
    monkeypatch.setattr(account_queue, "ENTRIES_ALONE_MAX", 0)
    monkeypatch.setattr(account_queue, "ACCOUNTS_LEFT_MIN", 1)
    monkeypatch.setattr(ledger, "ACCOUNTS_AT_ONCE_MAX", 0)
    monkeypatch.setattr(ledger, "processors", lambda: 2)


def contents(store: Store) -> dict[tuple[AccountId, str], tuple[object, ...]]:
    """Everything that is known of each stream, however it came to be known."""
    with store.read() as reader:
        return {
            (row.account, row.meter): (
                *(row.seq, row.head_id, row.state_json, row.status),
                reader.pin(row.stream_no),
                reader.forks(row.stream_no),
                sorted(reader.problems(row.stream_no), key=str),
                [
                    (entry.entry_id, set(reader.sightings(entry.entry_no)))
                    for entry in reader.entries(row.stream_no)
                ],
                reader.month_totals(row.stream_no),
            )
            for row in tuple(reader.streams())
        }


def worker_pids(parent: int | None = None) -> list[int]:
    """The processes that a process (this one, if None) started to read for it."""
    parent = os.getpid() if parent is None else parent
    children = Path(f"/proc/{parent}/task").glob("*/children")
    pids = [int(pid) for file in children for pid in file.read_text("ascii").split()]
    return [pid for pid in pids if b"nostr_usage.sync.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def kill(pid: int) -> None:
    """End a process as the system does that has no memory left."""
    os.kill(pid, signal.SIGKILL)
