"""Organisations in the store: who is a member, by name or pseudonym, and what stays when somebody leaves."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from nostr_usage.ledger.entry import AccountId
from nostr_usage.store import Store, Transaction

NOW = 1_770_000_000
Work = Callable[[Transaction], None]


@pytest.fixture
def store(store_path: Path) -> Generator[Store]:
    """A store with two organisations, `1` with a department and a member, and a plain account."""
    with Store.open(store_path, create=True) as opened:
        opened.write(_fill)
        yield opened


def _fill(transaction: Transaction) -> None:
    for number in range(3):
        transaction.add_account(AccountId(f"{number + 1:064x}"), created_at=NOW, anchor=NOW)
    for account_no in (1, 2):
        transaction.add_organisation(account_no, now=NOW)
    transaction.add_department(1, "Sales", pseudonym="d-1", now=NOW)
    transaction.put_member(1, "Maria", pseudonym="m-1", department="Sales", now=NOW)
    transaction.put_member(2, "Omar", pseudonym="m-2", department=None, now=NOW)


def test_members_are_found_by_name_and_by_pseudonym(store: Store) -> None:
    """In their own organisation only."""
    with store.read() as reader:
        member = reader.member(1, "Maria")
        assert member is not None
        assert ("Maria", "m-1", "Sales", NOW, None) == tuple(member)
        assert member == reader.member(1, "m-1")
        assert (None, None) == (reader.member(2, "Maria"), reader.member(1, "m-2"))
        assert [True, True, False] == [reader.is_organisation(number) for number in (1, 2, 3)]


def test_departments_are_found_by_name_and_by_pseudonym(store: Store) -> None:
    """As members are."""
    with store.read() as reader:
        department = reader.department(1, "Sales")
        assert department is not None
        assert ("Sales", "d-1") == tuple(department)
        assert department == reader.department(1, "d-1")
        assert ((department,), ()) == (reader.departments(1), reader.departments(2))
        assert reader.department(2, "Sales") is None


def test_member_who_left_is_still_known(store: Store) -> None:
    """Entries go on naming them; whoever comes back has the pseudonym of before."""
    store.write(lambda transaction: transaction.remove_member(1, "Maria", now=NOW + 60))
    with store.read() as reader:
        assert [NOW + 60] == [member.removed_at for member in reader.members(1)]
    store.write(lambda t: t.put_member(1, "Maria", pseudonym="m-9", department=None, now=NOW + 90))
    with store.read() as reader:
        member = reader.member(1, "Maria")
        assert member is not None
        assert ("m-1", None, NOW + 90, None) == tuple(member)[1:]


def test_member_changes_department(store: Store) -> None:
    """Into none as well."""
    store.write(lambda transaction: transaction.set_member_department(1, "Maria", None))
    with store.read() as reader:
        assert [None] == [member.department for member in reader.members(1)]


def test_organisation_is_made_once(store: Store) -> None:
    """A second time changes nothing."""
    store.write(lambda transaction: transaction.add_organisation(1, now=NOW + 5))
    with store.read() as reader:
        assert reader.is_organisation(1)
        assert 1 == len(reader.members(1))


def member_of(account_no: int, pseudonym: str, department: str | None = None) -> Work:
    """Adding a member."""
    return lambda transaction: transaction.put_member(
        account_no, "Other", pseudonym=pseudonym, department=department, now=NOW
    )


def department_of(name: str, pseudonym: str) -> Work:
    """Adding a department to the first organisation."""
    return lambda transaction: transaction.add_department(1, name, pseudonym=pseudonym, now=NOW)


@pytest.mark.parametrize(
    "work",
    [
        member_of(1, "m-1"),
        member_of(1, "m-3", "Nowhere"),
        member_of(3, "m-3"),
        department_of("Sales", "d-2"),
        department_of("Other", "d-1"),
    ],
    ids=[
        "pseudonym-twice",
        "no-such-department",
        "no-organisation",
        "department-twice",
        "its-pseudonym-twice",
    ],
)
def test_contradictions_are_kept_out(store: Store, work: Work) -> None:
    """By the schema itself, whoever writes."""
    with pytest.raises(sqlite3.IntegrityError):
        store.write(work)
