"""Organise: an account whose entries name a member: its departments, its members, and what each may use.

    name ─▶ pseudonym ─▶ entries, holds, budgets

Names stay in the operator's store. What is published is a pseudonym that only the operator can lead back to
a name, unless a public one is asked for. An organisation's actions need a member of its own; a quota is a
budget of the account for that pseudonym, decided where every other budget is.
"""

from __future__ import annotations

from typing import TypeVar

from nostr_usage.errors import InputError, UnknownNameError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.guardrail import Budget, Enforcement, Scope
from nostr_usage.ledger.window import Period
from nostr_usage.store import AccountRow, DepartmentRow, MemberRow, Reader, Store, Transaction
from nostr_usage.wire.account_key import pseudonym_of
from nostr_usage.wire.entry_fields import LABEL_MAX
from nostr_usage.writing.stream_writer import Operator

Row = TypeVar("Row")

MEMBERS_MAX = 100_000
DEPARTMENTS_MAX = 1_000


class Organiser:
    """Organisations of a service. Safe to use from several threads and processes at once."""

    def __init__(self, *, store: Store, operator: Operator) -> None:
        self._store = store
        self._operator = operator

    def found(self, account: AccountId) -> None:
        """Make an account an organisation: from now on only its members may act for it.

        Raises:
            UnknownNameError: if there is no such account.
        """
        now = self._operator.clock.now()
        self._store.write(
            lambda transaction: transaction.add_organisation(
                _account(transaction, account).account_no, now=now
            )
        )

    def add_department(
        self, account: AccountId, name: str, *, public_name: str | None = None
    ) -> DepartmentRow:
        """Add a department, or find the one that has this name already.

        Raises:
            UnknownNameError: if the account is no organisation.
            InputError: if the name cannot be kept, or what would be published is taken.
        """
        pseudonym = self._pseudonym(account, name, public_name, sort="d")

        def work(transaction: Transaction) -> DepartmentRow:
            number = organisation_of(transaction, account).account_no
            known = transaction.department(number, name)
            if known is None or known.name != name:
                _refuse_taken(known or transaction.department(number, pseudonym), name, pseudonym)
                _refuse_too_many(len(transaction.departments(number)), DEPARTMENTS_MAX, "departments")
                transaction.add_department(number, name, pseudonym=pseudonym, now=self._operator.clock.now())
                return DepartmentRow(name=name, pseudonym=pseudonym)
            _refuse_other_public_name(known, public_name)
            return known

        return self._store.write(work)

    def add_member(
        self,
        account: AccountId,
        name: str,
        *,
        department: str | None = None,
        public_name: str | None = None,
    ) -> MemberRow:
        """Add a member, or let one back in under the pseudonym of before.

        Args:
            account: the organisation.
            name: what the operator calls the member, such as a user's id; it is not published.
            department: the name of theirs.
            public_name: what entries are to say instead of a pseudonym made here.

        Raises:
            UnknownNameError: if the account is no organisation, or it has no such department.
            InputError: if the name cannot be kept, or what would be published is taken.
        """
        pseudonym = self._pseudonym(account, name, public_name, sort="m")
        now = self._operator.clock.now()

        def work(transaction: Transaction) -> MemberRow:
            number = organisation_of(transaction, account).account_no
            place = None if department is None else _department(transaction, number, department).name
            known = transaction.member(number, name)
            if known is not None and known.name == name:
                _refuse_other_public_name(known, public_name)
                if known.removed_at is None and known.department == place:
                    return known
            else:
                _refuse_taken(known or transaction.member(number, pseudonym), name, pseudonym)
                _refuse_too_many(len(transaction.members(number)), MEMBERS_MAX, "members")
            transaction.put_member(number, name, pseudonym=pseudonym, department=place, now=now)
            return _member(transaction, number, name)

        return self._store.write(work)

    def move_member(self, account: AccountId, name: str, department: str | None) -> MemberRow:
        """Put a member into another department, or into none: from now on their actions count there.

        Raises:
            UnknownNameError: if there is no such organisation, member or department.
        """

        def work(transaction: Transaction) -> MemberRow:
            number = organisation_of(transaction, account).account_no
            member = _present(_member(transaction, number, name), name)
            place = None if department is None else _department(transaction, number, department).name
            transaction.set_member_department(number, member.name, place)
            return _member(transaction, number, member.name)

        return self._store.write(work)

    def remove_member(self, account: AccountId, name: str) -> MemberRow:
        """Let nobody act as this member any more; what they used stays theirs, what they hold can be settled.

        Raises:
            UnknownNameError: if there is no such organisation or member.
        """

        def work(transaction: Transaction) -> MemberRow:
            number = organisation_of(transaction, account).account_no
            member = _present(_member(transaction, number, name), name)
            transaction.remove_member(number, member.name, now=self._operator.clock.now())
            return _member(transaction, number, member.name)

        return self._store.write(work)

    def quota(
        self,
        account: AccountId,
        *,
        scope: Scope,
        name: str,
        period: Period,
        tokens: int,
        enforcement: Enforcement,
    ) -> Budget:
        """The budget that is a quota of a member or department, to be set as every other; `name` "" is each.

        Raises:
            UnknownNameError: if there is no such organisation, member or department.
        """
        with self._store.read() as reader:
            subject = subject_of(reader, account, scope=scope, name=name)
        return Budget(scope=scope, period=period, tokens=tokens, enforcement=enforcement, subject=subject)

    def _pseudonym(self, account: AccountId, name: str, public_name: str | None, *, sort: str) -> str:
        for text in (name, public_name):
            if text is not None and not (1 <= len(text) <= LABEL_MAX and text.isprintable()):
                raise InputError(
                    f"{text[:80]!r} cannot be a name", advice=f"Use 1 to {LABEL_MAX} printable characters."
                )
        if public_name is not None:
            return public_name
        return pseudonym_of(self._operator.cipher(account).request_secret, name, sort=sort)


def organisation_of(reader: Reader, account: AccountId) -> AccountRow:
    """The account, which must be an organisation.

    Raises:
        UnknownNameError: if it is none.
    """
    row = _account(reader, account)
    if not reader.is_organisation(row.account_no):
        raise UnknownNameError(
            "organisation", row.label or account, advice="`nostr-usage org new` makes an account one."
        )
    return row


def subject_of(reader: Reader, account: AccountId, *, scope: Scope, name: str) -> str:
    """The pseudonym that a quota of a member or department counts; "" for each of them.

    Raises:
        UnknownNameError: if there is no such organisation, member or department.
    """
    number = organisation_of(reader, account).account_no
    if not name:
        return ""
    if scope is Scope.MEMBER:
        return _member(reader, number, name).pseudonym
    return _department(reader, number, name).pseudonym


def _account(reader: Reader, account: AccountId) -> AccountRow:
    row = reader.account(account)
    if row is None:
        raise UnknownNameError("account", account, advice="`nostr-usage account list` shows them all.")
    return row


def _department(reader: Reader, account_no: int, name: str) -> DepartmentRow:
    return _known(reader.department(account_no, name), "department", name)


def _member(reader: Reader, account_no: int, name: str) -> MemberRow:
    return _known(reader.member(account_no, name), "member", name)


def _known(row: Row | None, sort: str, name: str) -> Row:
    if row is None:
        raise UnknownNameError(
            sort, name[:80], advice="`nostr-usage org members list` and `org departments list` show them."
        )
    return row


def _present(member: MemberRow, name: str) -> MemberRow:
    return _known(member if member.removed_at is None else None, "member", name)


def _refuse_taken(other: MemberRow | DepartmentRow | None, name: str, pseudonym: str) -> None:
    if other is not None:
        shared = pseudonym if other.pseudonym == pseudonym else name
        raise InputError(f"{shared[:80]!r} already stands for {other.name!r}", advice="Choose another name.")


def _refuse_other_public_name(known: MemberRow | DepartmentRow, public_name: str | None) -> None:
    if public_name is not None and public_name != known.pseudonym:
        raise InputError(
            f"{known.name!r} is called {known.pseudonym!r} in entries, for ever",
            advice="Leave the public name out.",
        )


def _refuse_too_many(count: int, most: int, what: str) -> None:
    if count >= most:
        raise InputError(f"an organisation has at most {most:,} {what}")
