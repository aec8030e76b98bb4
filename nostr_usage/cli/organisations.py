"""`nostr-usage org …`: accounts whose entries name a member."""

from __future__ import annotations

import secrets as os_entropy

import click

from nostr_usage.amount import format_tokens
from nostr_usage.cli.choosing import balance_views
from nostr_usage.cli.options import json_option, key_password, pass_clock, pass_home
from nostr_usage.cli.organisation_members import departments, members, present
from nostr_usage.cli.organisation_quotas import quota
from nostr_usage.cli.organisation_usage import usage
from nostr_usage.cli.output import print_json, print_line, print_note, print_table
from nostr_usage.clock import Clock
from nostr_usage.enrolment import enrol
from nostr_usage.errors import InputError
from nostr_usage.home import Home
from nostr_usage.nostr.nip19 import encode_npub
from nostr_usage.organise import organisation_of
from nostr_usage.wiring import find_account, open_operator, open_reader


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
                "members": len(present(reader.members(row.account_no))),
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
        people, parts = reader.members(row.account_no), reader.departments(row.account_no)
        streams = reader.streams(account_no=row.account_no)
        views = balance_views(opened, reader, streams, now=clock.now())
        quotas = [one for one in reader.budgets(row.account_no) if one.scope in {"member", "group"}]
    if as_json:
        print_json(
            {
                "account": row.account,
                "label": row.label,
                "plan": row.plan,
                "members": len(present(people)),
                "members_left": len(people) - len(present(people)),
                "departments": [one.name for one in parts],
                "quotas": len(quotas),
                "balances": {view.meter: view.tokens for view in views},
            }
        )
        return
    print_line(f"{row.label or ''} {encode_npub(row.account)}".strip())
    print_line(f"  plan         {row.plan or 'none'}")
    print_line(f"  members      {len(present(people)):,}")
    print_line(f"  departments  {', '.join(one.name for one in parts) or 'none'}")
    print_line(f"  quotas       {len(quotas):,}")
    for view in views:
        print_line(f"  {view.meter:<18} {format_tokens(view.tokens)} left")


for command in (members, departments, quota, usage):
    org.add_command(command)
