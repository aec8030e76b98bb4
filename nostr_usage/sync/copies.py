"""What the relays showed of one account: entries to be authenticated, who showed them, and evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nostr_usage.chain import Copy
from nostr_usage.entry_event import entry_from_event
from nostr_usage.errors import EntryFormatError, EventError
from nostr_usage.ledger.entry import AccountId, Entry, EntryId
from nostr_usage.ledger.problems import Problem, ProblemCode
from nostr_usage.nostr.event import Event, verify_event
from nostr_usage.nostr.tags import first_tag_value
from nostr_usage.relays.scores import RelayScore

OTHER_EVENT_PREFIX = "ul1-"
"""What the `t` tag of rolls, leaves, summaries and canaries begins with: they are no entries."""


class Copies:
    """The copies of one account's entries, by meter.

    The session of each relay has checked that an event answers the filter, so that it is by the ledger key
    and of one of its kinds, and that its id is right. Copies of one entry with different signatures are kept
    apart until a chain is read: the first one to arrive may be corrupt.
    """

    def __init__(self, account: AccountId) -> None:
        self.account = account
        self.problems: list[Problem] = []
        self._by_meter: dict[str, list[Copy]] = {}
        self._entries: dict[str, Entry] = {}
        self._showers: dict[tuple[str, str], set[str]] = {}
        self._seqs: dict[tuple[str, str], set[int]] = {}
        self._is_valid: dict[tuple[str, str], bool] = {}

    def add(self, events: Iterable[Event], *, relay: str, score: RelayScore) -> int:
        """Take in what a relay showed, counted in its score; how many copies nobody had shown before."""
        fresh = 0
        for event in events:
            entry = self._entries.get(event.id) or self._read(event, score)
            if entry is None:
                continue
            self._entries[event.id] = entry
            self._seqs.setdefault((relay, entry.meter), set()).add(entry.seq)
            showers = self._showers.setdefault((event.id, event.sig), set())
            if not showers:
                self._by_meter.setdefault(entry.meter, []).append(Copy(entry=entry, event=event))
                score.unique += 1
                fresh += 1
            showers.add(relay)
        return fresh

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

    def settle(self, meter: str, seq: int) -> Iterator[tuple[str, EntryId]]:
        """Forget copies up to `seq`, which are in the store or were found wanting; who showed which entry."""
        left: list[Copy] = []
        for copy in self.of_meter(meter):
            if copy.entry.seq > seq:
                left.append(copy)
            else:
                for relay in self._showers[copy.event.id, copy.event.sig]:
                    yield relay, copy.entry_id
        self._by_meter[meter] = left

    def has_valid_signature(self, event: Event) -> bool:
        """Whether the ledger key signed `event`; each copy is checked once."""
        key = (event.id, event.sig)
        if key not in self._is_valid:
            try:
                verify_event(event)
                self._is_valid[key] = True
            except EventError:
                self._is_valid[key] = False
        return self._is_valid[key]

    def forgers(self) -> Iterator[str]:
        """The relay of each copy that was checked and found to be signed by nobody."""
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
        if not self.has_valid_signature(event):
            score.forged += 1
            return
        problem = Problem(code=ProblemCode.MALFORMED, message=error.message, entry_id=EntryId(event.id))
        if problem not in self.problems:
            self.problems.append(problem)
