"""`nostr-usage backup` and `recover`: a copy of the store while it is in use, and back from one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import click

from nostr_usage.cli.options import json_option, key_password, pass_home
from nostr_usage.cli.output import ExitCode, print_json, print_line
from nostr_usage.clock import SystemClock
from nostr_usage.errors import HomeError
from nostr_usage.home import Home
from nostr_usage.recovery import Recovery, find_unknown_entry, recover
from nostr_usage.wiring import (
    OperatorHome,
    connection_policy,
    open_operator,
    open_reader,
    read_urls,
    write_urls,
)


@click.command(epilog="Example: nostr-usage backup /backups/ledger-2026-02-14.sqlite")
@click.argument("file", type=click.Path(path_type=Path))
@pass_home
def backup(home: Home, *, file: Path) -> int:
    """Copy the store into FILE, also while entries are recorded. Keys are not in it: copy `keys/` as well.

    To restore, put FILE in the place of ledger.sqlite (without its -wal and -shm) and run `recover`.

    Exit codes: 0 copied, 5 the home or FILE cannot be used.
    """
    with open_reader(home) as opened:
        opened.store.copy_to(file)
    print_line(f"copied to {file}; it must recover before it signs anything")
    return ExitCode.DONE


@click.command("recover", epilog="Example: nostr-usage recover")
@click.option("--allow-local", is_flag=True, help="Also where a host name leads to a private address.")
@json_option
@pass_home
def recover_command(home: Home, *, allow_local: bool, as_json: bool) -> int:
    """Read back what the ledger has published, after a backup was restored.

    Nothing is signed until every relay of the set has answered: what only one of them holds would be
    contradicted. A relay that is gone for good is taken out of relays.toml first.

    Exit codes: 0 the store may sign again, 1 something is in the way.
    """
    with open_operator(home, password=key_password(home, "ledger")) as opened:
        recovery = asyncio.run(_recover(opened, allow_local=allow_local))
    if as_json:
        print_json(
            {"entries": recovery.entries, "obstacles": recovery.obstacles, "is_done": recovery.is_done}
        )
    else:
        _print_recovery(recovery)
    return ExitCode.DONE if recovery.is_done else ExitCode.PROBLEMS


async def refuse_if_behind(opened: OperatorHome, *, allow_local: bool) -> None:
    """Look whether relays hold entries of this ledger that its store has forgotten.

    Raises:
        HomeError: if they do; from then on the store signs nothing until it has recovered.
    """
    urls = _urls(opened)
    unknown = await find_unknown_entry(
        opened.store,
        relays=urls,
        ledger_pubkey=opened.settings.ledger_pubkey,
        kinds=opened.settings.kinds,
        policy=connection_policy(urls, allow_local=allow_local),
        clock=SystemClock(),
        random=Random(),
    )
    if unknown is not None:
        raise HomeError(
            f"relays hold entry {unknown} of this ledger, which is not held here: is this an older copy?",
            advice="Run `nostr-usage recover` before anything else is recorded.",
        )


async def _recover(opened: OperatorHome, *, allow_local: bool) -> Recovery:
    urls = _urls(opened)
    return await recover(
        opened.store,
        relays=urls,
        outbox_relays=opened.operator.outbox_relays,
        ledger_pubkey=opened.settings.ledger_pubkey,
        kinds=opened.settings.kinds,
        policy=connection_policy(urls, allow_local=allow_local),
        clock=SystemClock(),
        random=Random(),
    )


def _urls(opened: OperatorHome) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*write_urls(opened.relays), *read_urls(opened.relays))))


def _print_recovery(recovery: Recovery) -> None:
    print_line(f"{recovery.entries:,} entries were read back")
    for obstacle in recovery.obstacles:
        print_line(f"✗ {obstacle}")
    print_line("the store may sign again" if recovery.is_done else "the store still signs nothing")
