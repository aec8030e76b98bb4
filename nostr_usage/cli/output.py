"""The only place that writes to stdout and stderr, and the only one that knows exit codes.

0  done                                 3  refused by the ledger or the price list; nothing was changed
1  done, and problems were found        4  no relay could be used
2  a value that cannot be used          5  the home cannot be used
10, 20  a status line's balance is low, or nothing is left       130  interrupted
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import TextIO, cast

from nostr_usage.clock import iso_time as iso_time  # noqa: PLC0414  # commands find both forms of times here
from nostr_usage.errors import (
    HomeError,
    InputError,
    LedgerError,
    NostrUsageError,
    PricingError,
    RelayError,
    WorkerError,
)
from nostr_usage.safe_text import safe_cell, safe_text

_SPACES = re.compile("( +)")


class ExitCode(IntEnum):
    """What a command ends with."""

    DONE = 0
    PROBLEMS = 1
    BAD_INPUT = 2
    REFUSED = 3
    NO_RELAY = 4
    BAD_HOME = 5
    LOW = 10
    BLOCKED = 20
    INTERRUPTED = 130


def exit_code_of(error: NostrUsageError) -> ExitCode:
    """The exit code that an error leads to."""
    match error:
        case HomeError():
            return ExitCode.BAD_HOME
        case RelayError():
            return ExitCode.NO_RELAY
        case LedgerError() | PricingError():
            return ExitCode.REFUSED
        case WorkerError():
            return ExitCode.PROBLEMS
        case InputError() | _:
            return ExitCode.BAD_INPUT


def print_line(text: str = "") -> None:
    """One line of a report; made safe, so it may hold anything. Runs of spaces, which align columns, stay."""
    print("".join(part if part.isspace() else safe_text(part) for part in _SPACES.split(text) if part))


def print_raw(text: str) -> None:
    """One line exactly as it is: only for text that was made here, such as a key or JSON."""
    print(text)


def print_event(event_json: bytes) -> None:
    """A signed event on one line: byte for byte the same, unless a terminal is to show it.

    There, what it might obey is escaped, as JSON allows; the event is still the same.
    """
    if sys.stdout.isatty():
        print(json.dumps(json.loads(event_json), separators=(",", ":")))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(event_json + b"\n")


def print_bytes(data: bytes) -> None:
    """A file as it is: only where no terminal obeys it."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)


def print_json(value: object) -> None:
    """A value as JSON, indented; escapes leave nothing for a terminal to obey."""
    print(json.dumps(value, default=_jsonable, indent=2), flush=True)


def flush_output() -> None:
    """Let a reader on the other side of a pipe see now what was printed."""
    sys.stdout.flush()


def print_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows as CSV (RFC 4180); text cells cannot be formulas."""
    import csv  # noqa: PLC0415  # few commands print any

    writer = csv.writer(sys.stdout, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in row])


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Aligned columns; those numbered in `right` (from 0) are aligned to the right."""
    cells = [[safe_text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    for row in [list(header), *cells]:
        padded = [
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(padded).rstrip())


def print_note(text: str) -> None:
    """A remark beside the result, on stderr."""
    print(safe_text(text), file=sys.stderr)


def print_error(error: NostrUsageError) -> None:
    """What went wrong, and on a second line what to do."""
    print(f"error: {safe_text(error.message)}", file=sys.stderr)
    if error.advice:
        print(f"       {safe_text(error.advice)}", file=sys.stderr)


def print_usage_error(message: str, *, command: str | None) -> None:
    """What is wrong with the command line, and where the help of the command is."""
    print(f"error: {safe_text(message)}", file=sys.stderr)
    if command is not None:
        print(f"       Try `{safe_text(command)} --help`.", file=sys.stderr)


def finish_output() -> None:
    """Write what is still to be written, or give it up: the disk may be full."""
    try:
        sys.stdout.flush()
    except OSError:
        give_up_output()


def give_up_output() -> None:
    """Whoever read our output has left: nothing more is said, not even by the interpreter at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def moment(unix_time: int) -> str:
    """A unix time as people read it, with its zone: `2026-02-14 14:45:02 UTC`."""
    return datetime.fromtimestamp(unix_time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def token_rate(token_value: int) -> str:
    """Nano-dollars a token as dollars, exact, with two decimals or more: 1500000 gives `0.0015`."""
    dollars, nano = divmod(token_value, 1_000_000_000)
    decimals = f"{nano:09d}".rstrip("0").ljust(2, "0")
    return f"{dollars}.{decimals}"


class Progress:
    """A line on a terminal's stderr that counts; silent where nobody watches."""

    def __init__(self, label: str, *, stream: TextIO | None = None) -> None:
        self._label = label
        self._stream = stream or sys.stderr
        self._shown = -1
        self._is_on = self._stream.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._is_on and self._shown >= 0:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def show(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done; redraws only when the percentage changes."""
        percent = 100 * done // total if total else 100
        if not self._is_on or percent == self._shown:
            return
        self._shown = percent
        bar = "#" * (percent // 5)
        self._stream.write(f"\r{self._label} [{bar:<20}] {percent:3d} %  {done:,} of {total:,}\x1b[K")
        self._stream.flush()


def _jsonable(value: object) -> object:
    from dataclasses import asdict, is_dataclass  # noqa: PLC0415  # only JSON needs them

    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Iterable):
        return list(cast("Iterable[object]", value))
    raise TypeError(f"{type(value).__name__} is not JSON")
