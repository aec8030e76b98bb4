"""A trace of AI requests, replayed as if it had happened in a period that ends now.

The columns are TIMESTAMP, ContextTokens, GeneratedTokens, as in the Azure LLM inference traces. Times keep
their order and their proportions. A replay that was stopped goes on where it was: each row has its own
idempotency key, made of the trace and the row's number.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nostr_usage.amount import parse_amount
from nostr_usage.clock import ManualClock
from nostr_usage.errors import AmountError, InputError
from nostr_usage.ledger.entry import AccountId, Source
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.usage import Bucket, measured_usage
from nostr_usage.record import Recorder
from nostr_usage.writing.request import Action, Grant, Receipt, Refund

COLUMNS = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
ROWS_MAX = 10_000_000
_REFUND_EVERY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRow:
    """One request: its number from 1, its time in milliseconds, and what the model reported."""

    number: int
    at_ms: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The rows of a file in order of time; `digest` tells it from any other file."""

    digest: str
    rows: tuple[TraceRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlan:
    """How a trace is replayed.

    Attributes:
        accounts: who the requests are spread over; the first get most, as customers do.
        activity: what each request is charged as.
        model: whose prices apply.
        start, end: the period in unix seconds.
        pack: what an account buys whenever its balance is low.
    """

    accounts: Sequence[AccountId]
    activity: str
    model: str
    start: int
    end: int
    pack: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What a replay wrote: requests charged, packs bought, refunds given; repeats are not counted."""

    charged: int
    bought: int
    refunded: int


def read_trace(path: Path) -> Trace:
    """The trace in the CSV file at `path`.

    Raises:
        InputError: naming the line that is not as it should be.
    """
    try:
        data = path.read_bytes()
        lines = data.decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    table = csv.reader(lines)
    if next(table, None) != COLUMNS:
        raise InputError(f"{path}, line 1: the columns are not {', '.join(COLUMNS)}")
    rows = tuple(_rows(path, table))
    if not rows:
        raise InputError(f"{path} has no requests")
    return Trace(
        digest=hashlib.sha256(data).hexdigest()[:16],
        rows=tuple(sorted(rows, key=lambda row: (row.at_ms, row.number))),
    )


def replay(
    trace: Trace,
    plan: ReplayPlan,
    *,
    recorder: Recorder,
    catalogue: Catalogue,
    clock: ManualClock,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> ReplayReport:
    """Record every request of `trace` on the recorder's `clock`, which is moved along.

    An account whose balance falls below the catalogue's low mark buys a pack, and every five hundredth
    request is refunded a minute later, so that a replay shows a ledger's whole life.
    """
    charged = bought = refunded = 0
    for row, occurred_at in zip(trace.rows, moved_times(trace.rows, plan.start, plan.end), strict=True):
        clock.set(max(clock.now(), occurred_at))
        account = plan.accounts[account_index(row.number, len(plan.accounts))]
        receipt = recorder.record(_action(trace, plan, row, account, occurred_at))
        charged += not receipt.is_repeat
        if receipt.entry.balance.total < catalogue.low_balance:
            bought += not recorder.grant(_purchase(trace, plan, row, account, catalogue)).is_repeat
        if row.number % _REFUND_EVERY == 0:
            refunded += not _refund(recorder, trace, row, receipt).is_repeat
        on_progress(row.number, len(trace.rows))
    return ReplayReport(charged=charged, bought=bought, refunded=refunded)


def moved_times(rows: Sequence[TraceRow], start: int, end: int) -> Iterator[int]:
    """The rows' times in proportion, the first at `start` and the last at `end` (unix seconds)."""
    first, last = rows[0].at_ms, rows[-1].at_ms
    span = max(last - first, 1)
    for row in rows:
        yield start + (row.at_ms - first) * (end - start) // span


def account_index(number: int, count: int) -> int:
    """Which of `count` accounts a request belongs to: always the same, and more often the first ones."""
    chance = hashlib.sha256(number.to_bytes(8, "big")).digest()
    # The smaller of two uniform draws: the first account gets about 2/count, the last 1/count².
    return min(int.from_bytes(chance[:8], "big") % count, int.from_bytes(chance[8:16], "big") % count)


def _rows(path: Path, table: Iterator[list[str]]) -> Iterator[TraceRow]:
    for number, cells in enumerate(table, start=1):
        if number > ROWS_MAX:
            raise InputError(f"{path} has more than {ROWS_MAX:,} requests")
        try:
            moment, prompt_tokens, completion_tokens = cells
            yield TraceRow(
                number=number,
                at_ms=_milliseconds(moment),
                prompt_tokens=parse_amount(prompt_tokens, name="ContextTokens"),
                completion_tokens=parse_amount(completion_tokens, name="GeneratedTokens"),
            )
        except (ValueError, AmountError) as error:
            raise InputError(f"{path}, line {number + 1}: {error}") from error


def _milliseconds(text: str) -> int:
    """Traces have seven decimals; a clock of milliseconds keeps their order well enough."""
    moment = datetime.fromisoformat(text[:26])
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def _action(trace: Trace, plan: ReplayPlan, row: TraceRow, account: AccountId, occurred_at: int) -> Action:
    usage = measured_usage(
        plan.model, {Bucket.FRESH_INPUT: row.prompt_tokens, Bucket.OUTPUT: row.completion_tokens}
    )
    return Action(
        account=account,
        activity=plan.activity,
        key=f"replay:{trace.digest}:{row.number}",
        usage=(usage,),
        occurred_at=occurred_at,
    )


def _purchase(
    trace: Trace, plan: ReplayPlan, row: TraceRow, account: AccountId, catalogue: Catalogue
) -> Grant:
    pack = catalogue.pack(plan.pack)
    return Grant(
        account=account,
        tokens=pack.tokens,
        source=Source.PURCHASED,
        key=f"replay:{trace.digest}:{row.number}:purchase",
        paid=pack.price_micro_dollars,
        payment=f"replay-{trace.digest}-{row.number}",
    )


def _refund(recorder: Recorder, trace: Trace, row: TraceRow, receipt: Receipt) -> Receipt:
    return recorder.refund(
        Refund(entry_id=receipt.entry_id, key=f"replay:{trace.digest}:{row.number}:refund")
    )
