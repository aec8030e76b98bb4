"""Checks of what is signed, and of what must follow from it: values in, findings out, nothing raised.

A check says what was looked at and how it turned out. One entry shows all of its checks; an audit keeps those
that failed. Two builds of libsecp256k1 give two opinions on every signature, where both are installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nostr_usage.errors import EventError, LedgerError
from nostr_usage.ledger.entry import Entry, EntryId, Operation
from nostr_usage.ledger.fold import EMPTY_STATE, Referred, StreamState, fold
from nostr_usage.ledger.problems import Problem, ProblemCode, charged_again
from nostr_usage.nostr import schnorr
from nostr_usage.nostr.event import Event, event_from_json
from nostr_usage.wire.details import Details, description_hash
from nostr_usage.wire.entry_event import entry_from_event
from nostr_usage.wire.manifest import newest_manifest

NAMED_MAX = 20
"""Numbers that one finding names; more are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what, in a word or two.
        is_ok: how it turned out; None if it could not be checked.
        detail: a sentence for people.
        code: what a failure is called.
    """

    name: str
    is_ok: bool | None
    detail: str
    code: ProblemCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Who may sign entries, and in which kinds."""

    pubkeys: frozenset[str]
    kinds: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryReading:
    """What raw JSON turned out to be: as much of it as could be read, and every check that was made."""

    event: Event | None
    entry: Entry | None
    checks: tuple[Check, ...]

    def problems(self, entry_id: EntryId, *, seq: int | None = None) -> Iterator[Problem]:
        """The checks that failed."""
        return failures(self.checks, entry_id=entry_id, seq=seq)


def failures(checks: Iterable[Check], *, entry_id: EntryId, seq: int | None = None) -> Iterator[Problem]:
    """The checks of one entry that failed, as problems."""
    place = "" if seq is None else f"seq {seq}: "
    for check in checks:
        if check.is_ok is False:
            yield Problem(code=check.code, message=f"{place}{check.detail}", seq=seq, entry_id=entry_id)


def read_entry(
    event_json: bytes, *, entry_id: EntryId, authority: Authority, backends: Sequence[str]
) -> EntryReading:
    """The entry in `event_json`, kept as `entry_id`; each of `backends` checks its signature."""
    event, checks = read_event(event_json, event_id=entry_id, authority=authority, backends=backends)
    if event is None:
        return EntryReading(event=None, entry=None, checks=tuple(checks))
    try:
        entry = entry_from_event(event)
    except LedgerError as error:
        checks.append(Check(name="form", is_ok=False, detail=str(error), code=ProblemCode.MALFORMED))
        return EntryReading(event=event, entry=None, checks=tuple(checks))
    detail = "every tag has its one form, and the seal in d is that of the rest"
    checks.append(Check(name="form", is_ok=True, detail=detail, code=ProblemCode.MALFORMED))
    return EntryReading(event=event, entry=entry, checks=tuple(checks))


def read_event(
    event_json: bytes, *, event_id: EntryId, authority: Authority, backends: Sequence[str]
) -> tuple[Event | None, list[Check]]:
    """The event in `event_json`, kept as `event_id`, whatever it carries; and who signed it."""
    try:
        event = event_from_json(event_json)
    except EventError as error:
        failed = Check(name="id", is_ok=False, detail=f"no sound event: {error}", code=ProblemCode.MALFORMED)
        return None, [failed]
    return event, [
        _id_check(event, event_id),
        _author_check(event, authority),
        *(signature_check(event, backend=backend) for backend in backends),
    ]


def _id_check(event: Event, entry_id: EntryId) -> Check:
    is_ok = event.id == entry_id
    detail = (
        "it is the SHA-256 of the event" if is_ok else f"the event's own id is {event.id}, not {entry_id}"
    )
    return Check(name="id", is_ok=is_ok, detail=detail, code=ProblemCode.MALFORMED)


def _author_check(event: Event, authority: Authority) -> Check:
    if event.pubkey not in authority.pubkeys:
        detail, is_ok = f"it is signed by {event.pubkey}, who is not the ledger key", False
    elif event.kind not in authority.kinds:
        detail, is_ok = f"it is of kind {event.kind}, in which this ledger has no entries", False
    else:
        detail, is_ok = f"the ledger key, in kind {event.kind}", True
    return Check(name="author", is_ok=is_ok, detail=detail, code=ProblemCode.FOREIGN)


def signature_check(event: Event, *, backend: str) -> Check:
    """Whether `backend` finds the signature to be the author's."""
    is_ok = schnorr.verify_with(
        backend, bytes.fromhex(event.pubkey), bytes.fromhex(event.id), bytes.fromhex(event.sig)
    )
    detail = f"{backend} finds it {'right' if is_ok else 'wrong'}"
    return Check(name="signature", is_ok=is_ok, detail=detail, code=ProblemCode.BAD_SIGNATURE)


def link_check(entry: Entry, *, previous: EntryId | None) -> Check:
    """Whether `entry` names the entry before it; `previous` None if that is not held."""
    if previous is None:
        return Check(
            name="link",
            is_ok=None,
            detail=f"entry {entry.seq - 1} is not held here",
            code=ProblemCode.BROKEN_LINK,
        )
    is_ok = entry.prev == previous
    before = "it is the first" if entry.seq == 1 else f"it follows entry {entry.seq - 1}, {previous}"
    detail = before if is_ok else f"it names {entry.prev}, but the entry before it is {previous}"
    return Check(name="link", is_ok=is_ok, detail=detail, code=ProblemCode.BROKEN_LINK)


def arithmetic_check(entry: Entry, *, before: int | None) -> Check:
    """Whether the balance follows from the one `before`, and from its own parts; None if that is not held."""
    if before is None:
        return Check(
            name="arithmetic",
            is_ok=None,
            detail="the balance before it is not held here",
            code=ProblemCode.BALANCE_MISMATCH,
        )
    stated, moved = entry.balance, entry.signed_tokens
    after = before + moved
    is_ok = after == stated.total and stated.total <= stated.expiring + stated.lasting
    sign = "−" if moved < 0 else "+"
    detail = f"{before:,} {sign} {abs(moved):,} = {after:,}"
    if not is_ok:
        detail += f", but it states {stated.total:,} ({stated.expiring:,} and {stated.lasting:,})"
    return Check(name="arithmetic", is_ok=is_ok, detail=detail, code=ProblemCode.BALANCE_MISMATCH)


def description_check(entry: Entry, details: Details) -> Check:
    """Whether a text that is known is the one that the entry commits to."""
    if entry.description_hash is None:
        is_ok = details.description == (entry.description or "")
    else:
        try:
            is_ok = description_hash(details) == entry.description_hash
        except ValueError:
            is_ok = False  # a salt that is not hex
    detail = "it is the text that was signed" if is_ok else "another text was signed than is known here"
    return Check(name="description", is_ok=is_ok, detail=detail, code=ProblemCode.STORED_OTHERWISE)


class StreamFold:
    """A stream folded again from zero, a batch at a time, with what must be compared at its end.

    Attributes:
        state: after the last entry so far.
        head: the id of that entry.
        referred: every debit and grant, with its draws and what of it was undone.
        months: (month, operation, type) ─▶ (count, tokens, micro-dollars).
    """

    def __init__(self) -> None:
        self.state: StreamState = EMPTY_STATE
        self.head: EntryId | None = None
        self.referred: dict[EntryId, Referred] = {}
        self.months: dict[tuple[str, Operation, str], tuple[int, int, int]] = {}
        self._requests: dict[str, int] = {}

    def add(self, lines: Sequence[tuple[EntryId, Entry]], *, months: Sequence[str]) -> list[Problem]:
        """Fold the next entries, in order; `months` are theirs. What is wrong with them."""
        result = fold(lines, state=self.state, head=self.head, referred=self.referred)
        problems = list(result.problems)
        charged: dict[str, int] = {}
        for (entry_id, entry), month in zip(lines, months, strict=True):
            self._count(entry, month)
            if entry.operation is Operation.DEBIT:
                charged.setdefault(entry.request, entry.seq)
                if entry.request in self._requests:  # the fold knows of its own batch only
                    first = self._requests[entry.request]
                    problems.append(
                        charged_again(entry.request, seq=entry.seq, entry_id=entry_id, first_seq=first)
                    )
        for request, seq in charged.items():
            self._requests.setdefault(request, seq)
        self.state, self.head = result.state, result.head
        self.referred.update(result.referred)
        return problems

    def _count(self, entry: Entry, month: str) -> None:
        key = (month, entry.operation, entry.type)
        count, tokens, cost = self.months.get(key, (0, 0, 0))
        self.months[key] = (count + 1, tokens + entry.tokens, cost + entry.cost.micro_dollars)


def open_number_problems(opened: Iterable[tuple[int, EntryId]]) -> Iterator[Problem]:
    """What is wrong with the numbers of `open` entries, which count 1, 2, 3 … over the whole ledger."""
    first: dict[int, EntryId] = {}
    for number, entry_id in opened:
        if number in first:
            yield Problem(
                code=ProblemCode.OPEN_NUMBER_GAP,
                message=f"`open` entries {first[number]} and {entry_id} have one number, {number}",
                entry_id=entry_id,
            )
        first.setdefault(number, entry_id)
    missing = max(first, default=0) - len(first)
    if missing:
        named: list[str] = []
        for number in range(1, max(first)):
            if number not in first:
                named.append(str(number))
            if len(named) == min(missing, NAMED_MAX):
                break
        more = f" and {missing - len(named):,} more" if missing > len(named) else ""
        yield Problem(
            code=ProblemCode.OPEN_NUMBER_GAP,
            message=f"no `open` entry has the number {', '.join(named)}{more}",
        )


def manifest_problems(
    events: Mapping[str, bytes],
    *,
    root_pubkey: str,
    ledger_id: str,
    ledger_pubkey: str,
    backends: Sequence[str],
) -> Iterator[Problem]:
    """What is wrong with the manifests held, raw JSON by id; nothing is, if none are held."""
    signed: list[Event] = []
    for event_id, event_json in events.items():
        try:
            event = event_from_json(event_json)
        except EventError as error:
            yield Problem(code=ProblemCode.MALFORMED, message=f"event {event_id}: {error}")
            continue
        checks = [
            Check(
                name="author",
                is_ok=event.pubkey == root_pubkey and event.id == event_id,
                detail=f"event {event_id} is no manifest of the root key",
                code=ProblemCode.FOREIGN,
            ),
            *(signature_check(event, backend=backend) for backend in backends),
        ]
        yield from failures(checks, entry_id=EntryId(event_id))
        signed.append(event)
    try:
        found = newest_manifest(signed)
    except EventError as error:
        yield Problem(code=ProblemCode.MALFORMED, message=str(error))
        return
    if found is None:
        return
    first_id, manifest = found
    if first_id != ledger_id or manifest.ledger_pubkey != ledger_pubkey:
        yield Problem(
            code=ProblemCode.FOREIGN,
            message=f"manifest {first_id} names the ledger key {manifest.ledger_pubkey}, the settings"
            f" {ledger_pubkey} in ledger {ledger_id}",
        )
