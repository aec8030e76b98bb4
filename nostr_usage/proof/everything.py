"""Everything that is held: every stream folded again from zero, and compared with all that the store says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from nostr_usage.home import Settings
from nostr_usage.ledger.entry import AccountId, Entry, EntryId
from nostr_usage.ledger.problems import Problem, ProblemCode
from nostr_usage.nostr import schnorr
from nostr_usage.proof.stored import account_problems, referred_problems, row_check, stream_problems
from nostr_usage.store import EntryRow, EventRow, Reader, Store, StreamRow
from nostr_usage.wire.audit import (
    Authority,
    StreamFold,
    description_check,
    failures,
    manifest_problems,
    open_number_problems,
    read_entry,
    read_event,
)
from nostr_usage.wire.deletion import DELETION_KINDS, deletion_problem
from nostr_usage.wire.details import Details
from nostr_usage.wire.entry_event import month_of

BATCH = 5_000
SECOND_OPINION_EVERY = 50
"""Of how many entries a quick audit shows one to the second signature backend."""
FINDINGS_MAX = 10_000

Progress = Callable[[int, int], None]
"""Called with how many entries are done, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem, and the stream that it is in; None for one of the ledger as a whole."""

    account: AccountId | None = None
    meter: str | None = None
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit found.

    Attributes:
        entries, streams, manifests: how many of them were checked.
        signatures: by backend, how many signatures it checked.
        findings: at most `FINDINGS_MAX`; `finding_count` counts all.
    """

    entries: int
    streams: int
    manifests: int
    signatures: tuple[tuple[str, int], ...]
    findings: tuple[Finding, ...]
    finding_count: int

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return self.finding_count == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the settings say of the ledger; public keys and the id are 64 hex digits."""

    root_pubkey: str
    ledger_pubkey: str
    ledger_id: str
    kinds: tuple[int, ...]


def ledger_of(settings: Settings) -> Ledger:
    """What the settings of a home say of the ledger."""
    return Ledger(
        root_pubkey=settings.root_pubkey,
        ledger_pubkey=settings.ledger_pubkey,
        ledger_id=settings.ledger_id,
        kinds=settings.kinds,
    )


def audit_store(store: Store, ledger: Ledger, *, is_quick: bool, on_progress: Progress) -> AuditReport:
    """Check all that is held: ids, signatures, seals, links, folds, saved states, sums, numbers.

    A quick audit shows only some signatures to the second backend, and leaves out what is private or saved
    for each entry by itself: texts and draws. Every signature is checked once all the same.
    """
    with store.read() as reader:
        return _Audit(reader, ledger, is_quick=is_quick, on_progress=on_progress).run()


@dataclass(slots=True, kw_only=True)
class _Tally:
    entries: int = 0
    streams: int = 0
    signatures: dict[str, int] = field(default_factory=dict[str, int])
    findings: list[Finding] = field(default_factory=list[Finding])
    finding_count: int = 0


class _Audit:
    """One pass over one snapshot of a store."""

    def __init__(self, reader: Reader, ledger: Ledger, *, is_quick: bool, on_progress: Progress) -> None:
        self._reader = reader
        self._ledger = ledger
        self._is_quick = is_quick
        self._on_progress = on_progress
        self._authority = Authority(pubkeys=frozenset({ledger.ledger_pubkey}), kinds=frozenset(ledger.kinds))
        self._backends = schnorr.available_backends()
        self._tally = _Tally(signatures=dict.fromkeys(self._backends, 0))
        self._opened: list[tuple[int, EntryId]] = []
        self._numbers: dict[AccountId, set[int]] = {}
        self._total = reader.entry_count()

    def run(self) -> AuditReport:
        for stream in self._reader.streams():
            self._note(self._stream(stream), stream)
            self._tally.streams += 1
        self._note(open_number_problems(self._opened))
        self._note(account_problems(self._reader, self._numbers))
        manifests = {row.event_id: row.event_json for row in self._reader.events_without_entries()}
        self._note(
            manifest_problems(
                manifests,
                root_pubkey=self._ledger.root_pubkey,
                ledger_id=self._ledger.ledger_id,
                ledger_pubkey=self._ledger.ledger_pubkey,
                backends=self._backends,
            )
        )
        self._note(self._deletion_problems())
        tally = self._tally
        return AuditReport(
            entries=tally.entries,
            streams=tally.streams,
            manifests=len(manifests),
            signatures=tuple(tally.signatures.items()),
            findings=tuple(tally.findings),
            finding_count=tally.finding_count,
        )

    def _note(self, problems: Iterator[Problem], stream: StreamRow | None = None) -> None:
        for problem in problems:
            self._tally.finding_count += 1
            if len(self._tally.findings) < FINDINGS_MAX:
                account, meter = (stream.account, stream.meter) if stream else (None, None)
                self._tally.findings.append(Finding(account=account, meter=meter, problem=problem))

    def _stream(self, stream: StreamRow) -> Iterator[Problem]:
        again = StreamFold()
        seen: set[tuple[ProblemCode, int | None, EntryId | None]] = set()
        for problem in self._folded(stream, again):
            seen.add((problem.code, problem.seq, problem.entry_id))
            yield problem
        for problem in stream_problems(self._reader, stream, again):
            seen.add((problem.code, problem.seq, problem.entry_id))
            yield problem
        if not self._is_quick:
            yield from referred_problems(self._reader, stream, again)
        yield from self._fork_problems(stream)
        for known in self._reader.problems(stream.stream_no):
            if (known.code, known.seq, known.entry_id) not in seen:
                yield known

    def _folded(self, stream: StreamRow, again: StreamFold) -> Iterator[Problem]:
        """Every entry by itself and in its place; what cannot be read is left out of the fold."""
        pairs = zip(
            self._reader.entries(stream.stream_no),
            self._reader.events_of_stream(stream.stream_no),
            strict=True,
        )
        while batch := list(islice(pairs, BATCH)):
            lines: list[tuple[EntryId, Entry]] = []
            for row, event in batch:
                problems, entry = self._entry(row, event)
                yield from problems
                if entry is not None:
                    lines.append((row.entry_id, entry))
            yield from again.add(lines, months=[month_of(entry.occurred_at) for _, entry in lines])

    def _entry(self, row: EntryRow, event: EventRow) -> tuple[list[Problem], Entry | None]:
        tally = self._tally
        is_sampled = not self._is_quick or tally.entries % SECOND_OPINION_EVERY == 0
        backends = self._backends if is_sampled else self._backends[:1]
        reading = read_entry(
            event.event_json, entry_id=row.entry_id, authority=self._authority, backends=backends
        )
        tally.entries += 1
        for backend in backends:
            tally.signatures[backend] += 1
        self._on_progress(tally.entries, self._total)
        checks, entry = list(reading.checks), reading.entry
        if entry is not None:
            checks.append(row_check(row, entry))
            if not self._is_quick and (details := self._stored_details(row)):
                checks.append(description_check(entry, details))
            if entry.open_number is not None:
                self._opened.append((entry.open_number, row.entry_id))
                self._numbers.setdefault(entry.account, set()).add(entry.open_number)
        return list(failures(checks, entry_id=row.entry_id, seq=row.seq)), entry

    def _stored_details(self, row: EntryRow) -> Details | None:
        stored = self._reader.details(row.entry_no)
        if stored is None or not stored.description:
            return None
        return Details(description=stored.description, salt=stored.salt or "")

    def _deletion_problems(self) -> Iterator[Problem]:
        """What the ledger key asked relays to delete, as far as its requests are still what it signed."""
        authority = replace(self._authority, kinds=frozenset(DELETION_KINDS))
        for row in self._reader.deletion_requests():
            event_id = EntryId(row.event_id)
            event, checks = read_event(
                row.event_json.encode(), event_id=event_id, authority=authority, backends=self._backends
            )
            failed = tuple(failures(checks, entry_id=event_id))
            yield from failed
            if event is not None and not failed:
                yield deletion_problem(event)

    def _fork_problems(self, stream: StreamRow) -> Iterator[Problem]:
        for fork in self._reader.forks(stream.stream_no):
            yield Problem(
                code=ProblemCode.FORK,
                message=f"seq {fork.seq}: the ledger key also signed {fork.event_id} in this place",
                seq=fork.seq,
                entry_id=EntryId(fork.event_id),
            )
