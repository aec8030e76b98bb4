"""What the relays showed of one account: entries to be authenticated, who showed them, and evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from nostr_usage.errors import EntryFormatError, EventError
from nostr_usage.ledger.entry import AccountId, Entry, EntryId
from nostr_usage.ledger.problems import Problem, ProblemCode
from nostr_usage.nostr.event import Event, verify_event
from nostr_usage.nostr.tags import first_tag_value
from nostr_usage.relays.scores import RelayScore
from nostr_usage.wire.chain import Copy
from nostr_usage.wire.entry_event import entry_from_event

OTHER_EVENT_PREFIX = "ul1-"
"""What the `t` tag of rolls, leaves, summaries and canaries begins with: they are no entries."""


FORGERIES_REMEMBERED_MAX = 1_000
"""Forged copies that are counted once however often they come; beyond that, each time is one more."""
PROBLEMS_MAX = 1_000


class Copies:
    """The copies of one account's entries, by meter.

    The session of each relay has checked that an event answers the filter, so that it claims the ledger key
    and one of its kinds, and that its id is right. Anybody can write that: a copy is kept only if its
    signature is valid, or if an authentic entry names its id as `prev`. So whatever a relay invents takes no
    memory, and none of it is asked about further. Of an entry that only its link vouches for, a copy with a
    valid signature is kept as well, whenever it comes: the first one may be corrupt.
    """

    def __init__(self, account: AccountId) -> None:
        self.account = account
        self.problems: list[Problem] = []
        self._by_meter: dict[str, list[Copy]] = {}
        self._entries: dict[str, Entry] = {}
        self._showers: dict[tuple[str, str], set[str]] = {}
        self._seqs: dict[tuple[str, str], set[int]] = {}
        self._is_valid: dict[tuple[str, str], bool] = {}
        self._named_as_prev: set[EntryId] = set()
        self._forgeries: set[tuple[str, str]] = set()

    def add(self, events: Iterable[Event], *, relay: str, score: RelayScore) -> int:
        """Take in what a relay showed, counted in its score; how many copies nobody had shown before."""
        copies: list[Copy] = []
        for event in events:
            entry = self._entries.get(event.id) or self._read(event, score)
            if entry is not None:
                copies.append(Copy(entry=entry, event=event))
        # The highest first, so that one signature vouches for all that hangs on it.
        copies.sort(key=_by_seq, reverse=True)
        return sum(self._add(copy, relay=relay, score=score) for copy in copies)

    def _add(self, copy: Copy, *, relay: str, score: RelayScore) -> int:
        """How many copies more there are: one or none."""
        key = (copy.event.id, copy.event.sig)
        if key not in self._showers and not self._is_authentic(copy):
            self._count_forgery(key, score)
            return 0
        self._named_as_prev.add(copy.entry.prev)
        self._entries[copy.event.id] = copy.entry
        self._seqs.setdefault((relay, copy.entry.meter), set()).add(copy.entry.seq)
        showers = self._showers.setdefault(key, set())
        fresh = 0 if showers else 1
        if fresh:
            self._by_meter.setdefault(copy.entry.meter, []).append(copy)
            score.unique += 1
        showers.add(relay)
        return fresh

    def _is_authentic(self, copy: Copy) -> bool:
        """Whether the ledger key vouches for this copy. One copy of an entry may lean on its link alone."""
        if copy.entry_id in self._named_as_prev and copy.event.id not in self._entries:
            return True
        is_valid = is_signed(copy.event)
        if is_valid:
            self._is_valid[copy.event.id, copy.event.sig] = True
        return is_valid

    def _count_forgery(self, key: tuple[str, str], score: RelayScore) -> None:
        if key not in self._forgeries:
            score.forged += 1
            if len(self._forgeries) < FORGERIES_REMEMBERED_MAX:
                self._forgeries.add(key)

    @property
    def meters(self) -> tuple[str, ...]:
        """The meters that any copy is of."""
        return tuple(self._by_meter)

    def of_meter(self, meter: str) -> list[Copy]:
        """The copies of one stream that were not settled."""
        return self._by_meter.get(meter, [])

    def is_complete(self, relay: str, held: Mapping[str, int]) -> bool:
        """Whether a relay showed every entry above those held, up to the highest that it showed."""
        for (shower, meter), seqs in self._seqs.items():
            if shower == relay:
                above = {seq for seq in seqs if seq > held.get(meter, 0)}
                if above and max(above) - held.get(meter, 0) != len(above):
                    return False
        return True

    def showers(self, copy: Copy) -> Collection[str]:
        """The relays that showed a copy."""
        return self._showers[copy.event.id, copy.event.sig]

    def lowest_seqs(self, relay: str) -> dict[str, int]:
        """The lowest seq that a relay showed of each stream."""
        return {meter: min(seqs) for (shower, meter), seqs in self._seqs.items() if shower == relay}

    def settle(self, meter: str, seq: int) -> list[Copy]:
        """Take out the copies up to `seq`, which are in the store or were found wanting: these."""
        copies = self.of_meter(meter)
        self._by_meter[meter] = [copy for copy in copies if copy.entry.seq > seq]
        return [copy for copy in copies if copy.entry.seq <= seq]

    def forget(self, settled: Iterable[Copy]) -> None:
        """Keep nothing of copies that were settled, but who forged any; what comes again is new again."""
        for copy in settled:
            key = (copy.event.id, copy.event.sig)
            self._entries.pop(copy.event.id, None)
            self._named_as_prev.discard(copy.entry.prev)
            if self._is_valid.get(key, True):
                self._showers.pop(key, None)
                self._is_valid.pop(key, None)

    def has_valid_signature(self, event: Event) -> bool:
        """Whether the ledger key signed `event`; each copy is checked once."""
        key = (event.id, event.sig)
        if key not in self._is_valid:
            self._is_valid[key] = is_signed(event)
        return self._is_valid[key]

    def forgers(self) -> Iterator[str]:
        """The relay of each copy that is linked, and was found to have a signature that nobody made."""
        for key, is_valid in self._is_valid.items():
            if not is_valid:
                yield from self._showers.get(key, ())

    def _read(self, event: Event, score: RelayScore) -> Entry | None:
        """The entry in `event`, if it is one; what the ledger key signed and is none is evidence."""
        try:
            entry = entry_from_event(event)
        except EntryFormatError as error:
            if not (first_tag_value(event.tags, "t") or "").startswith(OTHER_EVENT_PREFIX):
                self._keep_malformed(event, error, score)
            return None
        return entry if entry.account == self.account else None

    def _keep_malformed(self, event: Event, error: EntryFormatError, score: RelayScore) -> None:
        if not is_signed(event):
            self._count_forgery((event.id, event.sig), score)
            return
        problem = Problem(code=ProblemCode.MALFORMED, message=error.message, entry_id=EntryId(event.id))
        if problem not in self.problems and len(self.problems) < PROBLEMS_MAX:
            self.problems.append(problem)


def is_signed(event: Event) -> bool:
    """Whether the event's author signed it."""
    try:
        verify_event(event)
    except EventError:
        return False
    return True


def _by_seq(copy: Copy) -> int:
    return copy.entry.seq
