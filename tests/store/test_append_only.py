"""What the file itself refuses, whatever program writes to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nostr_usage.store import Store
from tests.store.ledger_lines import Stream


@pytest.fixture
def connection(store: Store, store_path: Path) -> Iterator[sqlite3.Connection]:
    """A stranger's connection to a store with two entries, the second unchecked, a request and a pin."""
    stream = Stream()
    lines = [stream.line(), stream.line(sig_checked=False)]
    store.write(lambda transaction: stream.append(transaction, lines))
    store.write(
        lambda transaction: transaction.put_request(
            1, key_digest=b"k" * 32, body_digest=b"b" * 32, entry_no=1
        )
    )
    store.write(lambda transaction: transaction.move_pin(1, 2, lines[1].entry_id))
    with closing(sqlite3.connect(store_path, isolation_level=None)) as connection:
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET tokens = 1",
        "DELETE FROM entries WHERE seq = 2",
        "DELETE FROM events WHERE event_no = 2",
        "UPDATE events SET event = x'00' WHERE event_no = 1",
        "UPDATE events SET event = x'00' WHERE event_no = 2",
        "UPDATE events SET sig_checked = 0 WHERE event_no = 1",
        "UPDATE events SET event_id = zeroblob(32), sig_checked = 1 WHERE event_no = 2",
        "UPDATE events SET event_no = 7, sig_checked = 1 WHERE event_no = 2",
        "UPDATE requests SET entry_no = 2",
        "DELETE FROM requests",
        "UPDATE streams SET seq = 1",
        "DELETE FROM streams",
        "UPDATE pins SET seq = 1",
        "UPDATE pins SET entry_id = zeroblob(32)",
        "UPDATE pins SET stream_no = 2, seq = 3",
        "DELETE FROM pins",
    ],
)
def test_history_cannot_be_changed(connection: sqlite3.Connection, statement: str) -> None:
    """Entries, events, requests, heads and pins only ever move forwards."""
    with pytest.raises(sqlite3.IntegrityError, match=r"append-only|never goes back"):
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET event = x'00', sig_checked = 1 WHERE event_no = 2",
        "UPDATE streams SET seq = 3",
        "UPDATE pins SET seq = 3, entry_id = zeroblob(32)",
        "UPDATE pins SET seq = 2",
        "UPDATE streams SET status = 'verified'",
    ],
)
def test_what_moves_forwards_is_let_through(connection: sqlite3.Connection, statement: str) -> None:
    """The control: the triggers stop nothing else."""
    assert 1 == connection.execute(statement).rowcount


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE streams SET status = 'fine'",
        "UPDATE streams SET head_id = x'00'",
        "UPDATE accounts SET account = x'00'",
        "INSERT INTO relays (relay_no, url) VALUES (63, 'wss://one.too.many')",
        "INSERT INTO settings VALUES ('', 'x')",
        "INSERT INTO details VALUES (1, 'text', 'not bytes', NULL)",
        (
            "INSERT INTO entries SELECT 3, 1, 3, entry_id, 'steal', type, tokens, cost, balance,"
            " occurred_at, created_at, month, request, ref, lot_source, actor, member_group, prompt, draws"
            " FROM entries WHERE seq = 2"
        ),
        (
            "INSERT INTO entries SELECT 3, 1, 3, entry_id, operation, type, -1, cost, balance,"
            " occurred_at, created_at, month, request, ref, lot_source, actor, member_group, prompt, draws"
            " FROM entries WHERE seq = 2"
        ),
        (
            "INSERT INTO entries SELECT 3, 1, 2, entry_id, operation, type, tokens, cost, balance,"
            " occurred_at, created_at, month, request, ref, lot_source, actor, member_group, prompt, draws"
            " FROM entries WHERE seq = 2"
        ),
        (
            "INSERT INTO entries SELECT 3, 1, 3, entry_id, operation, type, tokens, cost, balance,"
            " occurred_at, created_at, 'March', request, ref, lot_source, actor, member_group, prompt, draws"
            " FROM entries WHERE seq = 2"
        ),
    ],
)
def test_values_outside_their_domain_are_refused(connection: sqlite3.Connection, statement: str) -> None:
    """Every column with a domain has a check, so a bug cannot put nonsense on the disk."""
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
