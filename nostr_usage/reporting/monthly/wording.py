"""Figures ─▶ the texts and tables of a report, which HTML and PDF lay out in their own ways.

What comes from entries and labels is made safe here: one line, nothing that a reader's program would obey.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from nostr_usage.amount import format_dollars, format_tokens
from nostr_usage.insight.breakdown import Breakdown
from nostr_usage.ledger.entry import Operation
from nostr_usage.nostr.nip19 import encode_npub
from nostr_usage.reporting.monthly.figures import DOUBTFUL, ZONE, Line, MeterMonth, MonthlyReport
from nostr_usage.safe_text import safe_text
from nostr_usage.views import STATE_SENTENCES

LINES_LISTED_MAX = 2_000
"""Entries that HTML and PDF list; the rest is one line that says how many and what they add up to."""

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_STEPS = (
    (
        "Every line is an event that the service signed. Its id is the hash of all that it says, and it names"
        " the id of the line before it, so nothing can be altered, left out or put in without breaking the"
        " chain that ends at the newest entry named above."
    ),
    (
        "Anyone who knows the service's public key can read these events from its relays, check every"
        " signature and add everything up again:"
    ),
)
_DESCRIPTION_MAX = 120
_NAME_MAX = 60
_SHORT_ID_DIGITS = 8
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells as text; columns in `right` (from 0) hold numbers, and `total` is the row that they add to."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int]
    total: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A bar for each day: its height in tokens, and what it says of itself."""

    title: str
    summary: str
    values: tuple[int, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One meter: how it stands proved, its sheet, what it was used for, day by day, entry by entry."""

    title: str
    standing: str
    sheet: Table
    parts: tuple[Table, ...]
    plot: Plot
    entries: Table
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The whole report in words; `warnings` say why it is not final."""

    title: str
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    chapters: tuple[Chapter, ...]
    steps: tuple[str, ...]
    commands: tuple[str, ...]


def document_of(report: MonthlyReport) -> Document:
    """The report in words."""
    npub, name = encode_npub(report.account), safe_text(report.label, length_max=_NAME_MAX)
    count = sum(len(meter.lines) for meter in report.meters)
    checked = sum(meter.signatures_checked for meter in report.meters)
    return Document(
        title=f"AI usage of {name or npub[:16] + '…'} in {_month_name(report.month)}",
        facts=(
            ("Organisation" if report.is_organisation else "Account", f"{name} {npub}".strip()),
            ("Service", encode_npub(report.service)),
            ("Month", f"{_month_name(report.month)}, in {ZONE}"),
            ("As of", f"{_moment(report.as_of)}, when the newest entry was signed"),
            ("Entries", f"{count:,} in this month; signatures checked here: {checked:,} of {count:,}"),
            ("State", "final" if report.is_final else "NOT FINAL"),
        ),
        warnings=report.reservations,
        chapters=tuple(_chapter(meter, report) for meter in report.meters),
        steps=_STEPS,
        commands=(
            f"nostr-usage follow {encode_npub(report.service)} --relay URL",
            "nostr-usage sync && nostr-usage audit",
            f"nostr-usage statement {npub} --month {report.month}",
            "nostr-usage show ENTRY",
        ),
    )


def _chapter(meter: MeterMonth, report: MonthlyReport) -> Chapter:
    listed = meter.lines[:LINES_LISTED_MAX]
    left = len(meter.lines) - len(listed)
    unit = safe_text(meter.meter, length_max=_NAME_MAX)
    return Chapter(
        title=unit.replace("_", " ").capitalize(),
        standing=_standing(meter, report),
        sheet=_sheet(meter, unit),
        parts=tuple(
            _part(title, found, unit)
            for title, found in (
                ("By activity", meter.activities),
                ("By model", meter.models),
                ("By member", meter.members),
                ("By department", meter.departments),
            )
            if found.dimension not in report.hidden
            and (found is meter.activities or any(row.name for row in found.rows))
        ),
        plot=_plot(meter, report.month, unit),
        entries=_entries(listed, meter, left),
        note=_lateness(meter),
    )


def _standing(meter: MeterMonth, report: MonthlyReport) -> str:
    """On which entry it all stands; of the service's own ledger nobody knows more than its store."""
    where = f"It stands on entry {meter.seq:,} of {_moment(meter.as_of)}, id {meter.head_id}."
    sentence = "Signed here." if report.is_own else STATE_SENTENCES[meter.status.value]
    return where if meter.status in DOUBTFUL or not sentence else f"{sentence} {where}"


def _sheet(meter: MeterMonth, unit: str) -> Table:
    view = meter.statement
    figures = (
        ("Granted", view.granted),
        ("Purchased", view.purchased),
        ("Refunded", view.refunded),
        ("Used", -view.used),
        ("Expired", -view.expired),
        ("Taken back", -view.reversed),
    )
    rows = tuple((name, _signed(tokens)) for name, tokens in figures if tokens or name == "Used")
    return Table(
        title="Balance",
        header=("", unit),
        rows=(("Opening balance", _plain(view.opening)), *rows),
        right=frozenset({1}),
        total=("Closing balance", _plain(view.closing)),
    )


def _part(title: str, found: Breakdown, unit: str) -> Table:
    rows = tuple(
        (
            safe_text(row.name, length_max=_NAME_MAX) or "not stated",
            f"{row.count:,}",
            _plain(row.tokens),
            format_dollars(row.cents * 10_000),
            f"{row.share} %",
        )
        for row in found.rows
    )
    shares = sum(row.share for row in found.rows)
    return Table(
        title=title,
        header=(title.removeprefix("By ").capitalize(), "Actions", unit, "Value", "Share"),
        rows=rows,
        right=frozenset({1, 2, 3, 4}),
        total=(
            "Total",
            f"{found.count:,}",
            _plain(found.tokens),
            format_dollars(found.cents * 10_000),
            f"{shares} %",
        ),
    )


def _plot(meter: MeterMonth, month: str, unit: str) -> Plot:
    most = max(meter.days)
    day = meter.days.index(most) + 1
    name = _month_name(month).split(" ", maxsplit=1)[0]
    summary = (
        f"{_plain(sum(meter.days))} {unit} over {len(meter.days)} days;"
        f" the most, {_plain(most)}, on {day} {name}."
        if most > 0
        else "Nothing was used."
    )
    return Plot(
        title="By day",
        summary=summary,
        values=meter.days,
        labels=tuple(
            f"{number} {name}: {_plain(tokens)}" for number, tokens in enumerate(meter.days, start=1)
        ),
    )


def _entries(listed: tuple[Line, ...], meter: MeterMonth, left: int) -> Table:
    has_people = any(line.member or line.department for line in meter.lines)
    has_texts = any(line.description for line in meter.lines)
    header = ["When (UTC)", "Entry", "What"]
    header += ["Who"] if has_people else []
    header += ["Description"] if has_texts else []
    right = frozenset({len(header), len(header) + 1})
    rows = [_entry(line, has_people=has_people, has_texts=has_texts) for line in listed]
    if left:
        rest = meter.lines[-left:]
        moved = sum(line.row.tokens for line in rest)
        gap = ("",) * (len(header) - 3)
        rows.append(("", "", f"{left:,} more, in the CSV", *gap, _signed(moved), _plain(rest[-1].running)))
    return Table(
        title="Entries",
        header=(*header, "Tokens", "Balance"),
        rows=tuple(rows),
        right=right,
        total=("", "", "Closing balance", *("",) * (len(header) - 2), _plain(meter.statement.closing)),
    )


def _entry(line: Line, *, has_people: bool, has_texts: bool) -> tuple[str, ...]:
    row = line.row
    who = " · ".join(safe_text(one, length_max=_NAME_MAX) for one in (line.member, line.department) if one)
    text = safe_text(line.description, length_max=_DESCRIPTION_MAX)
    what = row.type if row.operation in {Operation.DEBIT, Operation.GRANT} else f"{row.operation}: {row.type}"
    return (
        datetime.fromtimestamp(row.occurred_at, UTC).strftime("%d %H:%M:%S"),
        row.entry_id[:_SHORT_ID_DIGITS],
        safe_text(what, length_max=_NAME_MAX),
        *((who,) if has_people else ()),
        *((text,) if has_texts else ()),
        _signed(row.tokens) if row.tokens else "",
        _plain(line.running),
    )


def _lateness(meter: MeterMonth) -> str:
    differing = sum(line.running != line.row.balance for line in meter.lines)
    if not differing:
        return ""
    return (
        f"{differing:,} of these entries {'states' if differing == 1 else 'state'} another balance than this"
        " month's, because entries of another month were signed in between."
    )


def _month_name(month: str) -> str:
    year, _, number = month.partition("-")
    return f"{_MONTHS[int(number) - 1]} {year}"


def _moment(unix_time: int) -> str:
    return datetime.fromtimestamp(unix_time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _plain(tokens: int) -> str:
    return format_tokens(tokens).replace("-", _MINUS)


def _signed(tokens: int) -> str:
    return f"{'+' if tokens > 0 else ''}{_plain(tokens)}"
