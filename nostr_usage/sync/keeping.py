"""Copies ─▶ chain ─▶ fold ─▶ store, for one stream at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from nostr_usage.ledger.entry import AccountId, EntryId, Operation
from nostr_usage.ledger.fold import (
    EMPTY_STATE,
    Draw,
    FoldResult,
    Referred,
    StreamState,
    fold,
    state_from_json,
    state_to_json,
)
from nostr_usage.ledger.problems import Problem, ProblemCode, charged_again, uncountable
from nostr_usage.nostr.event import event_to_json
from nostr_usage.store import Line, Pin, Reader, Store, StreamRow, StreamStatus, Transaction
from nostr_usage.sync.copies import Copies
from nostr_usage.sync.outcome import StreamReading
from nostr_usage.wire.chain import MISSING_MAX, ChainPoint, ChainReading, Copy, Link, read_chain

SIGHTINGS_AT_ONCE_MAX = 5_000
LINES_AT_ONCE_MAX = 500
"""Made ready for the store at a time; a transaction has as many as there are."""

T = TypeVar("T")


class Keeper:
    """Writes what is proved into a store.

    Args:
        store: where to.
        relay_numbers: the store's numbers of the relays being read.
        check_every_signature: whether a link alone is not enough, because events are to be handed on.
        has_loop_to_itself: whether nothing else is to go on in this thread while it writes; then no other
            thread has to take turns with it.
    """

    def __init__(
        self,
        store: Store,
        *,
        relay_numbers: Mapping[str, int],
        check_every_signature: bool,
        has_loop_to_itself: bool = False,
    ) -> None:
        self._store = store
        self._relay_numbers = relay_numbers
        self._check_every_signature = check_every_signature
        self._has_loop_to_itself = has_loop_to_itself
        self._sightings: dict[str, list[EntryId]] = {relay: [] for relay in relay_numbers}
        self._sightings_count = 0
        self._uncompared: dict[AccountId, dict[str, int | None]] = {}

    def heads(self, account: AccountId) -> dict[str, StreamRow]:
        """The streams of an account as they are held, by meter."""
        with self._store.read() as reader:
            row = reader.account(account)
            streams = reader.streams(account_no=row.account_no) if row else ()
            return {stream.meter: stream for stream in streams}

    async def keep(self, copies: Copies, meter: str) -> StreamReading:
        """Authenticate the copies of a stream on top of what is held, and keep what is linked and proved."""
        while True:
            with self._store.read() as reader:
                findings = self._examine(copies, meter, reader)
            reading = await self._write(findings.write) if findings.is_news else findings.reading
            if reading is not None:
                break
        self._note_debits(findings)
        written = {id(link.copy) for link in findings.links}  # with their sightings
        settled = copies.settle(meter, reading.seq)
        for copy in settled:
            if id(copy) not in written:
                self._note_sightings(copy, copies)
        copies.forget(settled)
        if self._sightings_count >= SIGHTINGS_AT_ONCE_MAX:
            await self.keep_sightings()
        return reading

    async def finish(self, account: AccountId) -> frozenset[str]:
        """Say of the streams of an account that they were read to the end; the meters that are whole now.

        Until then what was added counts as incomplete, whatever interrupts the reading.
        """
        charged_twice = self._charged_again(account)
        waiting = [
            stream.stream_no
            for stream in self.heads(account).values()
            if stream.status is StreamStatus.INCOMPLETE
        ]

        def write(transaction: Transaction) -> frozenset[str]:
            streams = [transaction.stream_numbered(stream_no) for stream_no in waiting]
            whole = [stream for stream in streams if _is_whole(stream, transaction)]
            for stream in whole:
                transaction.set_status(stream.stream_no, StreamStatus.PROVISIONAL)
            for stream_no, problems in charged_twice.items():
                transaction.add_problems(stream_no, problems)
            return frozenset(stream.meter for stream in whole)

        return await self._write(write) if waiting or charged_twice else frozenset()

    def _note_debits(self, findings: _Findings) -> None:
        """Remember after which entry of a stream its debits were not compared with all below them.

        The fold compares what it is given at once, so a stream that is read in one go needs no more. One that
        was incomplete before may have been left half-way.
        """
        meters = self._uncompared.setdefault(findings.account, {})
        is_first_look, after = findings.meter not in meters, meters.setdefault(findings.meter, None)
        stream = findings.stream
        if stream is not None and is_first_look and stream.status is StreamStatus.INCOMPLETE:
            meters[findings.meter] = 0
        elif stream is not None and findings.links and after is None:
            meters[findings.meter] = stream.seq

    def _charged_again(self, account: AccountId) -> dict[int, list[Problem]]:
        """By stream, the new debits whose request stands in an earlier pass or part of this one."""
        found: dict[int, list[Problem]] = {}
        with self._store.read() as reader:
            for meter, after_seq in self._uncompared.pop(account, {}).items():
                stream = None if after_seq is None else reader.stream(account, meter)
                if stream is None or after_seq is None:
                    continue
                for seq, entry_id, request, first_seq in reader.charged_again(
                    stream.stream_no, after_seq=after_seq
                ):
                    problem = charged_again(request, seq=seq, entry_id=entry_id, first_seq=first_seq)
                    found.setdefault(stream.stream_no, []).append(problem)
        return found

    def _note_sightings(self, copy: Copy, copies: Copies) -> None:
        """Remember who showed an entry again, or another copy of it."""
        for relay in copies.showers(copy):
            if relay in self._sightings:
                self._sightings[relay].append(copy.entry_id)
                self._sightings_count += 1

    async def keep_sightings(self) -> None:
        """Write down which relay showed which of the entries that were held before."""
        sightings, self._sightings_count = self._sightings, 0
        self._sightings = {relay: [] for relay in self._relay_numbers}

        def write(transaction: Transaction) -> None:
            for relay, entry_ids in sightings.items():
                transaction.add_sightings(entry_ids, self._relay_numbers[relay])

        if any(sightings.values()):
            await self._write(write)

    def _examine(self, copies: Copies, meter: str, reader: Reader) -> _Findings:
        stream = reader.stream(copies.account, meter)
        held = ChainPoint(seq=stream.seq, entry_id=stream.head_id) if stream else ChainPoint()
        chain = read_chain(
            copies.of_meter(meter),
            held=held,
            has_valid_signature=copies.has_valid_signature,
            known=lambda seq: _held_id(reader, stream, seq),
        )
        problems = list(copies.problems)
        pin = reader.pin(stream.stream_no) if stream else None
        links = _links_up_to_pin(chain, pin, problems)
        if self._check_every_signature:
            links = [_checked(link, copies, problems) for link in links]
        folded = _fold(links, stream, reader)
        return _Findings(
            account=copies.account,
            meter=meter,
            stream=stream,
            chain=chain,
            links=links,
            showers=[self._numbers(copies.showers(link.copy)) for link in links],
            folded=folded,
            problems=(*problems, *folded.problems),
            pin=pin,
            forks_held=len(reader.forks(stream.stream_no)) if stream else 0,
        )

    def _numbers(self, relays: Collection[str]) -> tuple[int, ...]:
        return tuple(self._relay_numbers[relay] for relay in relays if relay in self._relay_numbers)

    async def _write(self, work: Callable[[Transaction], T]) -> T:
        if self._has_loop_to_itself:
            return self._store.write(work)
        return await asyncio.wrap_future(self._store.submit(work))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Findings:
    """What an examination of one stream found, ready to be written; `showers` are relays, for each link."""

    account: AccountId
    meter: str
    stream: StreamRow | None
    chain: ChainReading
    links: Sequence[Link]
    showers: Sequence[tuple[int, ...]]
    folded: FoldResult
    problems: Sequence[Problem]
    pin: Pin | None
    forks_held: int

    @property
    def is_news(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.links or self.chain.top or self.chain.forks or (self.problems and self.stream))

    @property
    def reading(self) -> StreamReading:
        """What to report where nothing is new."""
        if self.stream is None:
            return self._reading_without_entries()
        return self._reading(self.stream, self.stream.status, self.pin, forks=self.forks_held)

    def write(self, transaction: Transaction) -> StreamReading | None:
        """Keep it all; None, and nothing kept, if the stream has moved on since it was examined."""
        stream = transaction.stream(self.account, self.meter)
        if _head_of(stream) != _head_of(self.stream):
            return None
        if self.links:
            stream = self._append(transaction)
        if stream is None:
            return self._reading_without_entries()
        transaction.add_problems(stream.stream_no, self.problems)
        for total in transaction.uncountable(stream.stream_no) if self.links else ():
            found = uncountable(total.month, total.operation, total.type)
            transaction.add_problems(stream.stream_no, [found])
        for fork in self.chain.forks:
            transaction.add_fork(
                stream.stream_no,
                seq=fork.entry.seq,
                event_id=fork.entry_id,
                event_json=event_to_json(fork.event),
                sig_checked=True,
            )
        pin, forks = self.pin, len(transaction.forks(stream.stream_no))
        if forks or _contradicts_pin(transaction, stream):
            status = StreamStatus.CONFLICT
        else:
            pin = self._move_pin(transaction, stream)
            is_unfinished = self.links or stream.status is StreamStatus.INCOMPLETE
            is_whole = pin.seq <= stream.seq and not is_unfinished
            status = StreamStatus.PROVISIONAL if is_whole else StreamStatus.INCOMPLETE
        if status is not stream.status:
            transaction.set_status(stream.stream_no, status)
        return self._reading(stream, status, pin, forks=forks)

    def _append(self, transaction: Transaction) -> StreamRow:
        if self.stream is None and transaction.account(self.account) is None:
            self._add_account(transaction)
        state_json, draws = state_to_json(self.folded.state), self.folded.draws
        stream_no = 0
        for start in range(0, len(self.links), LINES_AT_ONCE_MAX):
            part = slice(start, start + LINES_AT_ONCE_MAX)
            lines = [_line(link, draws.get(link.copy.entry_id, ())) for link in self.links[part]]
            stream_no, numbers = transaction.append(self.account, self.meter, lines, state_json=state_json)
            transaction.add_first_sightings(
                (number, showers)
                for number, showers in zip(numbers, self.showers[part], strict=True)
                if showers
            )
        return transaction.stream_numbered(stream_no)

    def _add_account(self, transaction: Transaction) -> None:
        first = self.links[0].copy.entry
        number = first.open_number if first.operation is Operation.OPEN else None
        if number is not None and transaction.account_opened_as(number) is not None:
            number = None  # claimed twice; discovery reports it
        transaction.add_account(
            self.account, created_at=first.created_at, anchor=first.occurred_at, open_number=number
        )

    def _move_pin(self, transaction: Transaction, stream: StreamRow) -> Pin:
        """The highest entry that was ever seen of the stream, whoever hides it now."""
        top = self.chain.top or ChainPoint(seq=stream.seq, entry_id=stream.head_id)
        return transaction.move_pin(stream.stream_no, top.seq, top.entry_id)

    def _reading(
        self, stream: StreamRow, status: StreamStatus, pin: Pin | None, *, forks: int
    ) -> StreamReading:
        hidden = range(stream.seq + 1, pin.seq + 1 if pin else 0)
        return StreamReading(
            account=self.account,
            meter=self.meter,
            status=status,
            seq=stream.seq,
            added=len(self.links),
            missing=self.chain.missing or tuple(islice(hidden, MISSING_MAX)),
            forks=forks,
        )

    def _reading_without_entries(self) -> StreamReading:
        """There is no row for a stream before its first entry, so nothing but the report says this."""
        return StreamReading(
            account=self.account,
            meter=self.meter,
            status=StreamStatus.CONFLICT if self.chain.forks else StreamStatus.INCOMPLETE,
            seq=0,
            added=0,
            missing=self.chain.missing,
            forks=len(self.chain.forks),
        )


def _line(link: Link, draws: tuple[Draw, ...]) -> Line:
    return Line(
        entry=link.copy.entry,
        entry_id=link.copy.entry_id,
        event_json=event_to_json(link.copy.event),
        draws=draws,
        sig_checked=link.signature_checked,
    )


def _is_whole(stream: StreamRow, transaction: Transaction) -> bool:
    """Whether nothing is known to be missing above the head."""
    pin = transaction.pin(stream.stream_no)
    return stream.status is StreamStatus.INCOMPLETE and (pin is None or pin.seq <= stream.seq)


def _held_id(reader: Reader, stream: StreamRow | None, seq: int) -> EntryId | None:
    row = reader.entry_at(stream.stream_no, seq) if stream else None
    return row.entry_id if row else None


def _contradicts_pin(transaction: Transaction, stream: StreamRow) -> bool:
    return any(problem.code is ProblemCode.FORK for problem in transaction.problems(stream.stream_no))


def _head_of(stream: StreamRow | None) -> tuple[int, EntryId] | None:
    return (stream.seq, stream.head_id) if stream else None


def _links_up_to_pin(chain: ChainReading, pin: Pin | None, problems: list[Problem]) -> Sequence[Link]:
    """The links, ended below the slot where they contradict an entry that was seen before."""
    if pin is None:
        return chain.links
    seen = {link.copy.entry.seq: link.copy.entry_id for link in chain.links}
    if chain.top is not None:
        seen[chain.top.seq] = chain.top.entry_id
    found = seen.get(pin.seq, pin.entry_id)
    if found == pin.entry_id:
        return chain.links
    message = f"seq {pin.seq}: entry {found} has taken the place of {pin.entry_id}, seen before"
    problems.append(Problem(code=ProblemCode.FORK, message=message, seq=pin.seq, entry_id=found))
    return [link for link in chain.links if link.copy.entry.seq < pin.seq]


def _checked(link: Link, copies: Copies, problems: list[Problem]) -> Link:
    """`link` with its signature checked; what only the chain vouches for is kept, and said to be so."""
    if link.signature_checked:
        return link
    if copies.has_valid_signature(link.copy.event):
        return replace(link, signature_checked=True)
    copy: Copy = link.copy
    problems.append(
        Problem(
            code=ProblemCode.BAD_SIGNATURE,
            message=f"seq {copy.entry.seq}: the entry is linked, but no copy has a valid signature",
            seq=copy.entry.seq,
            entry_id=copy.entry_id,
        )
    )
    return link


def _fold(links: Sequence[Link], stream: StreamRow | None, reader: Reader) -> FoldResult:
    state: StreamState = state_from_json(stream.state_json) if stream else EMPTY_STATE
    referred: dict[EntryId, Referred] = {}
    for link in links:
        ref = link.copy.entry.ref
        known = reader.referred(ref, stream_no=stream.stream_no) if stream and ref is not None else None
        if known is not None and ref is not None:
            referred[ref] = known
    return fold(
        [(link.copy.entry_id, link.copy.entry) for link in links],
        state=state,
        head=stream.head_id if stream else None,
        referred=referred,
    )
