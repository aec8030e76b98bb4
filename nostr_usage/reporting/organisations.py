"""Use of an organisation by member and department: whoever used, whoever could have, in parts that add up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nostr_usage.insight.breakdown import UNKNOWN, Breakdown, Dimension, Row
from nostr_usage.reporting.stream_use import month_days, read_use
from nostr_usage.store import MemberRow, Reader, StreamRow

_NOTHING = Row(name="", count=0, tokens=0, micro_dollars=0, cents=0, share=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One member or department in one month and meter.

    Attributes:
        row: what was used, net of refunds; its name is the operator's, empty where nobody is stated.
        pseudonym: what entries say.
        department: of a member as things stand now; empty for none, and for departments.
        is_here: False for who left, and for pseudonyms that nobody is registered under.
    """

    row: Row
    pseudonym: str
    department: str = ""
    is_here: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationUse:
    """A month (UTC) of one meter: the parts of `members`, and those of `departments`, add to `total`."""

    meter: str
    month: str
    members: tuple[Part, ...]
    departments: tuple[Part, ...]
    total: Row


def organisation_use(reader: Reader, stream: StreamRow, month: str) -> OrganisationUse:
    """Who used how much of a stream in `month` (`2026-02`), the most first, then who used nothing."""
    use, days = read_use(reader, [stream]), month_days(month)
    by_member, by_group = use.by(Dimension.MEMBER, days), use.by(Dimension.GROUP, days)
    return OrganisationUse(
        meter=stream.meter,
        month=month,
        members=_members(by_member, reader.members(stream.account_no)),
        departments=_departments(
            by_group, {one.pseudonym: one.name for one in reader.departments(stream.account_no)}
        ),
        total=Row(
            name="total",
            count=by_member.count,
            tokens=by_member.tokens,
            micro_dollars=by_member.micro_dollars,
            cents=by_member.cents,
            share=sum(row.share for row in by_member.rows),
        ),
    )


def _members(found: Breakdown, registered: tuple[MemberRow, ...]) -> tuple[Part, ...]:
    known = {member.pseudonym: member for member in registered}
    used = {row.name for row in found.rows}
    idle = [
        replace(_NOTHING, name=member.pseudonym)
        for member in registered
        if member.pseudonym not in used and member.removed_at is None
    ]
    parts: list[Part] = []
    for row in (*found.rows, *idle):
        member = known.get(row.name)
        parts.append(
            Part(
                row=row if member is None else replace(row, name=member.name),
                pseudonym=row.name,
                department=(member.department if member else None) or "",
                is_here=member is not None and member.removed_at is None,
            )
        )
    return tuple(parts)


def _departments(found: Breakdown, names: dict[str, str]) -> tuple[Part, ...]:
    used = {row.name for row in found.rows}
    idle = [replace(_NOTHING, name=pseudonym) for pseudonym in names if pseudonym not in used]
    return tuple(
        Part(
            row=replace(row, name=names.get(row.name, row.name)),
            pseudonym=row.name,
            is_here=row.name in names or row.name == UNKNOWN,
        )
        for row in (*found.rows, *idle)
    )
