"""Files of exactly the entries in a list: CSV for spreadsheets, JSON for programs, JSON lines to verify."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from nostr_usage.errors import InputError
from nostr_usage.reporting.entry_columns import COLUMNS, entry_object, entry_values
from nostr_usage.safe_text import safe_cell
from nostr_usage.store import Store
from nostr_usage.views import HistoryRow
from tui.history_list import HistoryList


class Format(StrEnum):
    """How entries are written."""

    CSV = "csv"
    JSON = "json"
    SIGNED = "jsonl"
    """The signed events as they are, one on each line: whoever gets the file can check it."""


def export(store: Store, entries: HistoryList, format_: Format, directory: Path, *, now: int) -> Path:
    """Write the entries of a list to a new file in `directory`, for its owner only; the file's path.

    Raises:
        InputError: if the file cannot be written.
    """
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    path = directory / f"nostr-usage-{entries.stream.account[:8]}-{stamp}.{format_.value}"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            _WRITERS[format_](file, store, entries)
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}", advice="Start in another directory."
        ) from error
    return path


def _write_csv(file: TextIO, _store: Store, entries: HistoryList) -> None:
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in _rows(entries):
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in entry_values(row)])


def _write_json(file: TextIO, _store: Store, entries: HistoryList) -> None:
    file.write("[")
    for number, row in enumerate(_rows(entries)):
        file.write(",\n" if number else "\n")
        json.dump(entry_object(row), file)
    file.write("\n]\n")


def _write_signed(file: TextIO, store: Store, entries: HistoryList) -> None:
    with store.read() as reader:
        for row in _rows(entries):
            event = reader.event_json(row.entry_id)
            assert event is not None, "an entry without its event"
            file.write(event.decode("utf-8") + "\n")


def _rows(entries: HistoryList) -> Iterator[HistoryRow]:
    for index in range(entries.count):
        row = entries.row(index)
        if row is None:
            raise InputError("the store could not be read to the end", advice="Try again.")
        yield row


_WRITERS = {Format.CSV: _write_csv, Format.JSON: _write_json, Format.SIGNED: _write_signed}
