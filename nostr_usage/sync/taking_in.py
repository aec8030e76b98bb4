"""Events from a file instead of from relays: the same distrust, and the same way into the store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nostr_usage.errors import EventError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.nostr.event import Event, event_from_json, verify_event
from nostr_usage.nostr.tags import first_tag_value
from nostr_usage.relays.scores import RelayScore
from nostr_usage.store import Reader, Store
from nostr_usage.sync.copies import Copies
from nostr_usage.sync.keeping import Keeper
from nostr_usage.sync.outcome import StreamReading
from nostr_usage.wire.manifest import MANIFEST_TYPE

REASONS_MAX = 20
_FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReading:
    """What a file of events was worth; counts are events.

    Attributes:
        read: lines that were not empty.
        known: are held here already, or repeat another line.
        added: are held here now; each one's signature was checked.
        manifests: are manifests of the root key, which a home does not keep.
        foreign: are by another key or of another kind.
        malformed: are no sound events, or are signed and no entries.
        forged: have a signature that is not the ledger key's.
        waiting: are entries that were not kept, because something below them is missing or contradicts them.
        reasons: why some were refused, with the number of the line; at most `REASONS_MAX`.
        streams: what is known of each stream in the file afterwards.
    """

    read: int
    known: int
    added: int
    manifests: int
    foreign: int
    malformed: int
    forged: int
    waiting: int
    reasons: tuple[str, ...]
    streams: tuple[StreamReading, ...]

    @property
    def is_clean(self) -> bool:
        """Whether everything in the file was kept, held already, or rightly left out."""
        refused = self.foreign or self.malformed or self.forged or self.waiting
        return not refused and not any(stream.missing or stream.forks for stream in self.streams)


async def take_in(
    store: Store, lines: Iterable[bytes], *, ledger_pubkey: str, root_pubkey: str, kinds: Sequence[int]
) -> FileReading:
    """Keep what `lines` prove, each the JSON of one event, in any order and with repeats."""
    sorted_out = _Sorting(ledger_pubkey=ledger_pubkey, root_pubkey=root_pubkey, kinds=frozenset(kinds))
    with store.read() as reader:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                sorted_out.add(line, number=number, reader=reader)
            if number % 256 == 0:
                await asyncio.sleep(0)
    keeper = Keeper(store, relay_numbers={}, check_every_signature=True)
    streams: list[StreamReading] = []
    forged = waiting = 0
    for copies in sorted_out.copies.values():
        for meter in copies.meters:
            streams.append(await keeper.keep(copies, meter))
            waiting += sum(copies.has_valid_signature(copy.event) for copy in copies.of_meter(meter))
        await keeper.finish(copies.account)
        forged += sum(1 for _ in copies.forgers())
    return FileReading(
        read=sorted_out.read,
        known=sorted_out.known,
        added=sum(stream.added for stream in streams),
        manifests=sorted_out.manifests,
        foreign=sorted_out.foreign,
        malformed=sorted_out.malformed,
        forged=forged + sorted_out.score.forged,
        waiting=waiting,
        reasons=tuple(sorted_out.reasons),
        streams=tuple(streams),
    )


@dataclass(slots=True, kw_only=True)
class _Sorting:
    """Lines ─▶ copies by account; the rest is counted."""

    ledger_pubkey: str
    root_pubkey: str
    kinds: frozenset[int]
    copies: dict[AccountId, Copies] = field(default_factory=dict[AccountId, Copies])
    score: RelayScore = field(default_factory=RelayScore)
    reasons: list[str] = field(default_factory=list[str])
    read: int = 0
    known: int = 0
    manifests: int = 0
    foreign: int = 0
    malformed: int = 0

    def add(self, line: bytes, *, number: int, reader: Reader) -> None:
        """Put one line where it belongs."""
        self.read += 1
        try:
            event = event_from_json(line.strip())
        except EventError as error:
            self.malformed += 1
            self._explain(number, str(error))
            return
        if self._is_manifest(event):
            self.manifests += 1
        elif event.pubkey != self.ledger_pubkey or event.kind not in self.kinds:
            self.foreign += 1
            self._explain(number, f"event {event.id} is by another key, or of another kind")
        else:
            self._add_entry(event, number=number, reader=reader)

    def _is_manifest(self, event: Event) -> bool:
        if event.pubkey != self.root_pubkey or first_tag_value(event.tags, "t") != MANIFEST_TYPE:
            return False
        try:
            verify_event(event)
        except EventError:
            return False
        return True

    def _add_entry(self, event: Event, *, number: int, reader: Reader) -> None:
        account = AccountId(first_tag_value(event.tags, "p") or "")
        copies = self.copies.setdefault(account, Copies(account))
        forged, problems = self.score.forged, len(copies.problems)
        fresh = copies.add([event], relay=_FILE, score=self.score)
        if reader.event_no(event.id) is not None:
            self.known += 1
        elif len(copies.problems) > problems:
            self.malformed += 1
            self._explain(number, copies.problems[-1].message)
        elif self.score.forged > forged:
            self._explain(number, f"event {event.id} was not signed by the key that it names")
        elif not fresh:
            self.known += 1

    def _explain(self, number: int, reason: str) -> None:
        if len(self.reasons) < REASONS_MAX:
            self.reasons.append(f"line {number}: {reason}")
