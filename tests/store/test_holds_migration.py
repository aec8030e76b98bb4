"""A store of the first version: opened, it can keep holds, and has lost nothing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from nostr_usage.store import Store
from nostr_usage.store import store as store_module
from nostr_usage.store.database import open_database
from nostr_usage.store.transaction import Transaction
from tests.store.ledger_lines import NOON, Stream


def test_first_version_is_brought_up_to_date(store_path: Path) -> None:
    """Its entries stay; a hold of an old stream can be kept, and a month that began before is added up."""
    stream = Stream()
    lines = stream.lines(40)
    first = store_module.SCHEMA._replace(version=1)
    with closing(open_database(store_path, first, create=True)) as connection:
        transaction = Transaction(connection)
        connection.execute("BEGIN")
        stream.append(transaction, lines)
        connection.execute("COMMIT")
        assert 1 == connection.execute("PRAGMA user_version").fetchone()[0]
    with Store.open(store_path) as store:
        store.write(
            lambda transaction: transaction.add_hold(
                "ab" * 16,
                account_no=1,
                stream_no=1,
                tokens=250,
                activity="magic-mentor",
                add_ons="",
                actor=None,
                group=None,
                model=None,
                key="k",
                key_digest=b"k" * 32,
                body_digest=b"b" * 32,
                created_at=NOON,
                expires_at=NOON + 60,
            )
        )
        with store.read() as reader:
            assert [line.entry_id for line in lines] == [row.entry_id for row in reader.entries(1)]
            assert 250 == reader.held(1, now=NOON)
            tally, _ = reader.tally(1, seq=40, scope="account", subject="", period="month", start=NOON)
    assert 40 * 247 == tally.tokens
