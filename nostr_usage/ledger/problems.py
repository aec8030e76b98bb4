"""Findings about bad data, as values: a fold over many entries never stops for one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nostr_usage.ledger.entry import EntryId


class ProblemCode(StrEnum):
    """What is wrong with an entry, or with a stream."""

    BALANCE_MISMATCH = "balance_mismatch"
    TOTALS_MISMATCH = "totals_mismatch"
    EXPIRY_MISSING = "expiry_missing"
    EXPIRY_MISMATCH = "expiry_mismatch"
    REFUND_UNKNOWN = "refund_unknown"
    REFUND_EXCESS = "refund_excess"
    REVERSE_UNKNOWN = "reverse_unknown"
    LOT_MISSING = "lot_missing"
    TIME_BACKWARDS = "time_backwards"
    NOT_OPENED = "not_opened"
    SEQ_GAP = "seq_gap"
    BROKEN_LINK = "broken_link"
    FORK = "fork"
    REQUEST_TWICE = "request_twice"
    OPEN_NUMBER_GAP = "open_number_gap"
    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad_signature"
    FOREIGN = "foreign"
    STORED_OTHERWISE = "stored_otherwise"
    UNCOUNTABLE = "uncountable"
    DELETION_REQUEST = "deletion_request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding: a code for programs, a sentence for people, and the entry it is about."""

    code: ProblemCode
    message: str
    seq: int | None = None
    entry_id: EntryId | None = None


def charged_again(request: str, *, seq: int, entry_id: EntryId, first_seq: int) -> Problem:
    """A debit that charges a request which the entry at `first_seq` has charged."""
    message = f"seq {seq}: it charges the request {request} again, which seq {first_seq} charged"
    return Problem(code=ProblemCode.REQUEST_TWICE, message=message, seq=seq, entry_id=entry_id)


def uncountable(month: str, operation: str, type_: str) -> Problem:
    """Amounts of one operation and type in one month that nobody can add up."""
    message = f"{month}: the amounts signed as {operation} {type_} are so large that their sum is not known"
    return Problem(code=ProblemCode.UNCOUNTABLE, message=message)
