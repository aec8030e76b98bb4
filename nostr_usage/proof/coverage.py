"""Coverage: which relays hold which entries of a stream, month by month, as far as it is known here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nostr_usage.store import Reader, StreamRow

MISSING_AT_ONCE_MAX = 1_000
_UNKNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCoverage:
    """A month (`2026-02`, UTC) of a stream: how many entries it has, and how many each relay holds."""

    month: str
    entries: int
    held: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Which relays hold which entries.

    An operator counts what a relay was asked for and served; a follower counts what a relay showed. So a
    figure is what is known, and a relay may hold more.

    Attributes:
        urls: the relays, in the order of the figures of each month.
        months: the newest first.
    """

    urls: tuple[str, ...]
    months: tuple[MonthCoverage, ...]

    @property
    def entries(self) -> int:
        """How many entries there are."""
        return sum(month.entries for month in self.months)

    def held(self, url: str) -> int:
        """How many of them a relay holds; none, if it is not among `urls`."""
        if url not in self.urls:
            return 0
        place = self.urls.index(url)
        return sum(month.held[place] for month in self.months)

    def missing(self, url: str) -> int:
        """How many of them a relay is not known to hold."""
        return self.entries - self.held(url)


def coverage_of(reader: Reader, stream: StreamRow, urls: Sequence[str]) -> Coverage:
    """What is known of the entries of `stream` at each of `urls`."""
    numbers = {relay.url: relay.relay_no for relay in reader.relays()}
    held = {(row.month, row.relay_no): row.held for row in reader.held_by_month(stream.stream_no)}
    months = reversed(reader.entries_by_month(stream.stream_no).items())
    return Coverage(
        urls=tuple(urls),
        months=tuple(
            MonthCoverage(
                month=month,
                entries=entries,
                held=tuple(held.get((month, numbers.get(url, _UNKNOWN)), 0) for url in urls),
            )
            for month, entries in months
        ),
    )


def missing_entries(reader: Reader, stream: StreamRow, url: str) -> Iterator[int]:
    """The numbers of the entries of `stream` that the relay at `url` is not known to hold, oldest first."""
    number = next((relay.relay_no for relay in reader.relays() if relay.url == url), _UNKNOWN)
    last = 0
    while page := reader.entry_nos_missing(
        stream.stream_no, number, after_entry_no=last, limit=MISSING_AT_ONCE_MAX
    ):
        yield from page
        last = page[-1]
