"""From whatever relays answered to the part of one stream that is proved.

An entry's id commits to the id of the entry before it, so one signature check at the head and one hash per
entry authenticate a whole chain. A copy whose signature was not checked is no evidence of anything else: it
may carry the right id and a corrupt signature. PROTOCOL.md, "Reading".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from nostr_usage.ledger.entry import NO_ENTRY, Entry, EntryId
from nostr_usage.nostr.event import Event

MISSING_MAX = 10_000
"""Seqs named as missing: a signed entry may claim any seq, and the gap below it must not fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One relay's copy of an entry: its id is right and it is well formed, its signature may be anything."""

    entry: Entry
    event: Event

    @property
    def entry_id(self) -> EntryId:
        """The event's id."""
        return EntryId(self.event.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPoint:
    """The newest entry of a stream that is already authenticated; seq 0 is the point before the first."""

    seq: int = 0
    entry_id: EntryId = NO_ENTRY


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An authenticated entry: by its own signature, or by the hash that its successor commits to."""

    copy: Copy
    signature_checked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReading:
    """What the copies prove about one stream.

    Attributes:
        links: in order of seq, without a gap, starting after the point that was held.
        missing: seqs that must exist, since something above them does, and that nobody showed; the lowest
            `MISSING_MAX` of them.
        forks: copies with a valid signature that contradict the chain: evidence against the ledger key.
        forged: ids of copies that no signature or link authenticates: evidence of a lying relay, no more.
        unlinked_above: how many authenticated entries wait above the first gap or fork.
        top: the highest authenticated entry above the point that was held, linked or not.
    """

    links: tuple[Link, ...]
    missing: tuple[int, ...] = ()
    forks: tuple[Copy, ...] = ()
    forged: tuple[EntryId, ...] = ()
    unlinked_above: int = 0
    top: ChainPoint | None = None


def read_chain(
    copies: Iterable[Copy],
    *,
    held: ChainPoint,
    has_valid_signature: Callable[[Event], bool],
    known: Callable[[int], EntryId | None] = lambda _seq: None,
) -> ChainReading:
    """Authenticate `copies` of one stream on top of `held`.

    Args:
        copies: in any order, with duplicates, from any number of relays.
        held: where the chain that is already authenticated ends.
        has_valid_signature: the costly check; called for heads and for contradictions only.
        known: the id held at a seq up to `held.seq`, to tell repeats from forks.
    """
    return _ChainReader(copies, held=held, has_valid_signature=has_valid_signature, known=known).read()


class _ChainReader:
    """Walks down from the highest seq, segment by segment, each segment anchored by one signature."""

    def __init__(
        self,
        copies: Iterable[Copy],
        *,
        held: ChainPoint,
        has_valid_signature: Callable[[Event], bool],
        known: Callable[[int], EntryId | None],
    ) -> None:
        self._held = held
        self._has_valid_signature = has_valid_signature
        self._known = known
        self._by_seq: dict[int, dict[EntryId, list[Copy]]] = {}
        for copy in copies:
            versions = self._by_seq.setdefault(copy.entry.seq, {}).setdefault(copy.entry_id, [])
            if all(copy.event.sig != other.event.sig for other in versions):
                versions.append(copy)
        self._forks: list[Copy] = []
        self._forged: list[EntryId] = []
        self._fork_seqs: set[int] = set()

    def read(self) -> ChainReading:
        above = {link.copy.entry.seq: link for link in self._walk_down()}
        self._compare_with_known()
        top = max(above, default=self._held.seq)
        links: list[Link] = []
        for seq in range(self._held.seq + 1, top + 1):
            if seq not in above or seq in self._fork_seqs:
                break
            links.append(above[seq])
        missing = islice(
            (
                seq
                for seq in range(self._held.seq + 1, top)
                if seq not in above and seq not in self._fork_seqs
            ),
            MISSING_MAX,
        )
        return ChainReading(
            links=tuple(links),
            missing=tuple(missing),
            forks=tuple(self._forks),
            forged=tuple(self._forged),
            unlinked_above=len(above) - len(links),
            top=ChainPoint(seq=top, entry_id=above[top].copy.entry_id) if above else None,
        )

    def _walk_down(self) -> Iterator[Link]:
        """Every authenticated entry above `held`, from the top; contradictions are noted on the way."""
        expected: EntryId | None = None
        seqs = sorted((seq for seq in self._by_seq if seq > self._held.seq), reverse=True)
        for index, seq in enumerate(seqs):
            if index and seqs[index - 1] != seq + 1:
                expected = None  # a gap: what lies below it needs a signature of its own
            link = self._authenticate(seq, expected)
            expected = link.copy.entry.prev if link else None
            if link:
                yield link
        if expected is not None and seqs[-1] == self._held.seq + 1 and expected != self._held.entry_id:
            # The chain on the relays does not stand on what was seen before: a rewritten tail.
            self._fork_seqs.add(self._held.seq + 1)
            self._forks += [copy for copies in self._by_seq[seqs[-1]].values() for copy in copies[:1]]

    def _authenticate(self, seq: int, expected: EntryId | None) -> Link | None:
        versions = self._by_seq[seq]
        linked = versions.get(expected) if expected is not None else None
        chosen = self._best_copy(linked) if linked else None
        contenders = [copies for copies in versions.values() if copies is not linked]
        signed = [copy for copies in contenders if (copy := self._signed_copy(copies))]
        if chosen is None and expected is None and len(signed) == 1:
            return Link(copy=signed[0], signature_checked=True)
        if signed:
            self._fork_seqs.add(seq)
            self._forks += signed if chosen is None else [chosen.copy, *signed]
        return chosen

    def _best_copy(self, copies: list[Copy]) -> Link:
        """The link authenticates the id; among copies with different signatures the valid one is kept."""
        if len(copies) == 1:
            return Link(copy=copies[0], signature_checked=False)
        valid = next((copy for copy in copies if self._has_valid_signature(copy.event)), None)
        return Link(copy=valid or copies[0], signature_checked=valid is not None)

    def _signed_copy(self, copies: list[Copy]) -> Copy | None:
        for copy in copies:
            if self._has_valid_signature(copy.event):
                return copy
        self._forged.append(copies[0].entry_id)
        return None

    def _compare_with_known(self) -> None:
        for seq in sorted(seq for seq in self._by_seq if seq <= self._held.seq):
            known = self._known(seq)
            for entry_id, copies in self._by_seq[seq].items():
                if entry_id != known and (copy := self._signed_copy(copies)):
                    self._forks.append(copy)
