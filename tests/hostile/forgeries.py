"""Events that nobody signed, with the right ids: all that a relay can invent."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from nostr_usage.ledger.entry import AccountId, Entry, EntryId, LotTerms, Operation, Source
from nostr_usage.nostr.event import Event, UnsignedEvent
from nostr_usage.wire.entry_event import entry_from_event, event_from_entry
from tests.hostile.ledger_under_attack import LedgerUnderAttack
from tests.ledgers import KIND, signed_entry

_DEFLATED_TEXT_FRAME = 0xC1


def unsigned(ledger: LedgerUnderAttack, entry: Entry) -> Event:
    """The event of an entry as the ledger key would write it, with a signature of zeros."""
    return _with_signature(event_from_entry(entry, kind=KIND, pubkey=ledger.pubkey), "00" * 64)


def grant_on_top(ledger: LedgerUnderAttack) -> Event:
    """A gift of a million tokens, linked to the true head; signed, so whoever forges it must spoil that."""
    head = ledger.events[-1]
    entry = entry_from_event(head)
    return signed_entry(
        ledger.operator,
        replace(
            entry,
            seq=entry.seq + 1,
            prev=EntryId(head.id),
            operation=Operation.GRANT,
            type="gift",
            tokens=1_000_000,
            lot=LotTerms(source=Source.GIFT, expires_at=None),
            prices=(),
            usage=(),
            description_hash=None,
            content="",
        ),
    )


def on_top(ledger: LedgerUnderAttack, *, count: int) -> list[Event]:
    """Forged debits above the true head, each of a seq of its own."""
    entry = entry_from_event(ledger.events[-1])
    return [unsigned(ledger, replace(entry, seq=entry.seq + 1 + number)) for number in range(count)]


def of_invented_meters(ledger: LedgerUnderAttack, *, count: int) -> list[Event]:
    """Forged debits of meters that nobody has."""
    entry = entry_from_event(ledger.events[-1])
    return [unsigned(ledger, replace(entry, meter=f"meter-{number}")) for number in range(count)]


def at_the_ends_of_time(ledger: LedgerUnderAttack) -> list[Event]:
    """Forged copies of the head, created at the earliest and the latest moment that an event can state."""
    head = ledger.events[-1]
    return [
        _with_signature(
            UnsignedEvent(
                pubkey=head.pubkey, created_at=moment, kind=head.kind, tags=head.tags, content=head.content
            ),
            head.sig,
        )
        for moment in (0, 2**53 - 1)
    ]


def corrupt_copies(event: Event, *, count: int) -> Iterator[Event]:
    """The same event with signatures that nobody made, each another one."""
    chance = Random(1)
    for _ in range(count):
        yield replace(event, sig=chance.randbytes(64).hex())


def without_end(event: Event) -> Iterator[Event]:
    """Ever more copies of one event, each with another signature that nobody made."""
    chance = Random(2)
    while True:
        yield replace(event, sig=chance.randbytes(64).hex())


def answering(ledger: LedgerUnderAttack, tag: str, value: str) -> Event:
    """A forged entry that a filter for this tag asks for."""
    opening = entry_from_event(ledger.events[0])
    debit = entry_from_event(ledger.events[-1])
    match tag:
        case "o":
            account = AccountId(f"{int(value):064x}")
            return unsigned(ledger, replace(opening, account=account, open_number=int(value)))
        case "s":
            return unsigned(ledger, replace(debit, seq=int(value.rsplit(":", 1)[1])))
        case _:
            return unsigned(
                ledger, replace(debit, account=AccountId(value), seq=Random(value).randrange(9**9))
            )


def large(ledger: LedgerUnderAttack, *, bytes_each: int, count: int) -> Iterator[Event]:
    """Forged debits with much in them."""
    entry = entry_from_event(ledger.events[-1])
    for number in range(count):
        yield unsigned(ledger, replace(entry, seq=entry.seq + 1 + number, content="A" * bytes_each))


def deflated_frame(text: bytes) -> bytes:
    """A websocket frame from a server with `text` compressed as small as it gets (RFC 7692)."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    payload = (deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
    if len(payload) < 65_536:
        return bytes([_DEFLATED_TEXT_FRAME, 126]) + len(payload).to_bytes(2, "big") + payload
    return bytes([_DEFLATED_TEXT_FRAME, 127]) + len(payload).to_bytes(8, "big") + payload


def _with_signature(event: UnsignedEvent, sig: str) -> Event:
    return Event(
        id=event.id,
        pubkey=event.pubkey,
        created_at=event.created_at,
        kind=event.kind,
        tags=event.tags,
        content=event.content,
        sig=sig,
    )
