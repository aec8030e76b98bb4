"""`nostr-usage balance` and `statusline`: their options and help; `start` calls the same functions."""

from __future__ import annotations

import click

from nostr_usage.cli.balance import show_balance
from nostr_usage.cli.choosing import account_argument, meter_option
from nostr_usage.cli.options import json_option, pass_clock, pass_home
from nostr_usage.cli.status_line import show_status_line
from nostr_usage.clock import Clock
from nostr_usage.home import Home


@click.command(epilog="Example: nostr-usage balance alice --json")
@account_argument
@meter_option
@json_option
@pass_home
@pass_clock
def balance(clock: Clock, home: Home, *, account: str | None, meter: str | None, as_json: bool) -> int:
    """What is left, where it came from, and when it resets.

    Without ACCOUNT: that of the settings, or the only one, or a table of all; without --meter, all that it
    counts. Reads the local store only; `sync` brings it up to date.

    Exit codes: 0 done, 1 problems were found in the entries, 2 no such account, 5 no usable home.
    """
    return show_balance(clock, home, account=account, meter=meter, as_json=as_json)


@click.command(epilog="Example: set -g status-right '#(nostr-usage statusline alice)'")
@account_argument
@pass_home
@pass_clock
def statusline(clock: Clock, home: Home, *, account: str | None) -> int:
    """One line: what is left, in percent and dollars, and the days until the next allowance.

    Exit codes: 0 fine, 10 low, 20 nothing left, 2 no such account, 5 no usable home.
    """
    return show_status_line(clock, home, account=account)
