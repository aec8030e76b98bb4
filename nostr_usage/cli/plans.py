"""`nostr-usage plan|buy`: another plan for an account, and packs that were paid for."""

from __future__ import annotations

import click

from nostr_usage.cli.options import json_option, key_option, key_password, pass_clock, pass_home
from nostr_usage.cli.output import iso_time, moment, print_json, print_line
from nostr_usage.cli.recording import print_receipt
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.home import Home
from nostr_usage.subscribe import purchase
from nostr_usage.wiring import find_account, open_operator
from nostr_usage.writing.request import PlanChange


@click.command(epilog="Example: nostr-usage plan alice pro --key upgrade-17")
@click.argument("account")
@click.argument("plan", required=False)
@click.option("--end", "is_end", is_flag=True, help="No plan from the end of the cycle on.")
@key_option
@json_option
@pass_home
@pass_clock
def plan(
    clock: Clock, home: Home, *, account: str, plan: str | None, is_end: bool, key: str, as_json: bool
) -> None:
    """Put ACCOUNT on another PLAN: at once where it grants more, else when the cycle ends.

    The plan that holds already calls off a change that waits.

    Exit codes: 0 done, 2 no such account or plan, 3 refused by the ledger, 5 not an operator's home.
    """
    if is_end == (plan is not None):
        raise InputError("give a plan, or --end", advice="`nostr-usage catalogue show` lists the plans.")
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        found = find_account(opened.store, account)
        changed = opened.subscriber.change_plan(PlanChange(account=found, plan=plan, key=key))
        is_now = changed.effective_at <= clock.now()
    if as_json:
        print_json(
            {
                "plan": changed.plan,
                "effective_at": iso_time(changed.effective_at),
                "is_effective": is_now,
                "entry_id": changed.receipt.entry_id,
                "is_repeat": changed.receipt.is_repeat,
            }
        )
        return
    named = changed.plan or "no plan"
    since = "now" if is_now else f"from {moment(changed.effective_at)}"
    print_line(f"{account}: {named} {since}")


@click.command(epilog="Example: nostr-usage buy alice pack-25 --payment pi_3Nx --key pi_3Nx")
@click.argument("account")
@click.argument("pack")
@click.option("--count", type=click.IntRange(min=1), default=1, show_default=True, help="How many of it.")
@click.option("--payment", metavar="ID", help="The payment's id; only a keyed hash of it is published.")
@click.option("--description", default="", help="Sealed unless the ledger says otherwise.")
@key_option
@json_option
@pass_home
@pass_clock
def buy(
    clock: Clock,
    home: Home,
    *,
    account: str,
    pack: str,
    count: int,
    payment: str | None,
    description: str,
    key: str,
    as_json: bool,
) -> None:
    """Record that ACCOUNT bought a PACK of the catalogue, at its price for so many.

    Nothing is paid here: call it once the payment has come in.

    Exit codes: 0 done, 2 no such account or pack, 3 refused by the ledger, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        grant = purchase(
            opened.catalogue,
            find_account(opened.store, account),
            opened.catalogue.pack(pack),
            key=key,
            count=count,
            payment=payment,
            description=description,
        )
        receipt = opened.recorder.grant(grant)
    print_receipt(receipt, "bought", as_json=as_json)
