"""`nostr-usage relay`: the embedded relay as a command."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from nostr_usage.cli.output import flush_output, print_json, print_line
from nostr_usage.embedded import EmbeddedRelay
from nostr_usage.errors import InputError


@click.command(epilog="Example: nostr-usage relay --port 7447 --db relay-1.sqlite")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", default=7447, show_default=True, type=click.IntRange(0, 65_535), help="0 is any free one."
)
@click.option(
    "--db",
    "database",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("relay.sqlite"),
    show_default=True,
    help="Where events are kept.",
)
@click.option("--json", "as_json", is_flag=True, help="Announce the URL as JSON.")
def relay(host: str, port: int, database: Path, *, as_json: bool) -> None:
    """Run the embedded relay until it is interrupted.

    Strict NIP-01 with NIP-09, NIP-11, NIP-42 and NIP-45. What it answers with OK true is on the disk.
    Listening on anything but loopback lets that network read and write: put a TLS proxy in front of it.

    Exit codes: 0 stopped in order, 2 a value that cannot be used, 5 an address or file that cannot.
    """
    asyncio.run(_serve(host, port, database, as_json=as_json))


async def _serve(host: str, port: int, database: Path, *, as_json: bool) -> None:
    try:
        server = await EmbeddedRelay(database, host=host, port=port).__aenter__()
    except OSError as error:
        raise InputError(
            f"cannot listen on {host} port {port}: {error.strerror or error}",
            advice="Choose another --port; 0 takes any free one.",
        ) from error
    try:
        stopped = _stop_signals()
        if as_json:
            print_json({"url": server.url, "database": str(database)})
        else:
            print_line(f"relay on {server.url}, events in {database}")
            print_line("Ctrl-C stops it.")
            flush_output()
        await stopped.wait()
    finally:
        await server.__aexit__(None, None, None)


def _stop_signals() -> asyncio.Event:
    """Set by both ways of asking a process to stop, so that it ends in order."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    return stopped
