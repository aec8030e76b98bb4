"""The fold of a stream: entries in any order ─▶ state, draws, problems. Its balance is this and nothing else.

This module is the entrance to the fold: `apply` for one entry on top of a saved state, `fold` for many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from nostr_usage.ledger.apply import Posting, apply, move
from nostr_usage.ledger.entry import NO_ENTRY, Entry, EntryId, Operation
from nostr_usage.ledger.holdings import Referred, referred_to
from nostr_usage.ledger.lot import Draw, Lot
from nostr_usage.ledger.problems import Problem, ProblemCode, charged_again
from nostr_usage.ledger.state import (
    EMPTY_STATE,
    Lifetime,
    StreamState,
    balance_of,
    draws_from_json,
    draws_to_json,
    state_from_json,
    state_to_json,
)

__all__ = [
    "EMPTY_STATE",
    "Draw",
    "FoldResult",
    "Lifetime",
    "Lot",
    "Posting",
    "Referred",
    "StreamState",
    "apply",
    "balance_of",
    "draws_from_json",
    "draws_to_json",
    "fold",
    "move",
    "referred_to",
    "state_from_json",
    "state_to_json",
]

Line = tuple[EntryId, Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldResult:
    """A stream folded.

    Attributes:
        state: after the last entry.
        head: the id of that entry, None if nothing was folded and none was given.
        referred: every debit and grant folded or refunded here, with its draws and what of it was undone.
        problems: in order of seq, those of one entry in the order in which they were found.
    """

    state: StreamState
    head: EntryId | None
    referred: Mapping[EntryId, Referred]
    problems: tuple[Problem, ...]

    @property
    def draws(self) -> dict[EntryId, tuple[Draw, ...]]:
        """What each debit drew, by its id."""
        debits = ((entry_id, known) for entry_id, known in self.referred.items())
        return {entry_id: known.draws for entry_id, known in debits if known.operation is Operation.DEBIT}


def fold(
    lines: Iterable[Line],
    *,
    state: StreamState = EMPTY_STATE,
    head: EntryId | None = None,
    referred: Mapping[EntryId, Referred] | None = None,
) -> FoldResult:
    """The entries of one stream, on top of a saved state.

    The result depends neither on the order of `lines` nor on duplicates. Of two entries with one seq the
    lower id counts, unless an entry names it as an orphan; both are named in the problem. Entries up to
    `state.seq` are taken as folded already.

    Args:
        lines: entries with their ids, in any order.
        state: where to go on.
        head: the id of the entry that `state` ends with, if the link to it is to be checked.
        referred: debits and grants up to `state`, for refunds and reverses to find; it is only read.
    """
    kept, problems = _in_order(lines, state.seq)
    earlier: Mapping[EntryId, Referred] = referred or {}
    memory: dict[EntryId, Referred] = {}
    requests: dict[str, int] = {}
    previous = head if state.seq else NO_ENTRY
    for entry_id, entry in kept:
        problems += _link_problems(state.seq, previous, entry_id, entry)
        problems += _request_problems(requests, entry_id, entry)
        subject = None if entry.ref is None else memory.get(entry.ref) or earlier.get(entry.ref)
        posting = apply(state, entry, entry_id=entry_id, referred=subject)
        problems += posting.problems
        _remember(memory, entry_id, entry, posting.draws, subject)
        state, previous = posting.state, entry_id
    return FoldResult(
        state=state,
        head=previous if state.seq else head,
        referred=memory,
        problems=tuple(sorted(problems, key=lambda problem: problem.seq or 0)),
    )


def _in_order(lines: Iterable[Line], folded_seq: int) -> tuple[list[Line], list[Problem]]:
    """One line per seq above `folded_seq`, by seq, and the forks."""
    by_id = {entry_id: entry for entry_id, entry in lines if entry.seq > folded_seq}
    orphans = {orphan for entry in by_id.values() for orphan in entry.orphans}
    ordered = sorted(by_id.items(), key=lambda line: (line[1].seq, line[0] in orphans, line[0]))
    kept: list[Line] = []
    problems: list[Problem] = []
    for entry_id, entry in ordered:
        if kept and kept[-1][1].seq == entry.seq:
            message = f"seq {entry.seq}: entries {kept[-1][0]} and {entry_id} both claim it; the first counts"
            problems.append(_problem(ProblemCode.FORK, message, entry_id, entry))
        else:
            kept.append((entry_id, entry))
    return kept, problems


def _link_problems(seq: int, previous: EntryId | None, entry_id: EntryId, entry: Entry) -> list[Problem]:
    if entry.seq > seq + 1:
        missing = (
            f"entry {seq + 1} is" if entry.seq == seq + 2 else f"entries {seq + 1} to {entry.seq - 1} are"
        )
        return [_problem(ProblemCode.SEQ_GAP, f"seq {entry.seq}: {missing} missing", entry_id, entry)]
    if previous is not None and entry.prev != previous:
        message = f"seq {entry.seq}: it follows {entry.prev}, but the entry before it is {previous}"
        return [_problem(ProblemCode.BROKEN_LINK, message, entry_id, entry)]
    return []


def _request_problems(requests: dict[str, int], entry_id: EntryId, entry: Entry) -> list[Problem]:
    if entry.operation is not Operation.DEBIT:
        return []
    first = requests.setdefault(entry.request, entry.seq)
    if first == entry.seq:
        return []
    return [charged_again(entry.request, seq=entry.seq, entry_id=entry_id, first_seq=first)]


def _remember(
    memory: dict[EntryId, Referred],
    entry_id: EntryId,
    entry: Entry,
    draws: tuple[Draw, ...],
    subject: Referred | None,
) -> None:
    match entry.operation, subject:
        case ((Operation.DEBIT | Operation.GRANT), _):
            memory[entry_id] = referred_to(entry, draws)
        case (Operation.REFUND, Referred(operation=Operation.DEBIT)) | (
            Operation.REVERSE,
            Referred(operation=Operation.GRANT),
        ):
            assert entry.ref is not None, "what is referred to has a name"
            assert subject is not None
            memory[entry.ref] = replace(subject, undone=subject.undone + entry.tokens)
        case _:
            pass


def _problem(code: ProblemCode, message: str, entry_id: EntryId, entry: Entry) -> Problem:
    return Problem(code=code, message=message, seq=entry.seq, entry_id=entry_id)
