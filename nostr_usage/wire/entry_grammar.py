"""Debits in one expression: most of every history, read five times as fast as tag by tag.

The text that is matched is the one that the seal is a hash of: JSON, in which every tag has its place and its
only spelling. What is not spelled like a plain debit is not refused here, only left to the full reader, so
nothing depends on this grammar but time. PROTOCOL.md, "Entry".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nostr_usage.ledger.entry import (
    NO_ENTRY,
    AccountId,
    Balance,
    Cost,
    Entry,
    EntryId,
    Operation,
    UsageLine,
)
from nostr_usage.nostr.event import Event
from nostr_usage.wire.entry_fields import TIME_MAX, month_of
from nostr_usage.wire.seal import seal_of, sealed_text

_HEX_32 = "[0-9a-f]{32}"
_HEX_64 = "[0-9a-f]{64}"
_NATURAL = "0|[1-9][0-9]{0,14}"
_INTEGER = "0|-?[1-9][0-9]{0,14}"
# Printable ASCII without quotes and backslashes: of this every JSON library makes the same text.
_CHARACTER = r"[ !#-\[\]-~]"
_LABEL = f"{_CHARACTER}{{1,100}}"
_USAGE = rf',\["usage","({_LABEL})","({_LABEL})","({_NATURAL})"\]'
_PRICE = rf',\["price","({_LABEL})"\]'

# A group for each field, in this order; repeated tags are one group, which has an expression of its own.
_DEBIT = re.compile(
    rf'\["ul1",[0-9]+,"{_HEX_64}",[0-9]+,"ai-usage-(?P<month>[0-9]{{4}}-[0-9]{{2}}):",\['
    rf'\["p","(?P<account>(?P<slot>{_HEX_32}){_HEX_32})"\],'
    rf'\["s","(?P=slot):(?P<meter>[a-z][a-z0-9_-]{{0,31}}):(?P<seq>[1-9][0-9]{{0,14}})"\],'
    r'\["m","(?P=month)"\],'
    r'\["v","ul1"\],'
    r'\["seq","(?P=seq)"\],'
    rf'\["prev","(?P<prev>{_HEX_64})"\],'
    r'\["op","debit"\],'
    r'\["type","(?P<type>[a-z0-9][a-z0-9_-]{0,63})"\],'
    rf'\["tokens","(?P<tokens>{_NATURAL})"\],'
    r'\["cost","(?P<dollars>0|[1-9][0-9]{0,8})\.(?P<micro>[0-9]{6})","USD"\],'
    rf'\["balance","(?P<total>{_INTEGER})","(?P<expiring>{_INTEGER})","(?P<lasting>{_INTEGER})"\],'
    rf'\["x","(?P<request>{_HEX_32})"\]'
    rf'(?:,\["description","(?P<description>{_CHARACTER}{{0,900}})"\])?'
    rf'(?:,\["dh","(?P<description_hash>{_HEX_64})"\])?'
    rf'(?:,\["at","(?P<at>{_NATURAL})"\])?'
    rf"(?P<usage>(?:{_USAGE.replace('(', '(?:')})*)"
    rf"(?P<prices>(?:{_PRICE.replace('(', '(?:')})*)"
    rf'(?:,\["actor","(?P<actor>{_LABEL})"\])?'
    rf'(?:,\["group","(?P<group>{_LABEL})"\])?'
    rf'(?:,\["prompt","(?P<prompt>{_LABEL})"\])?'
    r"\],",
    re.ASCII,
)
_EACH_USAGE = re.compile(_USAGE, re.ASCII)
_EACH_PRICE = re.compile(_PRICE, re.ASCII)
_SEAL_LENGTH = 64


def debit_from_event(event: Event) -> Entry | None:
    """The debit that `event` carries; None if it is anything else, or spelled in an unusual way."""
    if not event.tags or len(event.tags[0]) != 2:
        return None
    prefix = event.tags[0][1][:-_SEAL_LENGTH]
    text = sealed_text(event.kind, event.pubkey, event.created_at, prefix, event.tags[1:], event.content)
    match = _DEBIT.match(text.decode())
    if match is None or event.tags[0] != ("d", prefix + seal_of(text)):
        return None
    return _debit_of(match, event)


def _debit_of(match: re.Match[str], event: Event) -> Entry | None:
    """The entry, unless its fields contradict each other."""
    (
        month, account, _, meter, seq, prev, type_, tokens, dollars, micro, total, expiring, lasting, request,
        description, description_hash, at, usage_text, prices_text, actor, group, prompt,
    ) = match.groups()  # fmt: skip
    occurred_at = event.created_at if at is None else int(at)
    usage = tuple(_usage_lines(usage_text)) if usage_text else ()
    prices = tuple(_EACH_PRICE.findall(prices_text)) if prices_text else ()
    if (
        occurred_at > TIME_MAX
        or month_of(occurred_at) != month
        or (at is not None and occurred_at == event.created_at)
        or (seq == "1") is not (prev == NO_ENTRY)
        or (len(usage) > 1 and usage != tuple(sorted(usage)))
        or (len(prices) > 1 and prices != tuple(sorted(set(prices))))
    ):
        return None
    return Entry(
        account=AccountId(account),
        meter=meter,
        seq=int(seq),
        prev=EntryId(prev),
        operation=Operation.DEBIT,
        type=type_,
        tokens=int(tokens),
        cost=Cost(micro_dollars=int(dollars + micro)),
        balance=Balance(total=int(total), expiring=int(expiring), lasting=int(lasting)),
        created_at=event.created_at,
        occurred_at=occurred_at,
        request=request,
        description=description,
        description_hash=description_hash,
        usage=usage,
        prices=prices,
        actor=actor,
        group=group,
        prompt=prompt,
        content=event.content,
    )


def _usage_lines(text: str) -> Iterator[UsageLine]:
    for model, bucket, units in _EACH_USAGE.findall(text):
        yield UsageLine(model=model, bucket=bucket, units=int(units))
