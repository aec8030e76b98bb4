"""The platform: what all accounts used together, as the operator sees it: parts, averages, the largest."""

from __future__ import annotations

from dataclasses import dataclass

from nostr_usage.amount import divide_half_up
from nostr_usage.insight.breakdown import Breakdown, Dimension
from nostr_usage.ledger.entry import AccountId
from nostr_usage.reporting.stream_use import Days, read_use
from nostr_usage.store import Reader, StreamRow

LARGEST_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUse:
    """What one account used; `label` is empty where it is not known, `actions` are its debits."""

    account: AccountId
    label: str
    actions: int
    tokens: int
    micro_dollars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformView:
    """What all accounts used in one meter.

    Attributes:
        parts: of all that was used.
        active: accounts with an action.
        tokens_each, micro_dollars_each: on average over the active ones, halves up; 0 without any.
        largest: the accounts that used most, `LARGEST_MAX` at most.
    """

    parts: Breakdown
    active: int
    tokens_each: int
    micro_dollars_each: int
    largest: tuple[AccountUse, ...]


def streams_of_meter(reader: Reader, meter: str) -> tuple[StreamRow, ...]:
    """The streams of every account in `meter`."""
    return tuple(stream for stream in reader.streams() if stream.meter == meter)


def platform_view(
    reader: Reader, streams: tuple[StreamRow, ...], dimension: Dimension, days: Days
) -> PlatformView:
    """What `streams`, which should share a meter, used on these days, by `dimension`."""
    accounts: list[AccountUse] = []
    for stream in streams:
        whole = read_use(reader, [stream]).by(Dimension.MONTH, days)
        if whole.count:
            row = reader.account(stream.account)
            accounts.append(
                AccountUse(
                    account=stream.account,
                    label=(row.label if row else None) or "",
                    actions=whole.count,
                    tokens=whole.tokens,
                    micro_dollars=whole.micro_dollars,
                )
            )
    active = len(accounts)
    accounts.sort(key=lambda one: (-one.tokens, one.label, one.account))
    parts = read_use(reader, streams).by(dimension, days)
    return PlatformView(
        parts=parts,
        active=active,
        tokens_each=divide_half_up(max(parts.tokens, 0), active) if active else 0,
        micro_dollars_each=divide_half_up(max(parts.micro_dollars, 0), active) if active else 0,
        largest=tuple(accounts[:LARGEST_MAX]),
    )
