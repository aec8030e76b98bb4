"""Reading a chain: what copies from relays prove, and what they do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nostr_usage.errors import EventError
from nostr_usage.ledger.entry import (
    NO_ENTRY,
    AccountId,
    Balance,
    Cost,
    Entry,
    EntryId,
    Operation,
)
from nostr_usage.nostr.event import Event, sign_event, verify_event
from nostr_usage.nostr.keys import SecretKey
from nostr_usage.nostr.signer import Signer
from nostr_usage.wire.chain import MISSING_MAX, ChainPoint, ChainReading, Copy, read_chain
from nostr_usage.wire.entry_event import event_from_entry

LEDGER = Signer(SecretKey(bytes(31) + b"\x03"), entropy=bytes)
BAD_SIGNATURE = "00" * 64


def copy_of(seq: int, prev: EntryId, *, tokens: int = 1) -> Copy:
    """A signed debit at `seq`."""
    entry = Entry(
        account=AccountId("ab" * 32),
        meter="tokens",
        seq=seq,
        prev=prev,
        operation=Operation.DEBIT,
        type="magic-mentor",
        tokens=tokens,
        cost=Cost(micro_dollars=0),
        balance=Balance(total=0, expiring=0, lasting=0),
        created_at=1_771_080_302 + seq,
        occurred_at=1_771_080_302 + seq,
        request=f"{seq:032x}",
    )
    return Copy(entry=entry, event=sign_event(event_from_entry(entry, pubkey=LEDGER.pubkey), LEDGER))


def chain_of(count: int, *, after: tuple[Copy, ...] = (), tokens: int = 1) -> tuple[Copy, ...]:
    """`count` linked entries, on top of `after`."""
    copies = list(after)
    for seq in range(len(copies) + 1, len(copies) + count + 1):
        prev = copies[-1].entry_id if copies else NO_ENTRY
        copies.append(copy_of(seq, prev, tokens=tokens))
    return tuple(copies)


def with_signature(copy: Copy, sig: str) -> Copy:
    """The same event with another signature: its id does not change."""
    event = copy.event
    changed = Event(
        id=event.id,
        pubkey=event.pubkey,
        created_at=event.created_at,
        kind=event.kind,
        tags=event.tags,
        content=event.content,
        sig=sig,
    )
    return replace(copy, event=changed)


class Verifier:
    """The real signature check, counting how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, event: Event) -> bool:
        """Whether the signature is valid."""
        self.calls += 1
        try:
            verify_event(event)
        except EventError:
            return False
        return True


def read(copies: tuple[Copy, ...], held: ChainPoint | None = None) -> ChainReading:
    """Read with the real signature check."""
    return read_chain(copies, held=held or ChainPoint(), has_valid_signature=Verifier())


CHAIN = chain_of(6)


def seqs(reading: ChainReading) -> list[int]:
    """The seqs that were authenticated."""
    return [link.copy.entry.seq for link in reading.links]


def test_one_signature_authenticates_a_whole_chain() -> None:
    """Below the head the links do: a signature a chain, not a signature an entry."""
    verifier = Verifier()
    reading = read_chain(CHAIN, held=ChainPoint(), has_valid_signature=verifier)
    assert [1, 2, 3, 4, 5, 6] == seqs(reading)
    assert 1 == verifier.calls
    assert [False] * 5 + [True] == [link.signature_checked for link in reading.links]


def test_order_and_duplicates_do_not_matter() -> None:
    """Relays answer in any order, and several answer the same."""
    assert read(CHAIN) == read((*reversed(CHAIN), *CHAIN[2:4]))


def test_nothing_is_read_from_nothing() -> None:
    """No copies, no links, no complaint."""
    assert ChainReading(links=()) == read(())


def test_gap_is_named_and_nothing_above_it_counts() -> None:
    """A withheld middle: the reading ends below it and says which slots are missing."""
    reading = read((*CHAIN[:2], *CHAIN[4:]))
    assert [1, 2] == seqs(reading)
    assert (3, 4) == reading.missing
    assert 2 == reading.unlinked_above


def test_entries_below_a_gap_need_a_signature_of_their_own() -> None:
    """A forged entry below a gap is linked by nothing, so it is no entry."""
    forged = with_signature(copy_of(2, CHAIN[0].entry_id, tokens=9), BAD_SIGNATURE)
    reading = read((CHAIN[0], forged, *CHAIN[4:]))
    assert [1] == seqs(reading)
    assert (2, 3, 4) == reading.missing
    assert (forged.entry_id,) == reading.forged


def test_chain_goes_on_from_what_is_held() -> None:
    """With a pin, only what is newer is needed."""
    held = ChainPoint(seq=4, entry_id=CHAIN[3].entry_id)
    assert [5, 6] == seqs(read(CHAIN[4:], held))


def test_corrupt_signature_at_the_head_does_not_hide_the_good_copy() -> None:
    """The copy with the right id and a wrong signature came first; the good one counts."""
    reading = read((with_signature(CHAIN[-1], BAD_SIGNATURE), *CHAIN))
    assert [1, 2, 3, 4, 5, 6] == seqs(reading)
    assert CHAIN[-1].event.sig == reading.links[-1].copy.event.sig


def test_corrupt_signature_inside_the_chain_is_replaced_by_a_good_copy() -> None:
    """Where copies of a linked entry differ in their signature, the valid one is kept."""
    reading = read((with_signature(CHAIN[2], BAD_SIGNATURE), *CHAIN))
    assert CHAIN[2].event.sig == reading.links[2].copy.event.sig
    assert reading.links[2].signature_checked


def test_linked_copies_that_are_all_corrupt_still_count_unchecked() -> None:
    """The link proves the entry; its signature is not claimed to be good."""
    other = with_signature(CHAIN[2], "11" * 64)
    reading = read((*CHAIN[:2], with_signature(CHAIN[2], BAD_SIGNATURE), other, *CHAIN[3:]))
    assert [1, 2, 3, 4, 5, 6] == seqs(reading)
    assert not reading.links[2].signature_checked


def test_head_without_a_valid_signature_is_no_head() -> None:
    """A relay that invents a newer entry is not believed."""
    invented = with_signature(copy_of(7, CHAIN[-1].entry_id), BAD_SIGNATURE)
    reading = read((*CHAIN, invented))
    assert [1, 2, 3, 4, 5, 6] == seqs(reading)
    assert (invented.entry_id,) == reading.forged


def test_forged_entry_beside_the_chain_is_named() -> None:
    """An invented entry in a taken slot changes nothing."""
    invented = with_signature(copy_of(3, CHAIN[1].entry_id, tokens=9), BAD_SIGNATURE)
    reading = read((invented, *CHAIN))
    assert [1, 2, 3, 4, 5, 6] == seqs(reading)
    assert (invented.entry_id,) == reading.forged
    assert () == reading.forks


def test_fork_stops_the_chain_and_both_sides_are_evidence() -> None:
    """Two signed entries in one slot: no side is taken, and what stands above counts for neither."""
    other = copy_of(3, CHAIN[1].entry_id, tokens=9)
    reading = read((*CHAIN, other))
    assert [1, 2] == seqs(reading)
    assert {CHAIN[2].entry_id, other.entry_id} == {copy.entry_id for copy in reading.forks}


def test_fork_at_the_head_is_found() -> None:
    """Neither head is linked from above; both are signed."""
    other = copy_of(6, CHAIN[4].entry_id, tokens=9)
    reading = read((*CHAIN, other))
    assert [1, 2, 3, 4, 5] == seqs(reading)
    assert 2 == len(reading.forks)


def test_successor_of_another_entry_is_a_fork() -> None:
    """An entry that commits to a predecessor which nobody shows, while another one is signed there."""
    side = chain_of(1, after=CHAIN[:2], tokens=9)
    reading = read((*side, copy_of(4, CHAIN[2].entry_id)))
    assert [1, 2] == seqs(reading)
    assert [side[2].entry_id] == [copy.entry_id for copy in reading.forks]


def test_rewritten_tail_contradicts_the_pin() -> None:
    """The relays agree with each other and not with what was seen before."""
    held = ChainPoint(seq=3, entry_id=CHAIN[2].entry_id)
    rewritten = chain_of(2, after=chain_of(1, after=CHAIN[:2], tokens=9))
    reading = read(rewritten[3:], held)
    assert [] == seqs(reading)
    assert [rewritten[3].entry_id] == [copy.entry_id for copy in reading.forks]


def test_other_entry_in_a_slot_that_is_held_is_a_fork() -> None:
    """A signed contradiction of the past is found although the chain goes on well."""
    held = ChainPoint(seq=4, entry_id=CHAIN[3].entry_id)
    other = copy_of(2, CHAIN[0].entry_id, tokens=9)
    forged = with_signature(copy_of(1, NO_ENTRY, tokens=9), BAD_SIGNATURE)
    reading = read_chain(
        (*CHAIN[4:], CHAIN[1], other, forged),
        held=held,
        has_valid_signature=Verifier(),
        known=lambda seq: CHAIN[seq - 1].entry_id,
    )
    assert [5, 6] == seqs(reading)
    assert [other.entry_id] == [copy.entry_id for copy in reading.forks]
    assert (forged.entry_id,) == reading.forged


@pytest.mark.parametrize("left_out", range(1, 6))
def test_every_missing_slot_is_found(left_out: int) -> None:
    """Whichever entry below the head is withheld, it is named."""
    reading = read(tuple(copy for copy in CHAIN if copy.entry.seq != left_out))
    assert (left_out,) == reading.missing
    assert list(range(1, left_out)) == seqs(reading)


def test_highest_authenticated_entry_is_known_although_it_is_not_linked() -> None:
    """Who sees it once can tell later that it is being hidden; a forged one above it does not count."""
    forged = with_signature(copy_of(9, CHAIN[5].entry_id), BAD_SIGNATURE)
    assert ChainPoint(seq=6, entry_id=CHAIN[5].entry_id) == read(CHAIN).top
    assert ChainPoint(seq=6, entry_id=CHAIN[5].entry_id) == read((*CHAIN[:2], CHAIN[5], forged)).top
    assert read((forged,)).top is None


def test_an_absurd_seq_does_not_fill_the_memory() -> None:
    """An entry may claim any seq: the gap below it is named from its lower end, and bounded."""
    absurd = copy_of(100_000_000_000, CHAIN[0].entry_id)
    reading = read((CHAIN[0], absurd))
    assert tuple(range(2, MISSING_MAX + 2)) == reading.missing
    assert [1] == seqs(reading)
