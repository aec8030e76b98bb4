"""What the embedded relay's database keeps: against a naive model, over restarts, and in files of others."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.embedded import RelayLimits
from nostr_usage.embedded.database import open_database
from nostr_usage.embedded.event_reader import EventReader
from nostr_usage.embedded.event_store import DELETED, DUPLICATE, REPLACED, EventStore, Outcome
from nostr_usage.errors import HomeError, NewerDatabaseError
from nostr_usage.nostr.event import VerifiedEvent, event_from_json, event_to_json
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.tags import Tag, first_tag_value
from tests.signed_events import NOW, signed, signer_of

AUTHORS = tuple(signer_of(seed) for seed in (1, 2))
KINDS = (1, 0, 30_078)


def _versions() -> tuple[VerifiedEvent, ...]:
    return tuple(
        signed(author, kind=kind, created_at=NOW + age, tags=tags, content=text)
        for author in AUTHORS
        for kind in KINDS
        for age in (0, 1, 2)
        for tags in ((), (("d", "x"),))
        for text in ("a", "b")
    )


def _requests() -> tuple[VerifiedEvent, ...]:
    """Deletions by either author, of either author's events and addresses."""
    targets: list[Tag] = [("e", event.id) for event in VERSIONS[::3]]
    targets += [
        ("a", f"{kind}:{author.pubkey}:{d}") for author in AUTHORS for kind in (0, 30_078) for d in ("", "x")
    ]
    first = tuple(
        signed(author, kind=5, created_at=NOW + 1, tags=(target,)) for author in AUTHORS for target in targets
    )
    return (*first, signed(AUTHORS[0], kind=5, created_at=NOW + 1, tags=(("e", first[0].id),)))


VERSIONS = _versions()
REQUESTS = _requests()


@dataclass(slots=True)
class Model:
    """NIP-01 and NIP-09 by looking at everything each time."""

    held: dict[str, VerifiedEvent] = field(default_factory=dict[str, VerifiedEvent])

    def save(self, event: VerifiedEvent) -> tuple[bool, str]:
        """Whether the event is accepted, and the first word of the reason."""
        if self._is_deleted(event):
            return False, "deleted"
        if event.id in self.held:
            return True, "duplicate"
        rivals = [held for held in self.held.values() if self._address(event) == self._address(held) != None]  # noqa: E711 - both sides
        if any((-held.created_at, held.id) < (-event.created_at, event.id) for held in rivals):
            return False, "replaced"
        for rival in rivals:
            del self.held[rival.id]
        self.held[event.id] = event
        if event.kind == 5:
            self.held = {held.id: held for held in self.held.values() if not self._is_deleted(held)}
        return True, ""

    def _is_deleted(self, event: VerifiedEvent) -> bool:
        address = self._address(event)
        return event.kind != 5 and any(
            request.kind == 5
            and request.pubkey == event.pubkey
            and (
                ("e", event.id) in request.tags
                or (
                    address is not None
                    and ("a", address) in request.tags
                    and event.created_at <= request.created_at
                )
            )
            for request in self.held.values()
        )

    @staticmethod
    def _address(event: VerifiedEvent) -> str | None:
        d = {0: "", 30_078: first_tag_value(event.tags, "d") or ""}.get(event.kind)
        return None if d is None else f"{event.kind}:{event.pubkey}:{d}"


def save_all(store: EventStore, events: Sequence[VerifiedEvent]) -> list[Outcome]:
    """Store events in one transaction."""
    store.begin()
    outcomes = [store.save(event, event_to_json(event)) for event in events]
    store.commit()
    return outcomes


def held_by(path: Path) -> set[str]:
    """The ids of all events, read through a connection of its own."""
    reader = EventReader(path, limits=RelayLimits())
    events = reader.page([Filter()]).events
    assert len(events) == reader.count([Filter()])
    reader.close()
    return {event_from_json(json).id for json in events}


def tag_rows(path: Path) -> int:
    """How many tags are indexed."""
    connection = sqlite3.connect(path)
    rows: int = connection.execute("SELECT count(*) FROM tags").fetchone()[0]
    connection.close()
    return rows


@given(
    batches=st.lists(
        st.lists(st.sampled_from(VERSIONS) | st.sampled_from(REQUESTS), max_size=12), min_size=1, max_size=4
    )
)
def test_what_is_kept_is_what_nip_01_and_nip_09_say(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[VerifiedEvent]]
) -> None:
    """Any order of versions, doubles and deletions, in any batches: answers and contents as in the model."""
    path = tmp_path_factory.mktemp("model") / "relay.db"
    store, model = EventStore(path, durable=False), Model()
    for batch in batches:
        expected = [model.save(event) for event in batch]
        found = [
            (outcome.is_accepted, outcome.reason.partition(":")[0]) for outcome in save_all(store, batch)
        ]
        assert expected == found
    assert set(model.held) == held_by(path)
    indexed = {(event.id, *tag[:2]) for event in model.held.values() for tag in event.tags}
    assert len(indexed) == tag_rows(path)
    store.close()


def test_arrivals_are_never_used_twice(tmp_path: Path) -> None:
    """Also after the newest event was deleted: live readers tell new from old by them."""
    store = EventStore(tmp_path / "relay.db", durable=False)
    first, second = VERSIONS[0], signed(AUTHORS[0], content="second")
    request = signed(AUTHORS[0], kind=5, tags=(("e", second.id),))
    arrivals = [outcome.arrival for outcome in save_all(store, [first, second, request, first])]
    assert [1, 2, 3, None] == arrivals
    assert [4] == [outcome.arrival for outcome in save_all(store, [VERSIONS[3]])]
    store.close()


def test_a_rollback_forgets_everything(tmp_path: Path) -> None:
    """Events, authors and deletions of the batch: as if it had never been."""
    path = tmp_path / "relay.db"
    store = EventStore(path, durable=False)
    event = signed(AUTHORS[0])
    store.begin()
    for saved in (event, signed(AUTHORS[0], kind=5, tags=(("e", event.id),)), signed(AUTHORS[1])):
        store.save(saved, event_to_json(saved))
    store.rollback()
    assert set() == held_by(path)
    assert [Outcome(is_accepted=True, arrival=1)] == save_all(store, [event])
    assert {event.id} == held_by(path)
    store.close()


def test_the_store_goes_on_after_a_restart(tmp_path: Path) -> None:
    """Duplicates, addresses and deletions are remembered by the file."""
    path = tmp_path / "relay.db"
    gone, slot = signed(AUTHORS[0]), signed(AUTHORS[0], kind=30_078, created_at=NOW + 1)
    store = EventStore(path, durable=True)
    save_all(store, [gone, slot, signed(AUTHORS[0], kind=5, tags=(("e", gone.id),))])
    store.close()
    store = EventStore(path, durable=True)
    older = signed(AUTHORS[0], kind=30_078)
    assert [DELETED, DUPLICATE, REPLACED] == save_all(store, [gone, slot, older])
    store.close()


def test_more_authors_than_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of authors is bounded; whom it forgot is looked up again."""
    monkeypatch.setattr("nostr_usage.embedded.event_store._AUTHORS_KEPT_MAX", 1)
    path = tmp_path / "relay.db"
    store = EventStore(path, durable=False)
    events = [signed(AUTHORS[number % 2], content=str(number)) for number in range(6)]
    save_all(store, events)
    reader = EventReader(path, limits=RelayLimits())
    assert 3 == reader.count([Filter(authors=(AUTHORS[0].pubkey,))])
    reader.close()
    store.close()


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """Neither another database nor another sort of file is taken over."""
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    text = tmp_path / "text.db"
    text.write_text("certainly not a database, but long enough to be looked at " * 20)
    for path in (foreign, text):
        before = path.read_bytes()
        with pytest.raises(HomeError, match="is not a database of the embedded relay"):
            EventStore(path, durable=False)
        assert before == path.read_bytes()


def test_a_place_where_no_file_can_be_is_named(tmp_path: Path) -> None:
    """A missing directory is an error with the path in it."""
    with pytest.raises(HomeError, match="nowhere"):
        EventStore(tmp_path / "nowhere" / "relay.db", durable=False)


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """A file from the future is not touched."""
    path = tmp_path / "relay.db"
    EventStore(path, durable=False).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(NewerDatabaseError, match="schema 2, this one knows 1"):
        EventStore(path, durable=False)


def test_a_durable_database_waits_for_the_disk(tmp_path: Path) -> None:
    """synchronous=FULL with a path; the temporary one, which nobody can open again, does without."""
    for durable, level in ((True, 2), (False, 0)):
        connection = open_database(tmp_path / "relay.db", durable=durable)
        assert (level,) == connection.execute("PRAGMA synchronous").fetchone()
        assert ("wal",) == connection.execute("PRAGMA journal_mode").fetchone()
        connection.close()
