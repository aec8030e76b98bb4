"""`nostr-usage org members|departments …`: who may act for an organisation, and for which part of it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from nostr_usage.cli.options import json_option, key_password, pass_clock, pass_home
from nostr_usage.cli.output import iso_time, print_json, print_line, print_table
from nostr_usage.clock import Clock
from nostr_usage.home import Home
from nostr_usage.organise import organisation_of
from nostr_usage.store import MemberRow
from nostr_usage.wiring import find_account, open_operator, open_reader


@click.group(epilog="Example: nostr-usage org members add acme maria")
def members() -> None:
    """Who may act for an organisation: list, add, move, remove.

    Exit codes: 0 done, 2 a value that cannot be used, 5 no usable home.
    """


@members.command("list", epilog="Example: nostr-usage org members list acme")
@click.argument("organisation")
@click.option("--all", "is_all", is_flag=True, help="Those who left, too.")
@json_option
@pass_home
def list_members(home: Home, *, organisation: str, is_all: bool, as_json: bool) -> None:
    """The members of ORGANISATION, with what entries call them.

    Exit codes: 0 done, 2 no such organisation, 5 no usable home.
    """
    with open_reader(home) as opened, opened.store.read() as reader:
        row = organisation_of(reader, find_account(opened.store, organisation))
        found = reader.members(row.account_no)
    shown = found if is_all else present(found)
    if as_json:
        print_json([_member_object(member) for member in shown])
    elif not shown:
        print_line("no members: nobody may act for it")
    else:
        rows = [
            (one.name, one.department or "", one.pseudonym, "" if one.removed_at is None else "left")
            for one in shown
        ]
        print_table(("member", "department", "in entries", ""), rows)


@members.command("add", epilog="Example: nostr-usage org members add acme maria --department sales")
@click.argument("organisation")
@click.argument("name")
@click.option("--department", metavar="NAME", help="What their actions count for.")
@click.option("--public-name", metavar="NAME", help="What entries say, openly.  [default: a pseudonym]")
@json_option
@pass_home
@pass_clock
def add_member(
    clock: Clock,
    home: Home,
    *,
    organisation: str,
    name: str,
    department: str | None,
    public_name: str | None,
    as_json: bool,
) -> None:
    """Let NAME act for ORGANISATION. Who comes back has the pseudonym of before.

    Exit codes: 0 done, 2 a value that cannot be used, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        account = find_account(opened.store, organisation)
        member = opened.organiser.add_member(account, name, department=department, public_name=public_name)
    _print_member(member, "may act", as_json=as_json)


@members.command("move", epilog="Example: nostr-usage org members move acme maria support")
@click.argument("organisation")
@click.argument("name")
@click.argument("department", required=False)
@json_option
@pass_home
@pass_clock
def move_member(
    clock: Clock, home: Home, *, organisation: str, name: str, department: str | None, as_json: bool
) -> None:
    """Have what NAME does from now on count for DEPARTMENT; for none, if it is left out.

    Exit codes: 0 done, 2 no such organisation, member or department, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        account = find_account(opened.store, organisation)
        member = opened.organiser.move_member(account, name, department)
    _print_member(member, "was moved", as_json=as_json)


@members.command("remove", epilog="Example: nostr-usage org members remove acme maria")
@click.argument("organisation")
@click.argument("name")
@json_option
@pass_home
@pass_clock
def remove_member(clock: Clock, home: Home, *, organisation: str, name: str, as_json: bool) -> None:
    """Let NAME act for ORGANISATION no more. What runs is still charged; what was used stays theirs.

    Exit codes: 0 done, 2 no such organisation or member, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        member = opened.organiser.remove_member(find_account(opened.store, organisation), name)
    _print_member(member, "may act no more", as_json=as_json)


@click.group(epilog="Example: nostr-usage org departments add acme sales")
def departments() -> None:
    """The departments of an organisation: list, add.

    Exit codes: 0 done, 2 a value that cannot be used, 5 no usable home.
    """


@departments.command("list", epilog="Example: nostr-usage org departments list acme")
@click.argument("organisation")
@json_option
@pass_home
def list_departments(home: Home, *, organisation: str, as_json: bool) -> None:
    """The departments of ORGANISATION, with what entries call them.

    Exit codes: 0 done, 2 no such organisation, 5 no usable home.
    """
    with open_reader(home) as opened, opened.store.read() as reader:
        row = organisation_of(reader, find_account(opened.store, organisation))
        found = reader.departments(row.account_no)
        sizes = [member.department for member in present(reader.members(row.account_no))]
    if as_json:
        print_json([{**one._asdict(), "members": sizes.count(one.name)} for one in found])
    elif not found:
        print_line("no departments")
    else:
        rows = [(one.name, f"{sizes.count(one.name):,}", one.pseudonym) for one in found]
        print_table(("department", "members", "in entries"), rows, right=(1,))


@departments.command("add", epilog="Example: nostr-usage org departments add acme sales")
@click.argument("organisation")
@click.argument("name")
@click.option("--public-name", metavar="NAME", help="What entries say, openly.  [default: a pseudonym]")
@json_option
@pass_home
@pass_clock
def add_department(
    clock: Clock, home: Home, *, organisation: str, name: str, public_name: str | None, as_json: bool
) -> None:
    """Add the department NAME to ORGANISATION.

    Exit codes: 0 done, 2 a value that cannot be used, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        account = find_account(opened.store, organisation)
        added = opened.organiser.add_department(account, name, public_name=public_name)
    if as_json:
        print_json(added._asdict())
    else:
        print_line(f"department {added.name}, {added.pseudonym} in entries")


def present(found: Sequence[MemberRow]) -> tuple[MemberRow, ...]:
    """Those who have not left."""
    return tuple(member for member in found if member.removed_at is None)


def _member_object(member: MemberRow) -> dict[str, object]:
    times = {"added_at": iso_time(member.added_at), "removed_at": iso_time(member.removed_at)}
    return {**member._asdict(), **times}


def _print_member(member: MemberRow, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_member_object(member))
        return
    department = f" for {member.department}" if member.department else ""
    print_line(f"{member.name} {what}{department}; {member.pseudonym} in entries")
