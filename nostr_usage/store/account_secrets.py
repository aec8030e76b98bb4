"""The keys of accounts, in a file of their own: a copy of the store is no copy of these."""

import os
import sqlite3
import stat
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from nostr_usage.errors import HomeError
from nostr_usage.ledger.names import AccountId
from nostr_usage.store.database import Schema, home_error, is_about_file, open_database

# Without a write-ahead log: that would keep what was overwritten until its next checkpoint.
SCHEMA = Schema(
    title="file of account keys",
    folder="secrets",
    application_id=0x756C3102,
    version=1,
    journal_mode="DELETE",
    page_size=4096,
)


class AccountSecretRow(NamedTuple):
    """The secrets of one account, 32 bytes each; `repr` shows none of them.

    Attributes:
        account: whose.
        request_secret: what idempotency keys and payment ids are hashed with.
        operator_secret: the operator's side of sealed details, for this account only.
        account_secret: the account key, as long as the service holds it for its owner.
    """

    account: AccountId
    request_secret: bytes
    operator_secret: bytes
    account_secret: bytes | None

    def __repr__(self) -> str:
        return f"AccountSecretRow(account={self.account!r})"


class AccountSecrets:
    """The file of account keys. Every change is on the disk when the call returns."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._mutex = threading.Lock()

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> Self:
        """The file at `path`; with `create`, made if it is missing, readable by its owner only.

        Raises:
            HomeError: if it is missing or something else, or if others may read it.
            NewerDatabaseError: if a newer version of this program wrote it.
        """
        if path.exists():
            _refuse_shared(path)
        connection = open_database(path, SCHEMA, create=create)
        connection.execute("PRAGMA secure_delete = ON")
        return cls(connection, path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._mutex:
            self._connection.close()

    def add(
        self,
        account: AccountId,
        *,
        request_secret: bytes,
        operator_secret: bytes,
        account_secret: bytes | None = None,
    ) -> AccountSecretRow:
        """Keep the secrets of an account; what is kept afterwards.

        An account that is known keeps the secrets it has: entries may have been written with them.
        """
        with self._using() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO account_secrets"
                " (account, request_secret, operator_secret, account_secret) VALUES (?, ?, ?, ?)",
                (bytes.fromhex(account), request_secret, operator_secret, account_secret),
            )
        return self.get(account)

    def get(self, account: AccountId) -> AccountSecretRow:
        """The secrets of an account.

        Raises:
            HomeError: if there are none.
        """
        with self._using() as connection:
            row = connection.execute(
                "SELECT request_secret, operator_secret, account_secret FROM account_secrets"
                " WHERE account = ?",
                (bytes.fromhex(account),),
            ).fetchone()
        if row is None:
            raise HomeError(
                f"{self._path} has no keys for account {account}",
                advice="Restore the file from a backup made after the account was opened.",
            )
        request_secret, operator_secret, account_secret = row
        return AccountSecretRow(
            account=account,
            request_secret=request_secret,
            operator_secret=operator_secret,
            account_secret=account_secret,
        )

    def forget_account_secret(self, account: AccountId) -> None:
        """Overwrite the account key, once its owner has it. Backups and freed blocks may still hold it."""
        with self._using() as connection:
            connection.execute(
                "UPDATE account_secrets SET account_secret = NULL WHERE account = ?",
                (bytes.fromhex(account),),
            )

    def erase(self, account: AccountId) -> None:
        """Overwrite all that is held of an account: from then on only its owner can read its details."""
        with self._using() as connection:
            connection.execute("DELETE FROM account_secrets WHERE account = ?", (bytes.fromhex(account),))

    @contextmanager
    def _using(self) -> Generator[sqlite3.Connection]:
        with self._mutex:
            try:
                yield self._connection
            except sqlite3.Error as error:
                if not is_about_file(error) and not isinstance(error, sqlite3.ProgrammingError):
                    raise
                raise home_error(self._path, error) from error


def _refuse_shared(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise HomeError(
            f"{path} holds keys, and others may use it (mode {mode:04o})", advice=f"chmod 600 {path}"
        )
