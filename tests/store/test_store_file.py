"""The file: made privately, recognised, brought up to date, never mistaken for another."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from nostr_usage.errors import HomeError, NewerDatabaseError
from nostr_usage.store import AccountSecrets, Store, Transaction
from nostr_usage.store import account_secrets as secrets_module
from nostr_usage.store import store as store_module
from nostr_usage.store.database import Schema, connect, open_database

MIGRATIONS = Path(store_module.__file__).parent / "migrations"


def execute(path: Path, *statements: str) -> None:
    """Run statements on the file, as a stranger would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def do_nothing(_transaction: Transaction) -> None:
    """Work that writes nothing."""


def pragma(path: Path, name: str) -> object:
    """What the file says of itself."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_missing_store_is_named_with_advice(store_path: Path) -> None:
    """Without `create`, a missing file is an error that says which, and what to do."""
    with pytest.raises(HomeError, match=str(store_path)) as raised:
        Store.open(store_path)
    assert "nostr-usage init" in raised.value.advice
    assert not store_path.exists()


def test_new_store_is_private(store_path: Path) -> None:
    """Nobody but its owner can read a new store, nor the files that SQLite puts beside it."""
    with Store.open(store_path, create=True) as store:
        store.write(lambda transaction: transaction.set_setting("kind", "30078"))
        modes = {stat.S_IMODE(path.stat().st_mode) for path in store_path.parent.iterdir()}
    assert {0o600} == modes


def test_store_is_found_again(store_path: Path) -> None:
    """What was written is there after closing and opening; `create` does no harm to what is there."""
    with Store.open(store_path, create=True) as store:
        store.write(lambda transaction: transaction.set_setting("kind", "30078"))
    for create in (False, True):
        with Store.open(store_path, create=create) as store, store.read() as reader:
            assert "30078" == reader.setting("kind")


def test_commits_wait_for_the_disk(store: Store, store_path: Path) -> None:
    """Every connection that the store makes has synchronous=FULL (2), and readers do not wait for writers."""
    with closing(connect(store_path)) as connection:
        assert 2 == connection.execute("PRAGMA synchronous").fetchone()[0]
    assert "wal" == pragma(store_path, "journal_mode")


def test_versions_are_those_of_the_scripts() -> None:
    """The version that a schema claims is the number of its last script, and the numbers have no gap."""
    for schema in (store_module.SCHEMA, secrets_module.SCHEMA):
        numbers = sorted(int(script.name[:4]) for script in (MIGRATIONS / schema.folder).glob("*.sql"))
        assert list(range(1, schema.version + 1)) == numbers


def test_file_that_is_no_database_is_refused(store_path: Path) -> None:
    """A text file is named and left as it is."""
    store_path.write_text("not a database " * 100)
    for create in (False, True):
        with pytest.raises(HomeError, match=r"store\.sqlite is not a database"):
            Store.open(store_path, create=create)
    assert "not a database " * 100 == store_path.read_text()


def test_database_of_another_program_is_refused(store_path: Path) -> None:
    """A database without our mark is not touched, even if it is to be created."""
    execute(store_path, "CREATE TABLE bookmarks (url TEXT)")
    for create in (False, True):
        with pytest.raises(HomeError, match="is not a store of nostr-usage"):
            Store.open(store_path, create=create)


def test_empty_file_is_refused(store_path: Path) -> None:
    """A file of zero bytes is somebody's, not a store."""
    store_path.touch()
    for create in (False, True):
        with pytest.raises(HomeError, match="is not a store"):
            Store.open(store_path, create=create)


def test_creating_leaves_nothing_beside_the_store(store_path: Path) -> None:
    """The store is made aside and moved into its place whole; of making it nothing stays."""
    Store.open(store_path, create=True).close()
    assert [store_path] == list(store_path.parent.iterdir())


def test_creation_that_fails_leaves_nothing(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that could not be made whole is not there at all."""

    def migrations(_schema: Schema) -> list[tuple[int, str]]:
        return [(1, "CREATE TABLE one (a INTEGER);\nOH;")]

    monkeypatch.setattr("nostr_usage.store.database._migrations", migrations)
    with pytest.raises(HomeError, match="syntax error"):
        Store.open(store_path, create=True)
    assert [] == list(store_path.parent.iterdir())


def test_one_file_is_not_taken_for_the_other(store_path: Path) -> None:
    """The file of account keys cannot be opened as a store."""
    AccountSecrets.open(store_path, create=True).close()
    with pytest.raises(HomeError, match="is not a store"):
        Store.open(store_path)


def test_newer_store_is_refused(store_path: Path) -> None:
    """A store that a newer version wrote is left alone."""
    Store.open(store_path, create=True).close()
    execute(store_path, "PRAGMA user_version = 99")
    with pytest.raises(NewerDatabaseError, match=f"schema 99, this one knows {store_module.SCHEMA.version}"):
        Store.open(store_path)


def test_migration_that_fails_leaves_the_version_before(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every script is all or nothing, and those before it stay."""
    scripts = [
        (1, "CREATE TABLE one (a INTEGER);"),
        (
            2,
            "CREATE TABLE two (a INTEGER);\nCREATE TRIGGER t AFTER INSERT ON two\nBEGIN SELECT 1; END;\nOH;",
        ),
    ]

    def migrations(_schema: Schema) -> list[tuple[int, str]]:
        return scripts

    monkeypatch.setattr("nostr_usage.store.database._migrations", migrations)
    first, second = (store_module.SCHEMA._replace(version=version) for version in (1, 2))
    broken = scripts.pop()
    open_database(store_path, first, create=True).close()
    scripts.append(broken)
    with pytest.raises(HomeError, match="syntax error"):
        open_database(store_path, second, create=False)
    assert 1 == pragma(store_path, "user_version")
    scripts[1] = (2, "CREATE TABLE two (a INTEGER);")
    with closing(open_database(store_path, second, create=False)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    assert {"one", "two"} == tables
    assert 2 == pragma(store_path, "user_version")


def test_many_create_one_store_at_once(store_path: Path) -> None:
    """Whoever comes second finds the store, or waits until it is there."""
    barrier = threading.Barrier(6)
    failures: list[BaseException] = []

    def create() -> None:
        barrier.wait()
        try:
            with Store.open(store_path, create=True) as store:
                store.write(lambda transaction: transaction.add_relay("wss://relay.example"))
        except BaseException as error:  # noqa: BLE001 (reported by the main thread)
            failures.append(error)

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failures
    with Store.open(store_path) as store, store.read() as reader:
        assert ["wss://relay.example"] == [relay.url for relay in reader.relays()]


def test_directory_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """A store cannot be made where there is no directory."""
    with pytest.raises(HomeError, match="cannot create"):
        Store.open(tmp_path / "nowhere" / "store.sqlite", create=True)


def test_closed_store_says_so(store_path: Path) -> None:
    """Reading and writing after `close` is an error; closing twice is none."""
    store = Store.open(store_path, create=True)
    store.write(lambda transaction: transaction.set_setting("kind", "30078"))
    store.close()
    store.close()
    with pytest.raises(HomeError, match="is closed"):
        store.write(do_nothing)
    with pytest.raises(HomeError, match="is closed"), store.read():
        pass


def test_store_that_was_never_written_to_says_that_it_is_closed(store_path: Path) -> None:
    """The same without a first write."""
    store = Store.open(store_path, create=True)
    store.close()
    with pytest.raises(HomeError, match="is closed"):
        store.write(do_nothing)
