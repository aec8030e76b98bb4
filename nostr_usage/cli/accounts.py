"""`nostr-usage account …`: opening accounts, and whose keys they are."""

from __future__ import annotations

import re
import secrets as os_entropy

import click

from nostr_usage.amount import format_dollars, format_dollars_exact, format_tokens
from nostr_usage.cli.account_keys import derive_account, export_account, import_account
from nostr_usage.cli.choosing import balance_views
from nostr_usage.cli.options import amount, json_option, key_password, parse_time, pass_clock, pass_home
from nostr_usage.cli.output import (
    iso_time,
    moment,
    print_json,
    print_line,
    print_note,
    print_table,
)
from nostr_usage.clock import Clock
from nostr_usage.enrolment import Enrolment, enrol
from nostr_usage.errors import InputError
from nostr_usage.home import Home, Role
from nostr_usage.ledger.entry import AccountId
from nostr_usage.nostr.keys import parse_public_key
from nostr_usage.nostr.nip19 import encode_npub
from nostr_usage.store import AccountRow, Reader
from nostr_usage.store.account_secrets import AccountSecrets
from nostr_usage.views import STATE_WORDS, BalanceView
from nostr_usage.wiring import OperatorHome, ReaderHome, find_account, open_operator, open_reader

LABEL_MAX = 100
_KEY_LIKE = re.compile(
    r"[0-9a-f]{64}|(npub|nsec|nprofile|ncryptsec)1.*", re.ASCII | re.IGNORECASE | re.DOTALL
)


@click.group()
def account() -> None:
    """Open, list, show, export and derive accounts.

    An account is a Nostr key pair that stands for a customer without naming one. Customers with an nsec
    derive theirs; for others the service makes a random key, hands it over once, and forgets it.
    """


@account.command("new", epilog="Example: nostr-usage account new alice --plan standard")
@click.argument("label", required=False, default="")
@click.option("--pubkey", metavar="NPUB", help="The account key of a customer who derived it.")
@click.option("--plan", help="A plan of the catalogue.  [default: its first]")
@click.option("--no-plan", is_flag=True, help="No allowance: the account lives of purchases and gifts.")
@click.option("--anchor", metavar="TIME", help="What its cycles are counted from.  [default: now]")
@click.option("--allowance-left", type=amount, help="Of this cycle's allowance.  [default: all of it]")
@click.option("--balance", type=amount, default="0", help="What a customer of another system brings along.")
@json_option
@pass_home
@pass_clock
def new_account(
    clock: Clock,
    home: Home,
    *,
    label: str,
    pubkey: str | None,
    plan: str | None,
    no_plan: bool,
    anchor: str | None,
    allowance_left: int | None,
    balance: int,
    as_json: bool,
) -> None:
    """Open an account; LABEL is a name for it that stays in this home.

    Exit codes: 0 done, 2 the label is taken or a value cannot be used, 5 not an operator's home.
    """
    if plan is not None and no_plan:
        raise InputError("--plan and --no-plan exclude each other", advice="Give one of them.")
    _check_label(label)
    chosen = None if pubkey is None else AccountId(parse_public_key(pubkey))
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        chosen_plan = None if no_plan else opened.catalogue.plan(plan or opened.catalogue.plans[0].name)
        _refuse_taken(opened, label, chosen)
        enrolment = enrol(
            opened.recorder,
            opened.secrets,
            entropy=os_entropy.token_bytes,
            label=label,
            plan=chosen_plan.name if chosen_plan else None,
            account=chosen,
            anchor=parse_time(anchor),
            allowance_left=allowance_left,
            balance=balance,
        )
    _print_enrolment(enrolment, label, as_json=as_json)


def _check_label(label: str) -> None:
    if len(label) > LABEL_MAX:
        raise InputError(f"a label has at most {LABEL_MAX} characters")
    if _KEY_LIKE.fullmatch(label):
        raise InputError("a label must not look like a key", advice="Give the key with --pubkey.")


def _refuse_taken(opened: OperatorHome, label: str, chosen: AccountId | None) -> None:
    """Before secrets are made for an account that could then not be opened."""
    with opened.store.read() as reader:
        holder = reader.account_labelled(label) if label else None
    if holder is not None and holder.account != chosen:
        raise InputError(
            f"label {label!r} belongs to account {holder.account}", advice="Choose another label."
        )


def _print_enrolment(enrolment: Enrolment, label: str, *, as_json: bool) -> None:
    receipt = enrolment.receipt
    if as_json:
        print_json(
            {
                "account": enrolment.account,
                "npub": encode_npub(enrolment.account),
                "label": label,
                "open_number": receipt.entry.open_number,
                "entry_id": receipt.entry_id,
                "is_key_held": enrolment.is_key_held,
                "is_repeat": receipt.is_repeat,
            }
        )
        return
    known = " (it was open already)" if receipt.is_repeat else ""
    print_line(f"account {receipt.entry.open_number} {label}{known}".rstrip())
    print_line(f"  {encode_npub(enrolment.account)}")
    if enrolment.is_key_held:
        print_note(f"Hand its key over: nostr-usage account export {label or enrolment.account}")


@account.command("list", epilog="Example: nostr-usage account list --json")
@json_option
@pass_home
@pass_clock
def list_accounts(clock: Clock, home: Home, *, as_json: bool) -> None:
    """All accounts, oldest first, with what is left in each.

    Exit codes: 0 done, 5 no usable home.
    """
    with open_reader(home) as opened, opened.store.read() as reader:
        found = [
            (row, view)
            for row in reader.accounts()
            for view in _balances(opened, reader, row, now=clock.now()) or [None]
        ]
    if as_json:
        print_json([_object(row, view) for row, view in found])
        return
    rows = [
        (
            row.label or "",
            encode_npub(row.account),
            row.plan or "",
            format_tokens(view.tokens) if view else "",
            view.meter if view else "",
            STATE_WORDS[view.state] if view else "",
        )
        for row, view in found
    ]
    print_table(("label", "account", "plan", "left", "meter", "state"), rows, right=(3,))


@account.command("show", epilog="Example: nostr-usage account show alice")
@click.argument("name", metavar="ACCOUNT")
@json_option
@pass_home
@pass_clock
def show_account(clock: Clock, home: Home, *, name: str, as_json: bool) -> None:
    """One account: its keys, its plan, its streams. No secret is shown.

    Exit codes: 0 done, 2 no such account, 5 no usable home.
    """
    with open_reader(home) as opened:
        found = find_account(opened.store, name)
        with opened.store.read() as reader:
            row = reader.account(found)
            assert row is not None, "an account that was found"
            views = _balances(opened, reader, row, now=clock.now())
        key = _key_holder(opened, found)
    if as_json:
        print_json({**_object(row, views[0] if views else None), "key": key})
        return
    print_line(f"account {row.label or ''}".rstrip())
    print_line(f"  npub     {encode_npub(row.account)}")
    print_line(f"  hex      {row.account}")
    print_line(f"  plan     {row.plan or 'none'}")
    number = "" if row.open_number is None else f", number {row.open_number}"
    print_line(f"  opened   {moment(row.anchor)}{number}")
    print_line(f"  key      {key}")
    for view in views:
        left = f"{format_tokens(view.tokens)} ({format_dollars(view.micro_dollars)})"
        print_line(f"  {view.meter:<8} {left}, {view.as_of_seq} entries, {STATE_WORDS[view.state]}")


def _balances(opened: ReaderHome, reader: Reader, row: AccountRow, *, now: int) -> list[BalanceView]:
    return balance_views(opened, reader, reader.streams(account_no=row.account_no), now=now)


def _object(row: AccountRow, view: BalanceView | None) -> dict[str, object]:
    return {
        "account": row.account,
        "npub": encode_npub(row.account),
        "label": row.label,
        "plan": row.plan,
        "open_number": row.open_number,
        "opened_at": iso_time(row.anchor),
        "meter": view.meter if view else None,
        "tokens": view.tokens if view else None,
        "usd": format_dollars_exact(view.micro_dollars) if view else None,
        "state": view.state if view else None,
        "entries": view.as_of_seq if view else 0,
    }


def _key_holder(opened: ReaderHome, found: AccountId) -> str:
    if opened.settings.role is Role.FOLLOWER:
        is_own = opened.settings.account == found and opened.home.has_key("account")
        return f"in {opened.home.key_path('account')}" if is_own else "not here"
    with AccountSecrets.open(opened.home.secrets_path) as held:
        is_held = held.get(found).account_secret is not None
    return "held here until `account export` hands it over" if is_held else "with its owner"


for command in (export_account, derive_account, import_account):
    account.add_command(command)
