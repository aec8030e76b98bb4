"""Filters as SQL: what a REQ or COUNT asks for, as one statement that gives one row.

One row, because Python takes its lock once per row, and would wait each time for a busy event loop.

A filter is led by one index, whose entries come newest first: that of one of its tags, or of authors and
kinds. Each value of the lead is a range of that index, cut at the limit; their union, sorted and cut again,
is the answer. All other conditions are tested on the way.
"""

# ruff: noqa: S608 - statements are put together from text of this module; values are always parameters

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import orjson

from nostr_usage.embedded.database import tag_key
from nostr_usage.nostr.filter import Filter

# SQLite joins at most 500 selects by UNION. Above this, a list of values is looked up as a whole and sorted.
RANGES_MAX = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A piece of SQL with the parameters for its question marks."""

    sql: str
    parameters: tuple[str | int | bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One way to find what a filter asks for.

    Attributes:
        source: the table as `i`, with the index that keeps its entries in the order of time.
        ranges: conditions, each of which selects one range of that index.
        whole: all the ranges as one condition.
        times: since and until.
        rest: what else the filter asks for.
    """

    source: str
    ranges: tuple[Fragment, ...]
    whole: Fragment
    times: tuple[Fragment, ...]
    rest: tuple[Fragment, ...]


def leads_of(wanted: Filter, salt: bytes) -> tuple[Lead, ...]:
    """The ways to find what `wanted` asks for, none of whose lists is empty; lists with few values first."""
    kinds = () if wanted.kinds is None else (_kind_in(wanted.kinds),)
    authors = () if wanted.authors is None else (_author_in(wanted.authors),)
    keys = tuple(tuple(tag_key(name, value, salt) for value in values) for name, values in wanted.tags)
    times = _times(wanted)
    if wanted.ids is not None:
        return (_lead_by_id(wanted.ids, times, (*authors, *kinds, *map(_tagged, keys))),)
    by_tag = tuple(
        Lead(
            source="tags AS i",
            ranges=tuple(Fragment(sql="i.tag_key = ?", parameters=(key,)) for key in lead),
            whole=_in("i.tag_key", lead),
            times=times,
            rest=(*authors, *kinds, *(_tagged(other) for other in keys if other is not lead)),
        )
        for lead in sorted(keys, key=len)
    )
    if by_tag and wanted.authors is None:
        return by_tag
    return (*by_tag, _lead_by_author_and_kind(wanted, times, tuple(map(_tagged, keys))))


def estimate(lead: Lead, *, limit: int) -> Fragment:
    """Counts the entries of the lead's index, as far as `limit`."""
    where = _all((lead.whole, *lead.times))
    return Fragment(
        sql=f"SELECT count(*) FROM (SELECT 1 FROM {lead.source} WHERE {where.sql} LIMIT ?)",
        parameters=(*where.parameters, limit),
    )


def page(chosen: Sequence[tuple[Lead, int]], *, page_bytes_max: int) -> Fragment:
    """Selects the newest events that any (lead, limit) finds, ties by id: one row.

    Its columns: the highest `arrival` so far, and the events as JSON, a line each, or NULL.
    """
    ranges_max = max(1, RANGES_MAX // len(chosen))
    found = _union([_newest(lead, limit, ranges_max) for lead, limit in chosen])
    # group_concat keeps the order of the subselect that it reads; the tests hold SQLite to that.
    return Fragment(
        sql=f"""
            SELECT (SELECT max(arrival) FROM events), CAST(group_concat(json, char(10)) AS BLOB)
            FROM (
              SELECT json FROM (
                SELECT e.json AS json,
                  sum(length(e.json)) OVER (
                    ORDER BY f.created_at DESC, f.event_id ROWS UNBOUNDED PRECEDING
                  ) - length(e.json) AS bytes_before
                FROM ({found.sql}) AS f CROSS JOIN events AS e ON e.arrival = f.arrival)
              WHERE bytes_before < ?)
            """,
        parameters=(*found.parameters, page_bytes_max),
    )


def count(chosen: Sequence[Lead]) -> Fragment:
    """Counts the events that any of the leads finds: one row."""
    wheres = [(lead, _all((lead.whole, *lead.times, *lead.rest))) for lead in chosen]
    # UNION even for one: an event with two of the tags asked for counts once.
    found = " UNION ".join(f"SELECT i.arrival FROM {lead.source} WHERE {where.sql}" for lead, where in wheres)
    return Fragment(
        sql=f"SELECT count(*) FROM (SELECT DISTINCT arrival FROM ({found}))",
        parameters=tuple(value for _, where in wheres for value in where.parameters),
    )


def _newest(lead: Lead, limit: int, ranges_max: int) -> Fragment:
    if len(lead.ranges) > ranges_max:
        return _range(lead, lead.whole, limit, "DISTINCT")
    selects = [_range(lead, one, limit) for one in lead.ranges]
    if len(selects) == 1:
        return selects[0]
    union = _union(selects)
    return Fragment(
        sql=f"{union.sql} ORDER BY created_at DESC, event_id LIMIT ?", parameters=(*union.parameters, limit)
    )


def _range(lead: Lead, one: Fragment, limit: int, distinct: str = "") -> Fragment:
    where = _all((one, *lead.times, *lead.rest))
    return Fragment(
        sql=f"""
            SELECT {distinct} e.arrival AS arrival, e.created_at AS created_at, e.event_id AS event_id
            FROM {lead.source} CROSS JOIN events AS e ON e.arrival = i.arrival
            WHERE {where.sql} ORDER BY i.created_at DESC, e.event_id LIMIT ?
            """,
        parameters=(*where.parameters, limit),
    )


def _lead_by_id(ids: Sequence[str], times: tuple[Fragment, ...], rest: tuple[Fragment, ...]) -> Lead:
    whole = Fragment(
        sql=f"i.event_id IN ({', '.join('?' * len(ids))})", parameters=tuple(map(bytes.fromhex, ids))
    )
    return Lead(source="events AS i", ranges=(whole,), whole=whole, times=times, rest=rest)


def _lead_by_author_and_kind(wanted: Filter, times: tuple[Fragment, ...], rest: tuple[Fragment, ...]) -> Lead:
    authors, kinds = wanted.authors, wanted.kinds
    if authors is None and kinds is None:
        index, whole, ranges = "events_by_time", Fragment(sql="TRUE"), ()
    elif authors is None:
        assert kinds is not None
        index, whole, ranges = "events_by_kind", _kind_in(kinds), tuple(map(_kind_is, kinds))
    elif kinds is None:
        index, whole, ranges = "events_by_author", _author_in(authors), tuple(map(_author_is, authors))
    else:
        index, whole = "events_by_author_kind", _all((_author_in(authors), _kind_in(kinds)))
        # Their product can be millions; then the whole is looked up anyway.
        pairs = product(authors, kinds) if len(authors) * len(kinds) <= RANGES_MAX else ()
        ranges = tuple(_all((_author_is(author), _kind_is(kind))) for author, kind in pairs)
    source = f"events AS i INDEXED BY {index}"
    return Lead(source=source, ranges=ranges or (whole,), whole=whole, times=times, rest=rest)


def _times(wanted: Filter) -> tuple[Fragment, ...]:
    bounds = ((">=", wanted.since), ("<=", wanted.until))
    return tuple(
        Fragment(sql=f"i.created_at {sign} ?", parameters=(bound,))
        for sign, bound in bounds
        if bound is not None
    )


def _author_is(author: str) -> Fragment:
    return Fragment(
        sql="i.author_no = (SELECT author_no FROM authors WHERE pubkey = ?)", parameters=(author,)
    )


def _author_in(authors: Sequence[str]) -> Fragment:
    if len(authors) == 1:
        return _author_is(authors[0])
    inner = _in("pubkey", authors)
    return Fragment(
        sql=f"i.author_no IN (SELECT author_no FROM authors WHERE {inner.sql})", parameters=inner.parameters
    )


def _kind_is(kind: int) -> Fragment:
    return Fragment(sql="i.kind = ?", parameters=(kind,))


def _kind_in(kinds: Sequence[int]) -> Fragment:
    return _in("i.kind", kinds)


def _tagged(keys: Sequence[int]) -> Fragment:
    one_of = _in("o.tag_key", keys)
    return Fragment(
        sql=f"""EXISTS (
            SELECT 1 FROM tags AS o
            WHERE {one_of.sql} AND o.created_at = i.created_at AND o.arrival = i.arrival)""",
        parameters=one_of.parameters,
    )


def _in(column: str, values: Sequence[int] | Sequence[str]) -> Fragment:
    if len(values) == 1:
        return Fragment(sql=f"{column} = ?", parameters=(values[0],))
    # A list of any length is one parameter.
    return Fragment(
        sql=f"{column} IN (SELECT value FROM json_each(?))", parameters=(orjson.dumps(values).decode(),)
    )


def _all(conditions: Iterable[Fragment]) -> Fragment:
    conditions = tuple(conditions)
    return Fragment(
        sql=" AND ".join(condition.sql for condition in conditions),
        parameters=tuple(value for condition in conditions for value in condition.parameters),
    )


def _union(selects: Sequence[Fragment]) -> Fragment:
    return Fragment(
        sql=" UNION ".join(f"SELECT * FROM ({select.sql})" for select in selects),
        parameters=tuple(value for select in selects for value in select.parameters),
    )
