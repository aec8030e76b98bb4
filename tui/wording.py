"""What figures are called: one spelling for the screens and for the text report. Pure text, no colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date

from nostr_usage.amount import cents_that_add, format_dollars, format_tokens, micro_dollars
from nostr_usage.ledger.entry import Operation, Source
from nostr_usage.reporting.outlook import Level, OutlookView
from nostr_usage.reporting.trends import BurnView
from nostr_usage.views import STATE_SENTENCES, STATE_WORDS, BalanceView, HistoryRow
from tui.look import Look
from tui.snapshot import Proved

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS_LONG = (
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
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SOURCE_WORDS = {
    Source.PROMO: "Promotion",
    Source.GIFT: "Gift",
    Source.ROLLOVER: "Rolled over",
    Source.ALLOWANCE: "Allowance",
    Source.ADJUSTMENT: "Adjustment",
    Source.PURCHASED: "Purchased",
}
_FAR_DAYS = 365
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400


def day_and_time(unix_time: int, look: Look) -> str:
    """`14 Feb 14:45`; with the year in another year than now is not needed where months have headings."""
    moment = look.moment(unix_time)
    return f"{moment.day:2d} {_MONTHS[moment.month - 1]} {moment:%H:%M}"


def full_time(unix_time: int, look: Look) -> str:
    """`14 Feb 2026 14:45:02 UTC`."""
    moment = look.moment(unix_time)
    month = _MONTHS[moment.month - 1]
    return f"{moment.day} {month} {moment.year} {moment:%H:%M:%S} {look.zone_name(unix_time)}"


def reset_time(unix_time: int, look: Look) -> str:
    """`1 Mar 00:00 UTC`."""
    return f"{day_and_time(unix_time, look).strip()} {look.zone_name(unix_time)}"


def day_name(day: date) -> str:
    """`14 Feb`."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def month_short(month: int) -> str:
    """`Feb` for 2."""
    return _MONTHS[month - 1]


def weekday_short(weekday: int) -> str:
    """`Mon` for 0."""
    return _WEEKDAYS[weekday]


def month_name(month: str) -> str:
    """`February 2026` for `2026-02`."""
    year, _, number = month.partition("-")
    return f"{_MONTHS_LONG[int(number) - 1]} {year}"


def duration(seconds: int) -> str:
    """The two greatest units up to two days, then days: `14 d`, `1 d 9 h`, `9 h 5 min`, `40 s`."""
    left = max(seconds, 0)
    if left >= 2 * _DAY_S:
        return f"{left // _DAY_S} d"
    if left >= _DAY_S:
        return f"{left // _DAY_S} d {left % _DAY_S // _HOUR_S} h"
    if left >= _HOUR_S:
        return f"{left // _HOUR_S} h {left % _HOUR_S // _MINUTE_S} min"
    return f"{left // _MINUTE_S} min" if left >= _MINUTE_S else f"{left} s"


def ago(seconds: int) -> str:
    """`just now`, `3 min ago`, `2 d ago`: one unit."""
    if seconds < 5:
        return "just now"
    if seconds < _MINUTE_S:
        return f"{seconds // 5 * 5} s ago"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S} min ago"
    return f"{seconds // _HOUR_S} h ago" if seconds < 2 * _DAY_S else f"{seconds // _DAY_S} d ago"


def tokens(count: int, look: Look) -> str:
    """Tokens with separators and, below zero, a minus that is as wide as a figure."""
    return f"{look.glyphs.minus}{format_tokens(-count)}" if count < 0 else format_tokens(count)


def signed_tokens(count: int, look: Look) -> str:
    """Tokens with their sign: `+5,000`, `−247`, `0`."""
    return f"+{format_tokens(count)}" if count > 0 else tokens(count, look)


def dollars(micro: int, look: Look) -> str:
    """Dollars and cents."""
    return format_dollars(micro).replace("-", look.glyphs.minus)


def cents(amount: int, look: Look) -> str:
    """Cents that were rounded together with others, as dollars."""
    return dollars(amount * 10_000, look)


def amount(count: int, micro: int, look: Look) -> str:
    """Tokens, dollars or both, as the user wants them: `5,847 tokens, $8.77`."""
    parts = [f"{tokens(count, look)} tokens"] if look.shows_tokens else []
    return ", ".join([*parts, dollars(micro, look)] if look.shows_dollars else parts)


def worth(count: int, token_value: int, look: Look) -> str:
    """Tokens; or, where only dollars are wanted, what they are worth at `token_value` nano-dollars each."""
    return tokens(count, look) if look.shows_tokens else dollars(micro_dollars(count, token_value), look)


def worths_that_add(counts: Sequence[int], token_value: int, look: Look) -> tuple[str, ...]:
    """Each as `worth` has it; in dollars, cents are rounded together, so that they add to the sum's."""
    if look.shows_tokens:
        return tuple(tokens(count, look) for count in counts)
    rounded = cents_that_add([micro_dollars(count, token_value) for count in counts])
    return tuple(cents(amount, look) for amount in rounded)


def rate(token_value: int) -> str:
    """Nano-dollars a token as dollars, exact, without trailing zeros."""
    whole, nano = divmod(token_value, 1_000_000_000)
    return f"${whole}.{nano:09d}".rstrip("0").removesuffix(".")


def short_npub(npub: str, look: Look) -> str:
    """An npub that still tells accounts apart: `npub1q3k…7x4k`."""
    return f"{npub[:9]}{look.glyphs.ellipsis}{npub[-4:]}"


def source_name(source: Source) -> str:
    """What a lot's source is called."""
    return _SOURCE_WORDS[source]


def proved_word(proved: Proved) -> str:
    """How much of a stream is proved, in a word or two."""
    return "signed here" if proved is Proved.OWN else STATE_WORDS[proved.value]


def proved_glyph(proved: Proved, look: Look) -> str:
    """The sign that goes with the word."""
    match proved:
        case Proved.VERIFIED | Proved.OWN | Proved.PROVISIONAL:
            return look.glyphs.good
        case Proved.CONFLICT:
            return look.glyphs.bad
        case Proved.INCOMPLETE | Proved.STALE:
            return look.glyphs.doubt


def proved_sentence(proved: Proved) -> str:
    """What a state means for the figure; empty where there is nothing to add."""
    return "" if proved is Proved.OWN else STATE_SENTENCES[proved.value]


def activity_name(row: HistoryRow, labels: Mapping[str, str]) -> str:
    """What an entry is called: its activity, or what moved the balance."""
    if row.operation is Operation.DEBIT:
        return labels.get(row.type, row.type)
    words = row.type.replace("_", " ").replace("-", " ").capitalize()
    match row.operation:
        case Operation.REFUND:
            return "Refund"
        case Operation.OPEN:
            return "Account opened"
        case Operation.PLAN:
            return f"Plan: {words}"
        case _:
            return words


def badge(row: HistoryRow, *, proved: Proved, look: Look) -> tuple[str, str]:
    """The sign and the word for how far an entry is proved and published."""
    if proved is Proved.CONFLICT:
        return look.glyphs.warning, "conflict"
    if row.queued and row.confirmed < row.queued:
        return look.glyphs.under_way, f"publishing {row.confirmed} of {row.queued}"
    if row.queued:
        return look.glyphs.good, f"on {row.confirmed} of {row.queued} relays"
    return look.glyphs.good, proved_word(Proved.OWN if proved is Proved.OWN else Proved.VERIFIED)


def reset_sentence(view: BalanceView, *, now: int, look: Look) -> str:
    """When the allowance comes again, with zone and countdown."""
    if view.resets_at is None:
        return "never: no allowance"
    when = reset_time(view.resets_at, look)
    if view.is_reset_due:
        return look.own(f"{when} · due now")
    return look.own(f"{when} · in {duration(view.resets_at - now)}")


def runs_out(burn: BurnView, view: BalanceView, *, now: int, look: Look) -> str:
    """When the balance runs out at the rate of late: `about 24 Feb, in 10 d`; a reset may come before."""
    if view.tokens <= 0:
        return "nothing left"
    if not burn.is_known:
        return "known after 3 whole days"
    if burn.lasts_s is None:
        return "nothing used of late"
    if burn.lasts_s > _FAR_DAYS * _DAY_S:
        return "not within a year"
    end = now + burn.lasts_s
    if view.resets_at is not None and not view.is_reset_due and end >= view.resets_at:
        return f"about {_day(end, look)}, after reset"
    return f"about {_day(end, look)}, in {burn.lasts_s // _DAY_S} d"


def _day(unix_time: int, look: Look) -> str:
    moment = look.moment(unix_time)
    return f"{moment.day} {_MONTHS[moment.month - 1]}"


def enough_sentence(outlook: OutlookView, look: Look) -> str:
    """`enough for 3 × Magic Mentor or 2 × Quiz Generation`."""
    enough = outlook.affordable.enough_for
    if not enough:
        return "enough for nothing on the price list"
    parts = [f"{item.count:,} {look.text(item.label)}" for item in enough]
    return "enough for " + " or ".join(parts)


def not_enough_sentence(outlook: OutlookView, look: Look) -> str:
    """`not for Experiment Creation`; empty if it is enough for everything."""
    missing = outlook.affordable.not_enough_for
    return "not for " + ", ".join(look.text(item.label) for item in missing) if missing else ""


def level_sentence(view: BalanceView, outlook: OutlookView, look: Look) -> str:
    """What a low balance is called; empty if it is not low."""
    match outlook.level:
        case Level.ENOUGH:
            return ""
        case Level.LOW:
            return f"Low: {amount(view.tokens, view.micro_dollars, look)} left"
        case Level.EMPTY:
            return "Nothing left"
        case Level.DEBT:
            debt = worth(-view.tokens, view.token_value, look)
            return f"In debt by {debt}: the next grant pays it first"


def is_utc(look: Look) -> bool:
    """Whether the zone of the screen is the ledger's own."""
    return look.zone is UTC
