"""Filters as SQL against a naive reading of NIP-01, and the promise that no page needs a full scan."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.embedded import RelayLimits, query
from nostr_usage.embedded.event_reader import EventReader
from nostr_usage.embedded.event_store import EventStore
from nostr_usage.nostr.event import VerifiedEvent, event_from_json, event_to_json
from nostr_usage.nostr.filter import Filter, matches
from tests.signed_events import NOW, signed, signer_of

AUTHORS = tuple(signer_of(seed) for seed in (1, 2, 3))
LETTERS = "ab"
VALUES = ("", "x", "y", "z")
LIMITS = RelayLimits(events_per_filter_max=25)


def _events() -> tuple[VerifiedEvent, ...]:
    """Sixty events in ten seconds: three authors, three kinds, tags in every combination."""
    return tuple(
        signed(
            AUTHORS[number % 3],
            kind=(1, 7, 9)[number // 3 % 3],
            created_at=NOW - number % 10,
            tags=tuple(
                (letter, VALUES[(number // step) % 4])
                for letter, step in (("a", 1), ("b", 4), ("a", 7))
                if number % (step + 1)
            ),
            content=str(number),
        )
        for number in range(60)
    )


EVENTS = _events()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Generator[EventReader]:
    """A reader of a database that holds EVENTS."""
    path = tmp_path_factory.mktemp("queries") / "relay.db"
    fill(path, EVENTS)
    reader = EventReader(path, limits=LIMITS)
    yield reader
    reader.close()


def fill(path: Path, events: Sequence[VerifiedEvent]) -> None:
    """Store events in one transaction."""
    store = EventStore(path, durable=False)
    store.begin()
    for event in events:
        assert store.save(event, event_to_json(event)).is_accepted
    store.commit()
    store.close()


def naive_page(filters: Sequence[Filter]) -> list[str]:
    """The ids that NIP-01 asks for, found by looking at every event."""
    found: set[str] = set()
    newest_first = sorted(EVENTS, key=lambda event: (-event.created_at, event.id))
    for wanted in filters:
        limit = LIMITS.events_per_filter_max if wanted.limit is None else wanted.limit
        matching = [event.id for event in newest_first if matches(wanted, event)]
        found.update(matching[: min(limit, LIMITS.events_per_filter_max)])
    return [event.id for event in newest_first if event.id in found]


def lists_of(values: Sequence[str]) -> st.SearchStrategy[tuple[str, ...] | None]:
    """No condition, or some of the values; an empty list too, and doubles."""
    return st.none() | st.lists(st.sampled_from(values), max_size=4).map(tuple)


FILTERS = st.builds(
    Filter,
    ids=st.none() | st.none() | lists_of([event.id for event in EVENTS] + ["0" * 64]),
    authors=lists_of([author.pubkey for author in AUTHORS] + ["f" * 64]),
    kinds=st.none() | st.lists(st.sampled_from((1, 7, 9, 10)), max_size=4).map(tuple),
    tags=st.lists(
        st.tuples(st.sampled_from(LETTERS), st.lists(st.sampled_from((*VALUES, "?")), max_size=3).map(tuple)),
        max_size=2,
        unique_by=lambda tag: tag[0],
    ).map(tuple),
    since=st.none() | st.integers(NOW - 11, NOW + 1),
    until=st.none() | st.integers(NOW - 11, NOW + 1),
    limit=st.none() | st.integers(0, 30),
)


@given(filters=st.lists(FILTERS, min_size=1, max_size=3))
def test_pages_are_what_nip_01_asks_for(reader: EventReader, filters: list[Filter]) -> None:
    """Any filters: the same events in the same order as a naive reading gives."""
    page = reader.page(filters)
    assert naive_page(filters) == [event_from_json(json).id for json in page.events]


@given(filters=st.lists(FILTERS, min_size=1, max_size=3))
def test_counts_are_what_nip_45_asks_for(reader: EventReader, filters: list[Filter]) -> None:
    """Any filters: as many as a naive reading counts."""
    expected = sum(any(matches(wanted, event) for wanted in filters) for event in EVENTS)
    assert expected == reader.count(filters)


@pytest.mark.parametrize("values", [query.RANGES_MAX, query.RANGES_MAX + 1])
def test_long_lists_give_the_same_page(reader: EventReader, values: int) -> None:
    """Where a list is too long for a range of each value it is looked up as a whole, with the same result."""
    others = tuple(f"none-{number}" for number in range(values - 2))
    wanted = Filter(tags=(("a", ("x", "y", *others)),), limit=20)
    assert naive_page([wanted]) == [event_from_json(json).id for json in reader.page([wanted]).events]


def test_many_authors_times_many_kinds_is_no_problem(reader: EventReader) -> None:
    """A product of millions is not spelled out."""
    authors = (*(f"{number:064x}" for number in range(1_500)), AUTHORS[0].pubkey)
    wanted = Filter(authors=authors, kinds=tuple(range(2_000)), limit=10)
    assert naive_page([wanted]) == [event_from_json(json).id for json in reader.page([wanted]).events]


def test_two_hundred_filters_are_one_statement(reader: EventReader) -> None:
    """As many filters as a request may have, each with several ranges."""
    filters = [
        Filter(kinds=(1, 7, 9), authors=tuple(author.pubkey for author in AUTHORS), until=NOW - number % 10)
        for number in range(200)
    ]
    assert naive_page(filters) == [event_from_json(json).id for json in reader.page(filters).events]


def plan_of(path: Path, wanted: Filter, *, lead: int = 0) -> list[str]:
    """How SQLite finds the events of one filter: the steps that look at a table."""
    connection = sqlite3.connect(path)
    salt = connection.execute("SELECT value FROM settings").fetchone()[0]
    statement = query.page([(query.leads_of(wanted, salt)[lead], 500)], page_bytes_max=1)
    steps = connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.parameters).fetchall()
    connection.close()
    return [detail for *_, detail in steps if detail.startswith(("SEARCH", "SCAN"))]


AUTHOR = AUTHORS[0].pubkey


@pytest.mark.parametrize(
    ("wanted", "step"),
    [
        (
            Filter(authors=(AUTHOR,), kinds=(30078,), tags=(("p", (AUTHOR,)),), until=NOW),
            "SEARCH i USING PRIMARY KEY (tag_key=? AND created_at<?)",
        ),
        (
            Filter(tags=(("d", ("x", "y")),), since=1, until=NOW),
            "SEARCH i USING PRIMARY KEY (tag_key=? AND created_at>? AND created_at<?)",
        ),
        (
            Filter(authors=(AUTHOR,), kinds=(5, 62), until=NOW),
            "SEARCH i USING COVERING INDEX events_by_author_kind (author_no=? AND kind=? AND created_at<?)",
        ),
        (
            Filter(authors=(AUTHOR,), until=NOW),
            "SEARCH i USING COVERING INDEX events_by_author (author_no=? AND created_at<?)",
        ),
        (Filter(kinds=(1,)), "SEARCH i USING COVERING INDEX events_by_kind (kind=?)"),
        (Filter(until=NOW), "SEARCH i USING COVERING INDEX events_by_time (created_at<?)"),
        (
            Filter(ids=("0" * 64, "1" * 64)),
            "SEARCH i USING INDEX sqlite_autoindex_events_1 (event_id=?)",
        ),
    ],
)
def test_no_page_needs_a_full_scan(reader: EventReader, tmp_path: Path, wanted: Filter, step: str) -> None:
    """Each sort of filter walks the index that fits it, in the order of time."""
    path = tmp_path / "relay.db"
    fill(path, EVENTS)
    steps = plan_of(path, wanted)
    assert step in steps
    assert not [scan for scan in steps if scan.startswith(("SCAN i", "SCAN e", "SCAN o", "SCAN events"))]


def test_the_shorter_of_two_tags_leads(tmp_path: Path) -> None:
    """A tag that every event has does not lead where another is rare."""
    path = tmp_path / "relay.db"
    common = [
        signed(AUTHORS[0], created_at=NOW - number, tags=(("v", "1"), ("p", AUTHOR))) for number in range(999)
    ]
    rare = signed(AUTHORS[1], created_at=NOW - 5_000, tags=(("v", "1"), ("m", "x")))
    fill(path, [*common, rare])
    # Reading all that the common tag has would take more than this.
    reader = EventReader(path, limits=RelayLimits(query_steps_max=100_000))
    wanted = Filter(tags=(("v", ("1",)), ("m", ("x",))), authors=(AUTHORS[1].pubkey,))
    assert (event_to_json(rare),) == reader.page([wanted]).events
    reader.close()


def test_where_all_are_long_the_first_leads(reader: EventReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting stops somewhere; the answer is the same."""
    monkeypatch.setattr("nostr_usage.embedded.event_reader._ESTIMATES", (1, 2))
    wanted = Filter(tags=(("a", ("x", "y")), ("b", ("x", "y", "z"))), authors=(AUTHOR,))
    assert naive_page([wanted]) == [event_from_json(json).id for json in reader.page([wanted]).events]


def test_a_database_error_is_not_taken_for_too_much_work(tmp_path: Path) -> None:
    """It is raised as it is."""
    path = tmp_path / "relay.db"
    fill(path, EVENTS[:1])
    reader = EventReader(path, limits=LIMITS)
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE tags")
    connection.close()
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        reader.page([Filter(tags=(("a", ("x",)),))])
    reader.close()
