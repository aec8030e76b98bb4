"""`nostr-usage org …`: accounts whose entries name a member: who may act, for which department, how much."""

from __future__ import annotations

import secrets as os_entropy
from collections.abc import Sequence

import click

from nostr_usage.amount import format_dollars, format_dollars_exact, format_tokens
from nostr_usage.cli.choosing import balance_views, chosen_streams, meter_option
from nostr_usage.cli.options import (
    json_option,
    key_password,
    month_option,
    parse_month,
    pass_clock,
    pass_home,
)
from nostr_usage.cli.organisation_quotas import quota
from nostr_usage.cli.output import iso_time, print_csv, print_json, print_line, print_note, print_table
from nostr_usage.clock import Clock
from nostr_usage.enrolment import enrol
from nostr_usage.errors import InputError
from nostr_usage.home import Home
from nostr_usage.insight.breakdown import Dimension
from nostr_usage.nostr.nip19 import encode_npub
from nostr_usage.organise import organisation_of
from nostr_usage.reporting.entitlement import Feature, entitlement_of
from nostr_usage.reporting.organisations import OrganisationUse, Part, organisation_use
from nostr_usage.store import MemberRow
from nostr_usage.wiring import find_account, home_catalogue, open_operator, open_reader


@click.group()
def org() -> None:
    """Organisations: an account's members and departments, their quotas, and what each of them used.

    Entries carry pseudonyms that only this home can lead back to a name, unless --public-name asks for one.
    Only its members may act for an organisation: `record`, `check` and `reserve` take them as --actor.
    """


@org.command("new", epilog="Example: nostr-usage org new acme --plan enterprise")
@click.argument("name")
@click.option("--plan", help="Of an account that is opened now.  [default: the catalogue's first]")
@json_option
@pass_home
@pass_clock
def new_organisation(clock: Clock, home: Home, *, name: str, plan: str | None, as_json: bool) -> None:
    """Make the account NAME an organisation; it is opened if there is none.

    Exit codes: 0 done, 2 a value that cannot be used, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        with opened.store.read() as reader:
            row = reader.account_labelled(name)
        if row is not None and plan not in {None, row.plan}:
            raise InputError(
                f"account {name!r} is open already, on plan {row.plan or 'none'}",
                advice="Change it with `nostr-usage plan`.",
            )
        if row is not None:
            account = row.account
        elif len(name) == 64 or name.startswith("npub1"):
            account = find_account(opened.store, name)
        else:
            chosen = opened.catalogue.plan(plan or opened.catalogue.plans[0].name)
            account = enrol(
                opened.recorder,
                opened.secrets,
                entropy=os_entropy.token_bytes,
                label=name,
                plan=chosen.name,
            ).account
            print_note(f"Hand its key over: nostr-usage account export {name}")
        opened.organiser.found(account)
    if as_json:
        print_json({"account": account, "npub": encode_npub(account), "label": name})
    else:
        print_line(f"organisation {name}")
        print_line(f"  {encode_npub(account)}")


@org.command("list", epilog="Example: nostr-usage org list --json")
@json_option
@pass_home
def list_organisations(home: Home, *, as_json: bool) -> None:
    """All organisations, with how many members and departments they have.

    Exit codes: 0 done, 5 no usable home.
    """
    with open_reader(home) as opened, opened.store.read() as reader:
        found = [
            {
                "account": row.account,
                "label": row.label or "",
                "plan": row.plan or "",
                "members": len(_present(reader.members(row.account_no))),
                "departments": len(reader.departments(row.account_no)),
            }
            for row in tuple(reader.accounts())
            if reader.is_organisation(row.account_no)
        ]
    if as_json:
        print_json(found)
    elif not found:
        print_line("no organisations")
    else:
        rows = [
            (str(one["label"]), str(one["plan"]), f"{one['members']:,}", f"{one['departments']:,}")
            for one in found
        ]
        print_table(("organisation", "plan", "members", "departments"), rows, right=(2, 3))


@org.command("show", epilog="Example: nostr-usage org show acme")
@click.argument("organisation")
@json_option
@pass_home
@pass_clock
def show(clock: Clock, home: Home, *, organisation: str, as_json: bool) -> None:
    """ORGANISATION: its plan, its balances, how many may act for it.

    Exit codes: 0 done, 2 no such organisation, 5 no usable home.
    """
    with open_reader(home) as opened, opened.store.read() as reader:
        row = organisation_of(reader, find_account(opened.store, organisation))
        members, departments = reader.members(row.account_no), reader.departments(row.account_no)
        streams = reader.streams(account_no=row.account_no)
        views = balance_views(opened, reader, streams, now=clock.now())
        quotas = [one for one in reader.budgets(row.account_no) if one.scope in {"member", "group"}]
    if as_json:
        print_json(
            {
                "account": row.account,
                "label": row.label,
                "plan": row.plan,
                "members": len(_present(members)),
                "members_left": len(members) - len(_present(members)),
                "departments": [one.name for one in departments],
                "quotas": len(quotas),
                "balances": {view.meter: view.tokens for view in views},
            }
        )
        return
    print_line(f"{row.label or ''} {encode_npub(row.account)}".strip())
    print_line(f"  plan         {row.plan or 'none'}")
    print_line(f"  members      {len(_present(members)):,}")
    print_line(f"  departments  {', '.join(one.name for one in departments) or 'none'}")
    print_line(f"  quotas       {len(quotas):,}")
    for view in views:
        print_line(f"  {view.meter:<12} {format_tokens(view.tokens)} left")


@org.group(epilog="Example: nostr-usage org members add acme maria")
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
    shown = found if is_all else _present(found)
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


@org.group(epilog="Example: nostr-usage org departments add acme sales")
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
        sizes = [member.department for member in _present(reader.members(row.account_no))]
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


@org.command(epilog="Example: nostr-usage org usage acme --month last")
@click.argument("organisation")
@month_option
@meter_option
@click.option("--csv", "as_csv", is_flag=True, help="CSV, for spreadsheets; no cell can be a formula.")
@json_option
@pass_home
@pass_clock
def usage(
    clock: Clock,
    home: Home,
    *,
    organisation: str,
    month_name: str | None,
    meter: str | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """What the members and departments of ORGANISATION used in a month; both add to the account's total.

    Exit codes: 0 done, 2 no such organisation, 3 the plan does not include it, 5 no usable home.
    """
    if as_csv and as_json:
        raise InputError("--csv and --json exclude each other", advice="Give one of them.")
    month = parse_month(month_name, now=clock.now())
    with open_reader(home) as opened, opened.store.read() as reader:
        row = organisation_of(reader, find_account(opened.store, organisation))
        plan = entitlement_of(home_catalogue(home, opened.settings), row)
        plan.require_dimension(Dimension.MEMBER)
        if as_csv:
            plan.require(Feature.CSV_EXPORT)
        found = [
            organisation_use(reader, stream, month)
            for stream in chosen_streams(reader, row.account, meter=meter)
        ]
    has_departments = plan.includes_dimension(Dimension.GROUP)
    if as_json:
        print_json([_use_object(one, has_departments=has_departments) for one in found])
    elif as_csv:
        _print_csv(found, has_departments=has_departments)
    else:
        print_line(f"{row.label or row.account}, {month} (UTC)")
        for one in found:
            _print_use(one, has_departments=has_departments)


org.add_command(quota)


def _present(found: Sequence[MemberRow]) -> tuple[MemberRow, ...]:
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


def _print_use(use: OrganisationUse, *, has_departments: bool) -> None:
    print_line()
    members = [(_called(one), one.department, *_figures(one)) for one in use.members]
    total = ("total", "", *_figures(Part(row=use.total, pseudonym="")))
    header = ("member", "department", "actions", use.meter, "value", "share")
    print_table(header, [*members, total], right=(2, 3, 4, 5))
    if has_departments and use.departments:
        print_line()
        rows = [(_called(one), *_figures(one)) for one in use.departments]
        total = ("total", *_figures(Part(row=use.total, pseudonym="")))
        print_table(("department", *header[2:]), [*rows, total], right=(1, 2, 3, 4))


def _called(part: Part) -> str:
    name = part.row.name or "not stated"
    return name if part.is_here or not part.row.name else f"{name} (left)"


def _figures(part: Part) -> tuple[str, str, str, str]:
    row = part.row
    return (
        f"{row.count:,}",
        format_tokens(row.tokens),
        format_dollars(row.cents * 10_000),
        f"{row.share} %",
    )


def _parts(use: OrganisationUse, *, has_departments: bool) -> list[tuple[str, Part]]:
    found = [("member", part) for part in use.members]
    return found + [("department", part) for part in use.departments] if has_departments else found


def _use_object(use: OrganisationUse, *, has_departments: bool) -> dict[str, object]:
    parts = _parts(use, has_departments=has_departments)
    return {
        "meter": use.meter,
        "month": use.month,
        "count": use.total.count,
        "tokens": use.total.tokens,
        "usd": format_dollars_exact(use.total.micro_dollars),
        "members": [_part_object(part) for sort, part in parts if sort == "member"],
        "departments": [_part_object(part) for sort, part in parts if sort == "department"],
    }


def _part_object(part: Part) -> dict[str, object]:
    return {
        "name": part.row.name,
        "pseudonym": part.pseudonym,
        "department": part.department,
        "is_here": part.is_here,
        "count": part.row.count,
        "tokens": part.row.tokens,
        "usd": format_dollars_exact(part.row.micro_dollars),
        "share": part.row.share,
    }


def _print_csv(found: list[OrganisationUse], *, has_departments: bool) -> None:
    header = ("meter", "month", "part", "name", "pseudonym", "department", "count", "tokens", "usd", "share")
    rows = [
        (
            use.meter,
            use.month,
            sort,
            part.row.name,
            part.pseudonym,
            part.department,
            part.row.count,
            part.row.tokens,
            format_dollars_exact(part.row.micro_dollars),
            part.row.share,
        )
        for use in found
        for sort, part in _parts(use, has_departments=has_departments)
    ]
    print_csv(header, rows)
