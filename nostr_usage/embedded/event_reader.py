"""Reading events: pages and counts, each from one snapshot of the database.

Its calls block and may take long, so the relay makes them in a thread of their own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nostr_usage.embedded import query
from nostr_usage.embedded.database import open_database, tag_salt
from nostr_usage.embedded.policy import RelayLimits
from nostr_usage.errors import FilterError
from nostr_usage.nostr.filter import Filter

# Where two indexes could lead, their entries are counted this far to find the shorter one.
_ESTIMATES = (1_000, 30_000)
_STEPS_A_CHECK = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Stored events, newest first, those of one second by ascending id.

    Attributes:
        events: each as JSON.
        arrival_max: the last event that could have been on the page; later ones are live.
    """

    events: tuple[bytes, ...]
    arrival_max: int


class EventReader:
    """Reads the relay's database through a connection of its own; used by one thread at a time.

    Raises:
        HomeError: if the file cannot be opened.
    """

    def __init__(self, path: Path, *, limits: RelayLimits) -> None:
        self._connection = open_database(path, durable=False)
        self._connection.execute("PRAGMA query_only = ON")
        self._salt = tag_salt(self._connection)
        self._limits = limits
        self._checks_left = 0
        self._connection.set_progress_handler(self._is_too_much, _STEPS_A_CHECK)

    def page(self, filters: Sequence[Filter]) -> Page:
        """The newest events that match any of `filters`, each filter with its own limit.

        Raises:
            FilterError: if that is too much work.
            sqlite3.Error: if the database fails.
        """
        self._start()
        limit_max = self._limits.events_per_filter_max
        chosen = [
            (self._lead(wanted), limit_max if wanted.limit is None else min(wanted.limit, limit_max))
            for wanted in filters
            if _can_match(wanted) and wanted.limit != 0
        ]
        if not chosen:
            return Page(events=(), arrival_max=0)
        row = self._row(query.page(chosen, page_bytes_max=self._limits.page_bytes_max))
        arrival_max: int | None = row[0]
        lines: bytes | None = row[1]
        return Page(events=() if lines is None else tuple(lines.split(b"\n")), arrival_max=arrival_max or 0)

    def count(self, filters: Sequence[Filter]) -> int:
        """How many events match any of `filters`; their limits don't count.

        Raises:
            FilterError: if that is too much work.
            sqlite3.Error: if the database fails.
        """
        self._start()
        chosen = [self._lead(wanted) for wanted in filters if _can_match(wanted)]
        return self._row(query.count(chosen))[0] if chosen else 0

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _lead(self, wanted: Filter) -> query.Lead:
        first, *others = query.leads_of(wanted, self._salt)
        for limit in _ESTIMATES if others else ():
            for lead in (first, *others):
                if self._row(query.estimate(lead, limit=limit))[0] < limit:
                    return lead
        return first

    def _row(self, statement: query.Fragment) -> tuple[Any, ...]:
        try:
            return self._connection.execute(statement.sql, statement.parameters).fetchone()
        except sqlite3.OperationalError as error:
            if self._checks_left > 0:
                raise
            raise FilterError("that is too much work; add authors, kinds, a tag or a shorter time") from error

    def _start(self) -> None:
        self._checks_left = self._limits.query_steps_max // _STEPS_A_CHECK

    def _is_too_much(self) -> bool:
        self._checks_left -= 1
        return self._checks_left <= 0


def _can_match(wanted: Filter) -> bool:
    lists = (wanted.ids, wanted.authors, wanted.kinds, *(values for _, values in wanted.tags))
    return all(values is None or values for values in lists)
