"""`nostr-usage org usage`: what members and departments used in a month."""

from __future__ import annotations

import click

from nostr_usage.amount import format_dollars, format_dollars_exact, format_tokens
from nostr_usage.cli.choosing import chosen_streams, meter_option
from nostr_usage.cli.options import json_option, month_option, parse_month, pass_clock, pass_home
from nostr_usage.cli.output import print_csv, print_json, print_line, print_table
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.home import Home
from nostr_usage.insight.breakdown import Dimension
from nostr_usage.organise import organisation_of
from nostr_usage.reporting.entitlement import Feature, entitlement_of
from nostr_usage.reporting.organisations import OrganisationUse, Part, organisation_use
from nostr_usage.reporting.stream_use import save_use
from nostr_usage.wiring import find_account, home_catalogue, open_reader


@click.command(epilog="Example: nostr-usage org usage acme --month last")
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
    with open_reader(home) as opened:
        with opened.store.read() as reader:
            row = organisation_of(reader, find_account(opened.store, organisation))
            plan = entitlement_of(home_catalogue(home, opened.settings), row)
            plan.require_dimension(Dimension.MEMBER)
            if as_csv:
                plan.require(Feature.CSV_EXPORT)
            streams = chosen_streams(reader, row.account, meter=meter)
        save_use(opened.store, streams)
        with opened.store.read() as reader:
            found = [organisation_use(reader, stream, month) for stream in streams]
    has_departments = plan.includes_dimension(Dimension.GROUP)
    if as_json:
        print_json([_use_object(one, has_departments=has_departments) for one in found])
    elif as_csv:
        _print_csv(found, has_departments=has_departments)
    else:
        print_line(f"{row.label or row.account}, {month} (UTC)")
        used = [one for one in found if one.total.count or one.total.tokens]
        for one in used or found[:1]:
            _print_use(one, has_departments=has_departments)
        idle = ", ".join(one.meter for one in found if one not in used)
        if used and idle:
            print_line()
            print_line(f"Nothing was used of {idle}.")


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
