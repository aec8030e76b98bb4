"""One relay from all that is known of it: the feed, the queue, what it answered, what it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.columns import Cell, Column, gap
from tui.look import Look
from tui.relay_work import RelaysKnown
from tui.snapshot import FeedState, RelayLine, RelayQueue

if TYPE_CHECKING:
    # Its dataclasses come with the relay client.
    from nostr_usage.proof import Coverage, MonthCoverage
    from nostr_usage.proof.relay_health import RelayHealth

_MUTED = "$text-muted"
_HOST_WIDTH = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayRow:
    """One relay; what is not known of it is None.

    Attributes:
        url: of the relay.
        line: what it gave to the feed.
        queue: what it was sent.
        health: what it answered when it was asked, and whether all can read there.
        held: how many of the account's entries it is known to hold.
        missing: how many it is not known to hold.
    """

    url: str
    line: RelayLine | None = None
    queue: RelayQueue | None = None
    health: RelayHealth | None = None
    held: int | None = None
    missing: int | None = None


def relay_rows(
    feed: FeedState, queues: tuple[RelayQueue, ...], known: RelaysKnown | None
) -> tuple[RelayRow, ...]:
    """Every relay that anything is known of, once."""
    lines = {line.url: line for line in feed.relays}
    queued = {queue.url: queue for queue in queues}
    health = {one.url: one for one in known.health} if known is not None else {}
    coverage = known.coverage if known is not None else None
    return tuple(
        RelayRow(
            url=url,
            line=lines.get(url),
            queue=queued.get(url),
            health=health.get(url),
            held=coverage.held(url) if coverage is not None and url in coverage.urls else None,
            missing=coverage.missing(url) if coverage is not None and url in coverage.urls else None,
        )
        for url in dict.fromkeys((*health, *lines, *queued))
    )


def relay_columns(*, is_operator: bool) -> tuple[Column[RelayRow], ...]:
    """The columns of an operator, who sends, or of a follower, who reads."""
    both = (
        Column(title="Relay", width=18, cell=_url, is_flexible=True),
        Column(title="State", width=13, cell=_state),
        Column(title="Trip", width=7, cell=_trip, is_right=True, needs=60),
        Column(title="Holds", width=8, cell=_held, is_right=True, needs=50),
        Column(title="Missing", width=8, cell=_missing, is_right=True),
    )
    if is_operator:
        counts: tuple[Column[RelayRow], ...] = (
            Column(title="Waiting", width=7, cell=_of_queue("waiting"), is_right=True, needs=66),
            Column(title="Refused", width=7, cell=_of_queue("refused"), is_right=True, needs=92),
        )
    else:
        counts = (
            Column(title="New", width=7, cell=_of_feed("unique"), is_right=True, needs=66),
            Column(title="Received", width=8, cell=_of_feed("received"), is_right=True, needs=92),
            Column(title="Conduct", width=7, cell=_conduct, needs=104),
        )
    return (
        *both,
        *counts,
        Column(title="Auditable", width=9, cell=_auditable, needs=76),
        Column(title="Why", width=20, cell=_reason, is_flexible=True, needs=140),
    )


def coverage_columns(coverage: Coverage) -> tuple[Column[MonthCoverage], ...]:
    """A column for each relay; those that have no room are left out, and the table above has them all."""
    first: tuple[Column[MonthCoverage], ...] = (
        Column(title="Month", width=8, cell=lambda month, _look: Cell(text=month.month)),
        Column(
            title="Entries",
            width=8,
            cell=lambda month, _look: Cell(text=f"{month.entries:,}"),
            is_right=True,
        ),
    )
    start = sum(column.width for column in first)
    return (
        *first,
        *(
            Column(
                title=_host(url),
                width=_HOST_WIDTH,
                cell=_held_of_month(place),
                is_right=True,
                needs=_with_gaps(start + (place + 1) * _HOST_WIDTH, columns=place + 3),
            )
            for place, url in enumerate(coverage.urls)
        ),
    )


def _with_gaps(cells: int, *, columns: int) -> int:
    """The width of a table whose columns take so many cells."""
    narrow = cells + columns - 1
    return narrow if gap(narrow) == 1 else cells + (columns - 1) * gap(narrow)


def reason_of(row: RelayRow) -> str:
    """Why a relay did not answer, in its words; empty if it did."""
    said = row.health.reason if row.health is not None else ""
    return said or (row.line.reason if row.line is not None else "")


def _url(row: RelayRow, look: Look) -> Cell:
    return Cell(text=look.text(row.url.removeprefix("wss://").removesuffix("/")))


def _state(row: RelayRow, look: Look) -> Cell:
    """What it answered last: to a question, else to the feed."""
    condition = row.health.condition if row.health is not None else None
    if condition is not None:
        is_up, word = condition.value == "answered", condition.value
    elif row.line is not None:
        is_up, word = row.line.is_up, row.line.condition
    else:
        return Cell(text=f"{look.glyphs.doubt} not asked", style=_MUTED)
    if is_up:
        return Cell(text=f"{look.glyphs.live} {look.text(word)}", style="$success")
    return Cell(text=f"{look.glyphs.bad} {look.text(word)}", style="$error")


def _trip(row: RelayRow, _look: Look) -> Cell:
    trip_ms = row.health.round_trip_ms if row.health is not None else None
    return Cell(text="" if trip_ms is None else f"{trip_ms:,} ms", style=_MUTED)


def _held(row: RelayRow, _look: Look) -> Cell:
    return Cell(text="" if row.held is None else f"{row.held:,}")


def _missing(row: RelayRow, _look: Look) -> Cell:
    text = "" if row.missing is None else f"{row.missing:,}"
    return Cell(text=text, style="$warning" if row.missing else "")


def _of_queue(name: str) -> Callable[[RelayRow, Look], Cell]:
    def cell(row: RelayRow, _look: Look) -> Cell:
        number: int = getattr(row.queue, name, 0)
        return Cell(text=f"{number:,}" if row.queue is not None else "", style="$warning" if number else "")

    return cell


def _of_feed(name: str) -> Callable[[RelayRow, Look], Cell]:
    def cell(row: RelayRow, _look: Look) -> Cell:
        number: int = getattr(row.line, name, 0)
        return Cell(text=f"{number:,}" if row.line is not None else "")

    return cell


def _conduct(row: RelayRow, look: Look) -> Cell:
    if row.line is None or not (row.line.received or not row.line.is_clean):
        return Cell(text="")
    if row.line.is_clean:
        return Cell(text=f"{look.glyphs.good} fair", style="$success")
    return Cell(text=f"{look.glyphs.warning} odd", style="$warning")


def _auditable(row: RelayRow, look: Look) -> Cell:
    is_auditable = row.health.is_auditable if row.health is not None else None
    if is_auditable is None:
        return Cell(text=f"{look.glyphs.doubt} unknown", style=_MUTED)
    if is_auditable:
        return Cell(text=f"{look.glyphs.good} yes", style="$success")
    return Cell(text=f"{look.glyphs.bad} no", style="$error")


def _reason(row: RelayRow, look: Look) -> Cell:
    return Cell(text=look.text(reason_of(row)), style=_MUTED)


def _held_of_month(place: int) -> Callable[[MonthCoverage, Look], Cell]:
    def cell(month: MonthCoverage, look: Look) -> Cell:
        missing = month.entries - month.held[place]
        if not missing:
            return Cell(text=f"{look.glyphs.good} all", style="$success")
        lacking = f"{look.glyphs.warning} {missing:,} missing"
        return Cell(text=lacking, style="$warning")

    return cell


def _host(url: str) -> str:
    return (urlsplit(url).hostname or url)[:_HOST_WIDTH]
