"""`nostr-usage events` and `import-events`: the signed events themselves, out of a home and into one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import click

from nostr_usage.cli.options import json_option, pass_home
from nostr_usage.cli.output import ExitCode, moment, print_event, print_json, print_line, print_note
from nostr_usage.errors import EventError, InputError
from nostr_usage.home import Home
from nostr_usage.nostr.event import EVENT_BYTES_MAX, VerifiedEvent, event_from_json, verify_event
from nostr_usage.nostr.tags import first_tag_value
from nostr_usage.store import EventRow, Reader
from nostr_usage.sync import FileReading, take_in
from nostr_usage.wiring import ReaderHome, find_account, open_reader

EVENTS_MAX = 10_000_000
"""Lines of one file: what is read from it is held in memory until it is proved."""


@click.command(epilog="Example: nostr-usage events --jsonl --output ledger.jsonl")
@click.option("--jsonl", is_flag=True, help="One event a line, byte for byte as it was signed.")
@click.option("--account", help="Only the entries of this account.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Into this file, as JSON lines."
)
@pass_home
def events(home: Home, *, jsonl: bool, account: str | None, output: Path | None) -> int:
    """The signed events that are held, in the order in which they came, as a list or as JSON lines.

    Every id and signature is checked on the way out. What fails is named, and left out.

    Exit codes: 0 done, 1 some event was left out, 2 no such account, 5 no usable home.
    """
    with open_reader(home) as opened, opened.store.read() as reader:
        checked = _checked(_rows(opened, reader, account))
        if output is not None:
            with _replacing(output) as file:
                bad = _each(checked, lambda row, _event: _write_line(file, row.event_json))
        elif jsonl:
            bad = _each(checked, lambda row, _event: print_event(row.event_json))
        else:
            bad = _each(checked, lambda _row, event: _print_row(event))
    return ExitCode.PROBLEMS if bad else ExitCode.DONE


Checked = tuple[EventRow, VerifiedEvent | None]


def _rows(opened: ReaderHome, reader: Reader, account: str | None) -> Iterator[EventRow]:
    if account is None:
        return reader.events()
    found = reader.account(find_account(opened.store, account))
    assert found is not None, "an account that was found"
    streams = list(reader.streams(account_no=found.account_no))
    return (row for stream in streams for row in reader.events_of_stream(stream.stream_no))


def _checked(rows: Iterator[EventRow]) -> Iterator[Checked]:
    """Each event with its id and signature checked now, whatever was noted of it; None if they are wrong."""
    for row in rows:
        try:
            event = verify_event(event_from_json(row.event_json))
        except EventError as error:
            print_note(f"left out: event {row.event_id}: {error}")
            yield row, None
        else:
            yield row, event


def _each(checked: Iterator[Checked], show: Callable[[EventRow, VerifiedEvent], None]) -> int:
    """Show what is sound; how many are not."""
    bad = 0
    for row, event in checked:
        if event is None:
            bad += 1
        else:
            show(row, event)
    return bad


def _print_row(event: VerifiedEvent) -> None:
    what = first_tag_value(event.tags, "op") or first_tag_value(event.tags, "t") or ""
    place = first_tag_value(event.tags, "s") or ""
    print_line(f"{moment(event.created_at)}  {event.id}  {event.kind}  {what:<12}  {place}".rstrip())


def _write_line(file: BinaryIO, event_json: bytes) -> None:
    file.write(event_json + b"\n")


@contextmanager
def _replacing(path: Path) -> Generator[BinaryIO]:
    """A file that takes the place of `path` once it is complete."""
    temporary = path.with_name(path.name + ".part")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


@click.command("import-events", epilog="Example: nostr-usage import-events ledger.jsonl")
@click.argument("file", type=click.File("rb"))
@json_option
@pass_home
def import_events(home: Home, *, file: BinaryIO, as_json: bool) -> int:
    """Read signed events from FILE (`-` is standard input), one a line, and keep the entries they prove.

    Every id, signature, form and link is checked, as if a relay had sent them: only entries of this home's
    ledger key are kept, each on top of the one before it. All else is counted and left out.

    Exit codes: 0 done, 1 something was left out or contradicts what is held, 2 no such file, 5 no home.
    """
    with open_reader(home) as opened:
        reading = asyncio.run(
            take_in(
                opened.store,
                _lines(file),
                ledger_pubkey=opened.settings.ledger_pubkey,
                root_pubkey=opened.settings.root_pubkey,
                kinds=opened.settings.kinds,
            )
        )
    if as_json:
        print_json(_object(reading))
    else:
        _print_reading(reading)
    return ExitCode.DONE if reading.is_clean else ExitCode.PROBLEMS


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; one that is too long for an event arrives cut, and is malformed."""
    for _ in range(EVENTS_MAX):
        line = file.readline(EVENT_BYTES_MAX + 2)
        if not line:
            return
        yield line
        while line and not line.endswith(b"\n"):
            line = file.readline(EVENT_BYTES_MAX + 2)
    raise InputError(f"more than {EVENTS_MAX:,} lines", advice="Split the file, by account if possible.")


def _object(reading: FileReading) -> dict[str, object]:
    return {
        "read": reading.read,
        "added": reading.added,
        "known": reading.known,
        "manifests": reading.manifests,
        "foreign": reading.foreign,
        "malformed": reading.malformed,
        "forged": reading.forged,
        "waiting": reading.waiting,
        "reasons": reading.reasons,
        "streams": [
            {
                "account": stream.account,
                "meter": stream.meter,
                "state": stream.status.value,
                "seq": stream.seq,
                "added": stream.added,
                "missing": stream.missing,
                "forks": stream.forks,
            }
            for stream in reading.streams
        ],
    }


def _print_reading(reading: FileReading) -> None:
    counts = (
        (reading.known, "known already"),
        (reading.manifests, "manifests"),
        (reading.foreign, "of another key or kind"),
        (reading.malformed, "malformed"),
        (reading.forged, "with a wrong signature"),
        (reading.waiting, "without the entries below them"),
    )
    others = "".join(f", {count:,} {what}" for count, what in counts if count)
    print_line(f"{reading.read:,} events read: {reading.added:,} entries added{others}")
    for reason in reading.reasons:
        print_note(reason)
    for stream in reading.streams:
        if stream.missing:
            named = ", ".join(map(str, stream.missing[:5]))
            print_note(f"account {stream.account}: {len(stream.missing):,} entries are missing: {named} …")
        if stream.forks:
            print_note(f"account {stream.account}: {stream.forks:,} signed events contradict what is held")
