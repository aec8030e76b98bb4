"""Organisations: which accounts are one, their departments, and the members behind pseudonyms."""

from typing import NamedTuple

from nostr_usage.store.database import Connected
from nostr_usage.store.memory import Remembered


class DepartmentRow(NamedTuple):
    """A department: its private name, and the pseudonym that entries carry."""

    name: str
    pseudonym: str


class MemberRow(NamedTuple):
    """A member: private name, public pseudonym, department; `removed_at` is None as long as they are one."""

    name: str
    pseudonym: str
    department: str | None
    added_at: int
    removed_at: int | None


class OrganisationReads(Connected):
    """Members and departments of accounts."""

    __slots__ = ()

    def is_organisation(self, account_no: int) -> bool:
        """Whether members are registered for the account's entries to name."""
        return self._recall(Remembered.ORGANISATION, account_no, lambda: self._has_organisation(account_no))

    def _has_organisation(self, account_no: int) -> bool:
        row = self._connection.execute("SELECT 1 FROM organisations WHERE account_no = ?", (account_no,))
        return row.fetchone() is not None

    def departments(self, account_no: int) -> tuple[DepartmentRow, ...]:
        """All departments, by name."""
        rows = self._connection.execute(
            "SELECT name, pseudonym FROM departments WHERE account_no = ? ORDER BY name", (account_no,)
        )
        return tuple(DepartmentRow(*row) for row in rows)

    def department(self, account_no: int, name: str) -> DepartmentRow | None:
        """The department with this name or pseudonym."""
        row = self._connection.execute(
            "SELECT name, pseudonym FROM departments WHERE account_no = ?1 AND (name = ?2 OR pseudonym = ?2)",
            (account_no, name),
        ).fetchone()
        return DepartmentRow(*row) if row else None

    def called(self, account_no: int, pseudonym: str, *, is_member: bool) -> str:
        """The name of a member or department behind a pseudonym, or the pseudonym where there is none."""
        found = self.member(account_no, pseudonym) if is_member else self.department(account_no, pseudonym)
        return found.name if found else pseudonym

    def members(self, account_no: int) -> tuple[MemberRow, ...]:
        """All members, by name; those who left, too."""
        rows = self._connection.execute(
            "SELECT name, pseudonym, department, added_at, removed_at FROM members WHERE account_no = ?"
            " ORDER BY name",
            (account_no,),
        )
        return tuple(MemberRow(*row) for row in rows)

    def member(self, account_no: int, name: str) -> MemberRow | None:
        """The member with this name or pseudonym, also one who left."""
        row = self._connection.execute(
            "SELECT name, pseudonym, department, added_at, removed_at FROM members"
            " WHERE account_no = ?1 AND (name = ?2 OR pseudonym = ?2)",
            (account_no, name),
        ).fetchone()
        return MemberRow(*row) if row else None


class OrganisationWrites(OrganisationReads):
    """Changes to organisations."""

    __slots__ = ()

    def add_organisation(self, account_no: int, *, now: int) -> None:
        """Make an account an organisation; one that is one stays as it is."""
        self._connection.execute(
            "INSERT OR IGNORE INTO organisations (account_no, created_at) VALUES (?, ?)", (account_no, now)
        )
        self._forget(Remembered.ORGANISATION)

    def add_department(self, account_no: int, name: str, *, pseudonym: str, now: int) -> None:
        """Add a department that is not there yet."""
        self._connection.execute(
            "INSERT INTO departments (account_no, name, pseudonym, created_at) VALUES (?, ?, ?, ?)",
            (account_no, name, pseudonym, now),
        )

    def put_member(
        self, account_no: int, name: str, *, pseudonym: str, department: str | None, now: int
    ) -> None:
        """Add a member, or let one back in who left; `department` is a name."""
        self._connection.execute(
            "INSERT INTO members (account_no, name, pseudonym, department, added_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (account_no, name) DO UPDATE"
            " SET department = excluded.department, added_at = excluded.added_at, removed_at = NULL",
            (account_no, name, pseudonym, department, now),
        )

    def set_member_department(self, account_no: int, name: str, department: str | None) -> None:
        """Put a member into another department, or into none."""
        self._connection.execute(
            "UPDATE members SET department = ? WHERE account_no = ? AND name = ?",
            (department, account_no, name),
        )

    def remove_member(self, account_no: int, name: str, *, now: int) -> None:
        """Note that a member left; entries go on naming them."""
        self._connection.execute(
            "UPDATE members SET removed_at = max(?, added_at) WHERE account_no = ? AND name = ?",
            (now, account_no, name),
        )
