"""The bridge: an entry becomes a Nostr event, and an event that is well formed becomes an entry again.

Both directions are exact: reading what was written gives the same entry, and an event is accepted only if
building it again from the entry that it states gives the very same tags. So there is one spelling of every
entry, and nothing can hide in a tag that nobody reads. PROTOCOL.md, "Entry", is the specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain

from nostr_usage.amount import format_dollars_exact, parse_dollars_exact
from nostr_usage.errors import AmountError, EntryFormatError
from nostr_usage.ledger.entry import (
    AccountId,
    Balance,
    Cost,
    CycleTotals,
    Entry,
    EntryId,
    LotTerms,
    Operation,
    Source,
    UsageLine,
)
from nostr_usage.nostr.event import Event, Tag, UnsignedEvent
from nostr_usage.wire.entry_fields import HEX_64, ISO_TIME, EntryFields, month_of
from nostr_usage.wire.entry_grammar import debit_from_event
from nostr_usage.wire.seal import VERSION, sealed_event

ENTRY_KIND = 30078
TEXT_MAX = 1_000

_USAGE_OPERATIONS = frozenset({Operation.DEBIT, Operation.MEMO, Operation.GAUGE})
_HEX_32 = re.compile(r"[0-9a-f]{32}", re.ASCII)
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_METER = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)
# Relays' JSON libraries disagree about escaping C0, DEL and C1, and UTF-8 has no lone surrogates.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def slot(account: str, meter: str, seq: int) -> str:
    """The `s` tag: by it a reader asks a relay for exactly the entry that it lacks."""
    return f"{account[:32]}:{meter}:{seq}"


def event_from_entry(entry: Entry, *, kind: int = ENTRY_KIND, pubkey: str) -> UnsignedEvent:
    """The unsigned event that carries `entry`, its `d` tag sealed.

    Raises:
        EntryFormatError: if a field cannot be written, such as a control character in a label.
    """
    month = month_of(entry.occurred_at)
    prefix = f"ai-{'usage' if entry.operation in _USAGE_OPERATIONS else 'credit'}-{month}:"
    tags = [*_common_tags(entry, month), *_optional_tags(entry)]
    _check_texts(tags)
    return sealed_event(
        kind=kind,
        pubkey=pubkey,
        created_at=entry.created_at,
        prefix=prefix,
        tags=tags,
        content=entry.content,
    )


def entry_from_event(event: Event) -> Entry:
    """The entry that `event` carries.

    Raises:
        EntryFormatError: unless the event is exactly what `event_from_entry` makes of that entry.
    """
    return debit_from_event(event) or entry_by_rebuilding(event)


def entry_by_rebuilding(event: Event) -> Entry:
    """The entry of any operation, read tag by tag, then written again and compared.

    Raises:
        EntryFormatError: as `entry_from_event`; the message says what is wrong.
    """
    entry = _read_entry(event)
    rebuilt = event_from_entry(entry, kind=event.kind, pubkey=event.pubkey)
    if rebuilt.tags != event.tags:
        raise EntryFormatError(f"event {event.id} is no entry: {_first_difference(rebuilt.tags, event.tags)}")
    return entry


def _common_tags(entry: Entry, month: str) -> list[Tag]:
    tags: list[Tag] = [
        ("p", entry.account),
        ("s", slot(entry.account, entry.meter, entry.seq)),
        ("m", month),
    ]
    if entry.open_number is not None:
        tags.append(("o", str(entry.open_number)))
    balance = entry.balance
    tags += [
        ("v", VERSION),
        ("seq", str(entry.seq)),
        ("prev", entry.prev),
        ("op", entry.operation.value),
        ("type", entry.type),
        ("tokens", str(entry.tokens)),
        ("cost", format_dollars_exact(entry.cost.micro_dollars), entry.cost.currency),
        ("balance", str(balance.total), str(balance.expiring), str(balance.lasting)),
        ("x", entry.request),
    ]
    return tags


def _optional_tags(entry: Entry) -> Iterator[Tag]:
    if entry.description is not None:
        yield ("description", entry.description)
    if entry.description_hash is not None:
        yield ("dh", entry.description_hash)
    if entry.occurred_at != entry.created_at:
        yield ("at", str(entry.occurred_at))
    for line in entry.usage:
        yield ("usage", line.model, line.bucket, str(line.units))
    for price in entry.prices:
        yield ("price", price)
    if entry.lot is not None:
        expires_at = "" if entry.lot.expires_at is None else str(entry.lot.expires_at)
        yield ("lot", entry.lot.source.value, expires_at, str(entry.lot.priority))
    if entry.totals is not None:
        yield _close_tag(entry.totals)
    if entry.level is not None:
        yield ("level", str(entry.level))
    for name, value in (
        ("ref", entry.ref),
        ("actor", entry.actor),
        ("group", entry.group),
        ("prompt", entry.prompt),
        ("pay", entry.payment),
        ("ek", entry.operator_key),
    ):
        if value is not None:
            yield (name, value)
    for orphan in entry.orphans:
        yield ("orphan", orphan)


def _close_tag(totals: CycleTotals) -> Tag:
    end = ".." if totals.end is None else datetime.fromtimestamp(totals.end, UTC).strftime(ISO_TIME)
    period = f"{datetime.fromtimestamp(totals.start, UTC).strftime(ISO_TIME)}/{end}"
    figures = (
        totals.opening,
        totals.granted,
        totals.purchased,
        totals.used,
        totals.refunded,
        totals.expired,
        totals.closing,
        totals.first_seq,
        totals.count,
    )
    return ("close", period, *map(str, figures))


def _check_texts(tags: Sequence[Tag]) -> None:
    together = "".join(chain.from_iterable(tags))
    if len(together) <= TEXT_MAX and not _FORBIDDEN.search(together):
        return
    for tag in tags:
        text = "".join(tag)
        if len(text) > TEXT_MAX or _FORBIDDEN.search(text):
            raise EntryFormatError(
                f"the {tag[0]} tag is longer than {TEXT_MAX} characters or has control characters",
                advice="Shorten the text, and remove line breaks and other control characters from it.",
            )


def _read_entry(event: Event) -> Entry:
    fields = EntryFields(event)
    operation = fields.operation("op")
    entry = Entry(
        account=AccountId(fields.matching("p", HEX_64)),
        meter=_meter_of_slot(fields),
        seq=fields.natural("seq"),
        prev=EntryId(fields.matching("prev", HEX_64)),
        operation=operation,
        type=fields.matching("type", _SLUG),
        tokens=fields.natural("tokens"),
        cost=_read_cost(fields),
        balance=_read_balance(fields),
        created_at=event.created_at,
        occurred_at=fields.time("at") if fields.has("at") else event.created_at,
        request=fields.matching("x", _HEX_32),
        open_number=fields.optional("o", fields.natural),
        operator_key=fields.optional("ek", lambda name: fields.matching(name, HEX_64)),
        lot=_read_lot(fields) if fields.has("lot") else None,
        ref=fields.optional("ref", fields.entry_id),
        totals=_read_totals(fields) if fields.has("close") else None,
        level=fields.optional("level", fields.natural),
        description=fields.optional("description", fields.text),
        description_hash=fields.optional("dh", lambda name: fields.matching(name, HEX_64)),
        usage=tuple(_read_usage(fields)),
        prices=tuple(fields.label(tag[1]) for tag in fields.repeated("price", 2)),
        actor=fields.optional("actor", fields.label_of),
        group=fields.optional("group", fields.label_of),
        prompt=fields.optional("prompt", fields.label_of),
        payment=fields.optional("pay", fields.label_of),
        orphans=tuple(fields.checked_id(tag[1]) for tag in fields.repeated("orphan", 2)),
        content=event.content,
    )
    _check_fields(entry, fields)
    return entry


def _check_fields(entry: Entry, fields: EntryFields) -> None:
    """What an operation needs and must not have; values that no arithmetic may see."""
    for name, present, operations in (
        ("o", entry.open_number is not None, {Operation.OPEN}),
        ("ek", entry.operator_key is not None, {Operation.OPEN}),
        ("close", entry.totals is not None, {Operation.CLOSE}),
        ("level", entry.level is not None, {Operation.GAUGE}),
    ):
        if present is not (entry.operation in operations):
            raise fields.error(f"the {name} tag belongs to {', '.join(sorted(operations))} and to no other")
    if (entry.lot is not None) is not (entry.operation is Operation.GRANT):
        raise fields.error("a grant, and only a grant, names its lot")
    if entry.ref is None and entry.operation in {Operation.REFUND, Operation.REVERSE}:
        raise fields.error("it does not name the entry that it undoes")
    if entry.operation.sign == 0 and entry.tokens != 0 and entry.operation is not Operation.MEMO:
        raise fields.error(f"{entry.operation} moves no tokens")
    if entry.seq < 1 or (entry.seq == 1) is not (entry.prev == "0" * 64):
        raise fields.error("seq and prev contradict each other")
    if entry.usage != tuple(sorted(entry.usage)) or entry.prices != tuple(sorted(set(entry.prices))):
        raise fields.error("usage and price tags are not sorted")


def _meter_of_slot(fields: EntryFields) -> str:
    """The meter is stated in the slot only; the rebuilt slot is compared as a whole."""
    parts = fields.text("s").split(":")
    if len(parts) != 3 or not _METER.fullmatch(parts[1]):
        raise fields.error("the s tag is not account:meter:seq")
    return parts[1]


def _read_cost(fields: EntryFields) -> Cost:
    amount, currency = fields.values("cost", 2)
    try:
        micro_dollars = parse_dollars_exact(amount)
    except AmountError as error:
        raise fields.error(f"cost: {error}") from error
    if micro_dollars < 0 or currency != "USD":
        raise fields.error("cost is not a non-negative amount in USD")
    return Cost(micro_dollars=micro_dollars, currency=currency)


def _read_balance(fields: EntryFields) -> Balance:
    total, expiring, lasting = (fields.integer(value) for value in fields.values("balance", 3))
    return Balance(total=total, expiring=expiring, lasting=lasting)


def _read_lot(fields: EntryFields) -> LotTerms:
    source, expires_at, priority = fields.values("lot", 3)
    if source not in set(Source):
        raise fields.error(f"lot has no source {source!r}")
    return LotTerms(
        source=Source(source),
        expires_at=fields.unix_time(expires_at) if expires_at else None,
        priority=fields.number(priority),
    )


def _read_totals(fields: EntryFields) -> CycleTotals:
    period, *figures = fields.values("close", 10)
    start_text, _, end_text = period.partition("/")
    numbers = [fields.integer(figure) for figure in figures]
    opening, granted, purchased, used, refunded, expired, closing, first_seq, count = numbers
    totals = CycleTotals(
        start=fields.moment(start_text),
        end=None if end_text == ".." else fields.moment(end_text),
        opening=opening,
        granted=granted,
        purchased=purchased,
        used=used,
        refunded=refunded,
        expired=expired,
        first_seq=first_seq,
        count=count,
    )
    if totals.closing != closing:
        raise fields.error("the totals of the close tag do not add up")
    return totals


def _read_usage(fields: EntryFields) -> Iterator[UsageLine]:
    for _, model, bucket, units in fields.repeated("usage", 4):
        yield UsageLine(model=fields.label(model), bucket=fields.label(bucket), units=fields.number(units))


def _first_difference(rebuilt: Sequence[Tag], found: Sequence[Tag]) -> str:
    """The d tag is named last: it differs whenever anything does."""
    if len(rebuilt) != len(found):
        return f"it has {len(found)} tags, not {len(rebuilt)}"
    pairs = [*zip(rebuilt[1:], found[1:], strict=True), (rebuilt[0], found[0])]
    mine, theirs = next((mine, theirs) for mine, theirs in pairs if mine != theirs)
    return f"the {theirs[0][:40]} tag should be {list(mine)}"
