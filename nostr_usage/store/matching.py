"""Finding entries of a stream: conditions as values, one scan, the places that match and their sums."""

import json
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from nostr_usage.store.entries import EntryReads, EntryRow, entry_row

CONDITIONS_MAX = 20


class Field(StrEnum):
    """What a condition is about, and how it compares."""

    TYPE = "type"
    OPERATION = "operation"
    SOURCE = "source"
    ACTOR = "actor"
    GROUP = "group"
    TOKENS_ABOVE = "tokens above"
    TOKENS_BELOW = "tokens below"
    COST_ABOVE = "cost above"
    COST_BELOW = "cost below"
    FROM_TIME = "from time"
    TO_TIME = "to time"
    TEXT = "text"


class Condition(NamedTuple):
    """One condition: any of `values` (texts), or `number`; negated, it holds where it else would not."""

    field: Field
    values: tuple[str, ...] = ()
    number: int = 0
    is_negated: bool = False


class Order(StrEnum):
    """How matching entries are sorted; equal ones by their place, newest first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    MOST_TOKENS = "most tokens"
    HIGHEST_COST = "highest cost"


class Matches(NamedTuple):
    """The places (`seq`) of matching entries in the order asked for, and their sums.

    `tokens` is signed, as the entries moved the balance; `cost` is micro-dollars of debits less refunds.
    """

    seqs: "array[int]"
    tokens: int
    cost: int


class MatchReads(EntryReads):
    """Entries by conditions, and pages of them."""

    __slots__ = ()

    def matching(
        self, stream_no: int, conditions: Sequence[Condition], *, order: Order = Order.NEWEST
    ) -> Matches:
        """The entries of a stream for which all conditions hold."""
        assert len(conditions) <= CONDITIONS_MAX, "whoever parses conditions bounds them"
        where = " AND ".join(("stream_no = ?", *map(_fragment, conditions)))
        parameters = (stream_no, *map(_parameter, conditions))
        # Only fragments of this module are put together; every value is a parameter.
        statement = f"SELECT seq, {_SIGNED}, {_COST} FROM entries WHERE {where} ORDER BY {_ORDERS[order]}"  # noqa: S608  # see above
        seqs = array("q")
        tokens = cost = 0
        for seq, moved, value in self._connection.execute(statement, parameters):
            seqs.append(seq)
            tokens += moved
            cost += value
        return Matches(seqs=seqs, tokens=tokens, cost=cost)

    def entries_at(self, stream_no: int, seqs: Sequence[int]) -> Iterator[EntryRow]:
        """The entries at these places, by place."""
        rows = self._connection.execute(
            "SELECT entry_no, stream_no, seq, entry_id, operation, type, tokens, cost, balance, occurred_at,"
            " created_at, month, request, ref, lot_source, actor, member_group, prompt FROM entries"
            " WHERE stream_no = ? AND seq IN (SELECT value FROM json_each(?)) ORDER BY seq",
            (stream_no, json.dumps(list(seqs))),
        )
        return map(entry_row, rows)

    def dearest(self, stream_no: int, *, first_at: int, end_at: int, limit: int) -> tuple[int, ...]:
        """The places of the debits with most tokens from `first_at` to before `end_at`, the dearest first."""
        months = [datetime.fromtimestamp(at, UTC).strftime("%Y-%m") for at in (first_at, end_at - 1)]
        rows = self._connection.execute(
            "SELECT seq FROM entries WHERE stream_no = ?1 AND operation = 'debit'"
            " AND occurred_at >= ?2 AND occurred_at < ?3 AND seq BETWEEN"
            " (SELECT min(first_seq) FROM month_totals WHERE stream_no = ?1 AND month BETWEEN ?4 AND ?5) AND"
            " (SELECT max(last_seq) FROM month_totals WHERE stream_no = ?1 AND month BETWEEN ?4 AND ?5)"
            " ORDER BY tokens DESC, seq DESC LIMIT ?6",
            (stream_no, first_at, end_at, *months, limit),
        )
        return tuple(seq for (seq,) in rows)


_SIGNED = (
    "CASE WHEN operation = 'grant' OR operation = 'refund' THEN tokens"
    " WHEN operation = 'debit' OR operation = 'expire' OR operation = 'reverse' THEN -tokens ELSE 0 END"
)
_COST = "CASE WHEN operation = 'debit' THEN cost WHEN operation = 'refund' THEN -cost ELSE 0 END"
_ORDERS = {
    Order.NEWEST: "seq DESC",
    Order.OLDEST: "seq",
    Order.MOST_TOKENS: "tokens DESC, seq DESC",
    Order.HIGHEST_COST: "cost DESC, seq DESC",
}
_FRAGMENTS = {
    Field.TYPE: "type IN (SELECT value FROM json_each(?))",
    Field.OPERATION: "operation IN (SELECT value FROM json_each(?))",
    Field.SOURCE: "lot_source IN (SELECT value FROM json_each(?))",
    Field.ACTOR: "actor IN (SELECT value FROM json_each(?))",
    Field.GROUP: "member_group IN (SELECT value FROM json_each(?))",
    Field.TOKENS_ABOVE: "tokens > ?",
    Field.TOKENS_BELOW: "tokens < ?",
    Field.COST_ABOVE: "cost > ?",
    Field.COST_BELOW: "cost < ?",
    Field.FROM_TIME: "occurred_at >= ?",
    Field.TO_TIME: "occurred_at < ?",
    Field.TEXT: (
        "EXISTS (SELECT 1 FROM json_each(?)"
        " WHERE entries.type LIKE '%' || json_each.value || '%' ESCAPE '\\'"
        " OR EXISTS (SELECT 1 FROM details WHERE details.entry_no = entries.entry_no"
        " AND description LIKE '%' || json_each.value || '%' ESCAPE '\\'))"
    ),
}
_NUMBERS = frozenset(
    {
        Field.TOKENS_ABOVE,
        Field.TOKENS_BELOW,
        Field.COST_ABOVE,
        Field.COST_BELOW,
        Field.FROM_TIME,
        Field.TO_TIME,
    }
)


def _fragment(condition: Condition) -> str:
    """Unknown is no match: a negated condition holds where a column is empty."""
    fragment = _FRAGMENTS[condition.field]
    return f"NOT coalesce(({fragment}), 0)" if condition.is_negated else f"({fragment})"


def _parameter(condition: Condition) -> int | str:
    if condition.field in _NUMBERS:
        return condition.number
    if condition.field is Field.TEXT:
        return json.dumps([_escaped(value) for value in condition.values])
    return json.dumps(list(condition.values))


def _escaped(text: str) -> str:
    """`text` as LIKE takes it literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
