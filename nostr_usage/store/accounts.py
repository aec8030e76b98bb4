"""Accounts and relays: what the ledger is about, and where it is published."""

from collections.abc import Iterator
from typing import NamedTuple

from nostr_usage.errors import HomeError, InputError
from nostr_usage.ledger.names import AccountId
from nostr_usage.store.database import Connected
from nostr_usage.store.memory import Remembered

RELAYS_MAX = 63
"""A sighting is one bit of an SQLite integer."""


class AccountRow(NamedTuple):
    """An account: `anchor` is the unix time from which its cycles are counted."""

    account_no: int
    account: AccountId
    label: str | None
    plan: str | None
    anchor: int
    open_number: int | None
    created_at: int


class RelayRow(NamedTuple):
    """A relay that was published to or read from."""

    relay_no: int
    url: str


class AccountReads(Connected):
    """What is known of accounts and relays."""

    __slots__ = ()

    def account(self, account: AccountId) -> AccountRow | None:
        """The account with this id."""
        return self._recall(Remembered.ACCOUNT, account, lambda: self._read_account(account))

    def _read_account(self, account: AccountId) -> AccountRow | None:
        row = self._connection.execute(
            "SELECT account_no, account, label, plan, anchor, open_number, created_at"
            " FROM accounts WHERE account = ?",
            (bytes.fromhex(account),),
        ).fetchone()
        return _account_row(row) if row else None

    def account_labelled(self, label: str) -> AccountRow | None:
        """The account that the operator gave this label."""
        row = self._connection.execute(
            "SELECT account_no, account, label, plan, anchor, open_number, created_at"
            " FROM accounts WHERE label = ?",
            (label,),
        ).fetchone()
        return _account_row(row) if row else None

    def account_opened_as(self, open_number: int) -> AccountRow | None:
        """The account whose `open` entry has this number."""
        row = self._connection.execute(
            "SELECT account_no, account, label, plan, anchor, open_number, created_at"
            " FROM accounts WHERE open_number = ?",
            (open_number,),
        ).fetchone()
        return _account_row(row) if row else None

    def accounts(self) -> Iterator[AccountRow]:
        """All accounts, oldest first."""
        rows = self._iterate(
            "SELECT account_no, account, label, plan, anchor, open_number, created_at"
            " FROM accounts ORDER BY account_no"
        )
        return map(_account_row, rows)

    def open_number_last(self) -> int:
        """The highest open number of the ledger; 0 if no account was opened.

        Every stream begins with an `open`, and accounts know the number of their first one only.
        """
        return self._connection.execute(
            "SELECT max(coalesce((SELECT max(open_number) FROM accounts), 0), (SELECT count(*) FROM streams))"
        ).fetchone()[0]

    def relays(self) -> tuple[RelayRow, ...]:
        """All relays, by number."""
        rows = self._connection.execute("SELECT relay_no, url FROM relays ORDER BY relay_no")
        return tuple(RelayRow(relay_no=number, url=url) for number, url in rows)


class AccountWrites(AccountReads):
    """Changes to accounts and relays."""

    __slots__ = ()

    def add_account(
        self,
        account: AccountId,
        *,
        created_at: int,
        anchor: int,
        label: str | None = None,
        plan: str | None = None,
        open_number: int | None = None,
    ) -> int:
        """Add an account that is not there yet; its number.

        Raises:
            InputError: if another account has the label.
        """
        if label is not None:
            self._refuse_taken(label)
        cursor = self._connection.execute(
            "INSERT INTO accounts (account, label, plan, anchor, open_number, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (bytes.fromhex(account), label, plan, anchor, open_number, created_at),
        )
        assert cursor.lastrowid is not None
        self._forget(Remembered.ACCOUNT)
        return cursor.lastrowid

    def set_account_plan(self, account_no: int, plan: str | None, *, anchor: int) -> None:
        """Put an account on another plan, with cycles counted from `anchor`."""
        self._connection.execute(
            "UPDATE accounts SET plan = ?, anchor = ? WHERE account_no = ?", (plan, anchor, account_no)
        )
        self._forget(Remembered.ACCOUNT)

    def set_account_label(self, account_no: int, label: str | None) -> None:
        """Give an account another label, or none.

        Raises:
            InputError: if another account has the label.
        """
        if label is not None:
            self._refuse_taken(label, except_for=account_no)
        self._connection.execute("UPDATE accounts SET label = ? WHERE account_no = ?", (label, account_no))
        self._forget(Remembered.ACCOUNT)

    def add_relay(self, url: str) -> int:
        """The number of the relay at `url`, which is added if it is new.

        Raises:
            HomeError: if there are too many.
        """
        row = self._connection.execute("SELECT relay_no FROM relays WHERE url = ?", (url,)).fetchone()
        if row:
            return row[0]
        number = self._connection.execute("SELECT count(*) FROM relays").fetchone()[0]
        if number >= RELAYS_MAX:
            raise HomeError(f"{RELAYS_MAX} relays are known, {url} would be one too many")
        self._connection.execute("INSERT INTO relays (relay_no, url) VALUES (?, ?)", (number, url))
        return number

    def _refuse_taken(self, label: str, *, except_for: int | None = None) -> None:
        holder = self.account_labelled(label)
        if holder and holder.account_no != except_for:
            raise InputError(
                f"label {label!r} belongs to account {holder.account}", advice="Choose another label."
            )


def _account_row(row: tuple[int, bytes, str | None, str | None, int, int | None, int]) -> AccountRow:
    account_no, account, label, plan, anchor, open_number, created_at = row
    return AccountRow(
        account_no=account_no,
        account=AccountId(account.hex()),
        label=label,
        plan=plan,
        anchor=anchor,
        open_number=open_number,
        created_at=created_at,
    )
