"""One entry: every check of it, its text where a key opens it, and who has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import cast

from nostr_usage.errors import DecryptionError, NostrUsageError
from nostr_usage.home import Settings
from nostr_usage.ledger.entry import NO_ENTRY, Entry, EntryId
from nostr_usage.ledger.fold import balance_of
from nostr_usage.ledger.problems import ProblemCode
from nostr_usage.nostr import schnorr
from nostr_usage.nostr.event import event_from_json
from nostr_usage.proof.stored import row_check
from nostr_usage.store import DetailsRow, EntryRow, Reader, StreamRow
from nostr_usage.wire.audit import (
    Authority,
    Check,
    StreamFold,
    arithmetic_check,
    description_check,
    link_check,
    read_entry,
)
from nostr_usage.wire.details import Details, open_details
from nostr_usage.wire.entry_event import entry_from_event, month_of

FOLDED_MAX = 20_000
"""Entries that are folded again to prove one; an audit folds them all, whatever their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A relay that has an entry, or is to have it: the state of its outbox, or `seen`."""

    url: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryProof:
    """One entry, with all that can be checked of it here.

    Attributes:
        row: the entry in columns.
        stream: the stream that it is in.
        event_json: the signed event, as it is held.
        entry: what the event says, if it is well formed.
        checks: all that were made.
        details: the private text, None where nothing here opens it.
        details_from: how the text is known, or why it is not.
        holders: relays that have the entry.
    """

    row: EntryRow
    stream: StreamRow
    event_json: bytes
    entry: Entry | None
    checks: tuple[Check, ...]
    details: Details | None
    details_from: str
    holders: tuple[Holder, ...]

    @property
    def is_sound(self) -> bool:
        """Whether no check failed."""
        return all(check.is_ok is not False for check in self.checks)


def prove_entry(
    reader: Reader, row: EntryRow, *, authority: Authority, conversation_key: bytes | None
) -> EntryProof:
    """Every check of one entry.

    Args:
        reader: the store.
        row: the entry.
        authority: who may have signed it.
        conversation_key: opens its sealed details (NIP-44); None where there is no such key.
    """
    event_json = reader.event_json(row.entry_id)
    assert event_json is not None, "an entry without its event"
    reading = read_entry(
        event_json, entry_id=row.entry_id, authority=authority, backends=schnorr.available_backends()
    )
    checks, entry = list(reading.checks), reading.entry
    details, details_from = None, "the event cannot be read"
    if entry is not None:
        details, details_from = _details(reader, row, entry, conversation_key)
        checks += [*_chain_checks(reader, row, entry), _fold_check(reader, row, entry), row_check(row, entry)]
        if details is not None:
            checks.append(description_check(entry, details))
    return EntryProof(
        row=row,
        stream=reader.stream_numbered(row.stream_no),
        event_json=event_json,
        entry=entry,
        checks=tuple(checks),
        details=details,
        details_from=details_from,
        holders=tuple(_holders(reader, row)),
    )


def authority_of(settings: Settings) -> Authority:
    """Who may sign entries, by the settings of a home."""
    return Authority(pubkeys=frozenset({settings.ledger_pubkey}), kinds=frozenset(settings.kinds))


def _chain_checks(reader: Reader, row: EntryRow, entry: Entry) -> Iterator[Check]:
    if row.seq == 1:
        yield link_check(entry, previous=NO_ENTRY)
        yield arithmetic_check(entry, before=0)
        return
    before = reader.entry_at(row.stream_no, row.seq - 1)
    yield link_check(entry, previous=before.entry_id if before else None)
    yield arithmetic_check(entry, before=before.balance if before else None)


def _fold_check(reader: Reader, row: EntryRow, entry: Entry) -> Check:
    """The balance once more, from all entries up to this one."""
    if row.seq > FOLDED_MAX:
        detail = f"more than {FOLDED_MAX:,} entries lie below; `nostr-usage audit` folds them all"
        return Check(name="fold", is_ok=None, detail=detail, code=ProblemCode.BALANCE_MISMATCH)
    try:
        events = islice(reader.events_of_stream(row.stream_no), row.seq)
        lines = [
            (EntryId(event.event_id), entry_from_event(event_from_json(event.event_json))) for event in events
        ]
    except NostrUsageError as error:
        detail = f"an entry up to this one cannot be read: {error}"
        return Check(name="fold", is_ok=False, detail=detail, code=ProblemCode.MALFORMED)
    again = StreamFold()
    again.add(lines, months=[month_of(line.occurred_at) for _, line in lines])
    folded = balance_of(again.state)
    return Check(
        name="fold",
        is_ok=folded == entry.balance,
        detail=f"{row.seq:,} entries folded from zero give {folded.total:,}",
        code=ProblemCode.BALANCE_MISMATCH,
    )


def _details(
    reader: Reader, row: EntryRow, entry: Entry, conversation_key: bytes | None
) -> tuple[Details | None, str]:
    """The private text, and how it is known: what was signed goes before what the store says."""
    if entry.description is not None:
        return Details(description=entry.description), "public"
    if entry.content and conversation_key is not None:
        try:
            return open_details(entry.content, conversation_key=conversation_key), "opened with the key here"
        except DecryptionError as error:
            return None, f"the key here does not open it: {error}"
    stored = reader.details(row.entry_no)
    if stored is not None and stored.salt is not None:
        return _stored_details(stored), "kept in this home"
    if entry.content:
        return None, "sealed: only its account's key opens it"
    if entry.description_hash is not None:
        return None, "kept by the operator; only its hash is public"
    return None, "none"


def _stored_details(stored: DetailsRow) -> Details:
    metadata = cast("dict[str, str]", json.loads(stored.metadata_json)) if stored.metadata_json else {}
    return Details(description=stored.description or "", salt=stored.salt or "", metadata=metadata)


def _holders(reader: Reader, row: EntryRow) -> Iterator[Holder]:
    urls = {relay.relay_no: relay.url for relay in reader.relays()}
    states = {queued.relay_no: queued.state.value for queued in reader.outbox_of(row.entry_no)}
    for relay_no in reader.sightings(row.entry_no):
        states.setdefault(relay_no, "seen")
    for relay_no, state in sorted(states.items()):
        yield Holder(url=urls[relay_no], state=state)
