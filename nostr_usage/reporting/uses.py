"""Uses: the debits and refunds of a stream, as the functions of `insight` see them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from nostr_usage.insight.use import Use
from nostr_usage.ledger.entry import Entry, Operation
from nostr_usage.nostr.event import event_from_json
from nostr_usage.store import EntryRow, Reader, StreamRow
from nostr_usage.wire.entry_event import entry_from_event


def uses_of(reader: Reader, stream: StreamRow, *, since: int | None = None) -> tuple[Use, ...]:
    """The debits and refunds of a stream, oldest first, with what models reported; add-ons are not among it.

    `since` is unix seconds; None is everything. What `stream_use` gives costs less.
    """
    after = _seq_before(reader, stream, since)
    return tuple(
        use
        for use in uses_after(reader, stream.stream_no, after_seq=after, until_seq=stream.seq)
        if since is None or use.at >= since
    )


def uses_after(reader: Reader, stream_no: int, *, after_seq: int, until_seq: int) -> Iterator[Use]:
    """The debits and refunds of a stream with `after_seq < seq <= until_seq`, oldest first."""
    measured = reader.measured_events(stream_no, after_seq=after_seq, until_seq=until_seq)
    next_measured = next(measured, None)
    for row in reader.entries(stream_no, after_seq=after_seq, until_seq=until_seq):
        while next_measured is not None and next_measured[0] < row.seq:
            next_measured = next(measured, None)
        if row.operation is Operation.DEBIT:
            is_measured = next_measured is not None and next_measured[0] == row.seq
            yield _use(row, row, usage=_usage_of(next_measured[1]) if next_measured and is_measured else ())
        elif row.operation is Operation.REFUND:
            yield _refund(reader, row)


def measured_uses_of(reader: Reader, stream: StreamRow, *, since: int | None = None) -> tuple[Use, ...]:
    """Like `uses_of`, with the add-ons that were chosen."""
    return tuple(
        measured_use(reader, row) if row.operation is Operation.DEBIT else _refund(reader, row)
        for row in _rows(reader, stream, since)
    )


def _rows(reader: Reader, stream: StreamRow, since: int | None) -> Iterator[EntryRow]:
    after = _seq_before(reader, stream, since)
    for row in reader.entries(stream.stream_no, after_seq=after, until_seq=stream.seq):
        if row.operation in {Operation.DEBIT, Operation.REFUND} and (
            since is None or row.occurred_at >= since
        ):
            yield row


def _seq_before(reader: Reader, stream: StreamRow, since: int | None) -> int:
    """An entry before all that happened since then: nothing is dated in the future."""
    return 0 if since is None else reader.seq_before(stream.stream_no, seq=stream.seq, created_at=since)


def _use(
    row: EntryRow,
    debit: EntryRow,
    *,
    usage: tuple[tuple[str, str, int], ...] = (),
    refunded_models: tuple[str, ...] = (),
) -> Use:
    """A debit, or what a refund gave back of `debit`: for whom and what, the debit says."""
    sign = -row.operation.sign
    return Use(
        at=row.occurred_at,
        activity=row.type,
        tokens=sign * row.tokens,
        micro_dollars=sign * row.cost,
        count=1 if row.operation is Operation.DEBIT else 0,
        actor=debit.actor,
        group=debit.group,
        prompt=debit.prompt,
        usage=usage,
        refunded_models=refunded_models,
    )


def _refund(reader: Reader, row: EntryRow) -> Use:
    debit = None if row.ref is None else reader.entry(row.ref)
    if debit is None or debit.stream_no != row.stream_no or debit.operation is not Operation.DEBIT:
        return _use(row, row)
    event_json = reader.event_json(debit.entry_id)
    assert event_json is not None, "an entry without its event"
    models = {model for model, _, _ in _usage_of(event_json)}
    return _use(row, debit, refunded_models=tuple(sorted(models)))


def _usage_of(event_json: bytes) -> tuple[tuple[str, str, int], ...]:
    """What models reported: the usage tags of an event that was checked when it was taken in."""
    tags = json.loads(event_json)["tags"]
    return tuple((tag[1], tag[2], int(tag[3])) for tag in tags if tag[0] == "usage")


def last_used_at(reader: Reader, stream: StreamRow) -> int | None:
    """When the newest debit happened, unix seconds; None before the first."""
    rows = reader.entries(stream.stream_no, until_seq=stream.seq, newest_first=True)
    return next((row.occurred_at for row in rows if row.operation is Operation.DEBIT), None)


def measured_use(reader: Reader, debit: EntryRow) -> Use:
    """A debit with what models reported and the add-ons that were chosen."""
    event_json = reader.event_json(debit.entry_id)
    assert event_json is not None, "an entry without its event"
    entry = entry_from_event(event_from_json(event_json))
    return Use(
        at=entry.occurred_at,
        activity=entry.type,
        tokens=entry.tokens,
        micro_dollars=entry.cost.micro_dollars,
        actor=entry.actor,
        group=entry.group,
        prompt=entry.prompt,
        usage=tuple((line.model, line.bucket, line.units) for line in entry.usage),
        options=tuple(_options(entry)),
    )


def _options(entry: Entry) -> Iterator[str]:
    """The add-ons, which the rules that were charged by name: `catalogue:version:activity+add-on:digest`."""
    for price in entry.prices:
        parts = price.split(":")
        activity, plus, option = parts[2].partition("+") if len(parts) == 4 else ("", "", "")
        if plus and activity == entry.type:
            yield option
