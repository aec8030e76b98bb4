"""Opening the relay's file, and the two hashes under which events are found in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from hashlib import blake2b, sha256
from importlib import resources
from pathlib import Path

from nostr_usage.errors import HomeError, NewerDatabaseError
from nostr_usage.nostr.event import Event
from nostr_usage.nostr.tags import first_tag_value

DELETION_KIND = 5

_APPLICATION_ID = 0x4E555231  # "NUR1"
_VERSION = 1
_CACHE_KIB = 64 * 1024
# A checkpoint copies pages that are mostly hit again soon, so rarer ones write less; this is 32 MB of log.
_CHECKPOINT_PAGES = 8_000
_BUSY_TIMEOUT_S = 0.2


def open_database(path: Path, *, durable: bool) -> sqlite3.Connection:
    """A connection to the relay's database at `path`, made if it is missing.

    Autocommit mode; usable from any thread, but from one at a time.

    Args:
        path: the file; SQLite keeps its log beside it.
        durable: whether what is committed must survive a power cut.

    Raises:
        HomeError: if the file cannot be opened, or is something else.
        NewerDatabaseError: if a newer version of this program wrote it.
    """
    try:
        connection = sqlite3.connect(
            path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise _home_error(path, error) from error
    try:
        _prepare(connection, path)
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute("PRAGMA temp_store = MEMORY")
    except sqlite3.Error as error:
        connection.close()
        raise _home_error(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def tag_salt(connection: sqlite3.Connection) -> bytes:
    """The key of this database's tag keys."""
    return connection.execute("SELECT value FROM settings WHERE name = 'tag_salt'").fetchone()[0]


def tag_key(name: str, value: str, salt: bytes) -> int:
    """The number under which a tag is indexed: 64 bits, a third of the space that its text would take.

    Two tags share one by chance in a store of ten million different ones with a probability of 3 in a
    million; an answer would then hold an event too many, which readers drop.
    """
    digest = blake2b(f"{name}{value}".encode(), digest_size=8, key=salt).digest()
    return int.from_bytes(digest, "big", signed=True)


def tag_keys(tags: Iterable[tuple[str, ...]], salt: bytes) -> set[int]:
    """The keys of the tags that filters can ask for: a one-letter name and a value (NIP-01, "Tags")."""
    return {tag_key(tag[0], tag[1], salt) for tag in tags if len(tag) > 1 and len(tag[0]) == 1}


def coordinates_of(event: Event) -> str | None:
    """`kind:pubkey:d` if only the newest of such events is kept, else None (NIP-01, "Kinds")."""
    kind = event.kind
    if kind in {0, 3} or 10_000 <= kind < 20_000:
        return f"{kind}:{event.pubkey}:"
    if 30_000 <= kind < 40_000:
        return f"{kind}:{event.pubkey}:{first_tag_value(event.tags, 'd') or ''}"
    return None


def address_of(coordinates: str) -> bytes:
    """The 32 bytes under which a replaceable or addressable event is unique."""
    return sha256(coordinates.encode()).digest()


def is_ephemeral(kind: int) -> bool:
    """Whether events of that kind are passed on and not kept (NIP-01, "Kinds")."""
    return 20_000 <= kind < 30_000


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    application_id: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION and application_id == _APPLICATION_ID:
        raise NewerDatabaseError(
            f"{path} was written by a newer nostr-usage (schema {version}, this one knows {_VERSION})",
            advice="Upgrade nostr-usage.",
        )
    if application_id == _APPLICATION_ID:
        return
    if connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
        raise HomeError(f"{path} is not a database of the embedded relay", advice="Choose another file.")
    connection.execute("PRAGMA journal_mode = WAL")
    script = resources.files("nostr_usage.embedded").joinpath("schema.sql").read_text(encoding="utf-8")
    connection.executescript(
        f"BEGIN IMMEDIATE;{script};PRAGMA application_id = {_APPLICATION_ID};"
        f"PRAGMA user_version = {_VERSION};COMMIT;"
    )


def _home_error(path: Path, error: sqlite3.Error) -> HomeError:
    if "is not a database" in str(error):
        return HomeError(f"{path} is not a database of the embedded relay", advice="Choose another file.")
    return HomeError(f"{path}: {error}", advice="Check the file, its directory and the space on its disk.")
