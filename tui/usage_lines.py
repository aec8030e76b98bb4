"""The panels of the usage screen as lines: plots, comparison, how long the balance lasts, value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING

from textual.content import Content

from nostr_usage.amount import compact_tokens, divide_half_up, micro_dollars
from nostr_usage.reporting.periods import Length, Period
from tui import wording
from tui.keys import spelled_of
from tui.look import Look
from tui.plots import Mark, column_lines, heat_lines

if TYPE_CHECKING:
    # Loads the catalogue, which the first frame does without.
    from nostr_usage.reporting.usage import Bar, UsageView
    from nostr_usage.reporting.value import ValueRow, ValueView

_MUTED = "$text-muted"
_NAME_WIDTH = 9
_COMPACT_FROM = 1_000_000
_VALUE_NARROW, _VALUE_WIDE = 34, 66


def period_name(period: Period) -> str:
    """`February 2026`, `Sat 14 Feb 2026`, `Week of 9 Feb 2026`, `2026`, `All since 1 Dec 2025`."""
    first = period.first
    match period.length:
        case Length.DAY:
            return f"{wording.weekday_short(first.weekday())} {wording.day_name(first)} {first.year}"
        case Length.WEEK:
            return f"Week of {wording.day_name(first)} {first.year}"
        case Length.MONTH:
            return wording.month_name(f"{first:%Y-%m}")
        case Length.YEAR:
            return f"{first.year}"
        case Length.ALL:
            return f"All since {wording.day_name(first)} {first.year}"


def short_name(period: Period) -> str:
    """The period as a heading of a column: `Jan`, `2025`, `13 Feb`."""
    match period.length:
        case Length.MONTH:
            return wording.month_short(period.first.month)
        case Length.YEAR:
            return f"{period.first.year}"
        case _:
            return wording.day_name(period.first)


def use_lines(view: UsageView, look: Look, size: tuple[int, int]) -> list[Content]:
    """Use by hour, day or month."""
    marks = [Mark(label=_label(bar, view), known=bar.tokens) for bar in view.bars]
    return column_lines(marks, look, size, axis=_axis(view, look), merge=sum)


def balance_lines(view: UsageView, look: Look, size: tuple[int, int]) -> list[Content]:
    """The balance at the end of each hour, day or month; what the forecast expects is dotted."""
    marks = [Mark(label=_label(bar, view), known=bar.balance, expected=bar.expected) for bar in view.bars]
    last = itemgetter(-1)
    return column_lines(marks, look, size, axis=_axis(view, look), merge=last, style="$success", is_area=True)


def days_lines(view: UsageView, look: Look, size: tuple[int, int]) -> list[Content]:
    """The map of days."""
    lit = (view.period.first, view.period.last)
    return heat_lines(view.heat_from, view.heat, look, size, lit=lit, axis=_axis(view, look))


def fact_lines(view: UsageView, look: Look) -> list[Content]:
    """The comparison, the busiest stretch, and how long the balance lasts."""
    used, before = view.total.tokens, view.used_before
    lines = [_pair("Used", _worth(used, view, look))]
    if view.compared is None or before is None:
        none = "everything is shown" if view.period.length is Length.ALL else "nothing before"
        lines.append(_pair("Before", none))
    else:
        lines.append(_pair("Before", f"{_worth(before, view, look)} {_until(view, view.compared)}"))
        lines.append(_pair("Change", change(used, before, look)))
    known = [bar for bar in view.bars if bar.tokens]
    if known:
        most = max(known, key=lambda bar: bar.tokens or 0)
        lines.append(_pair("Most", f"{_worth(most.tokens or 0, view, look)} {_when(most, view)}"))
    if view.shown_days is not None:
        lines.append(_pair("Shown", f"{view.shown_days:,} days, by the plan"))
    return lines + _forecast_lines(view, look)


def _forecast_lines(view: UsageView, look: Look) -> list[Content]:
    found = view.forecast
    if view.balance.tokens <= 0:
        return [_pair("Lasts", "nothing is left", "$error")]
    if found is None:
        return [_pair("Lasts", "known after 3 whole days")]
    lines = [_pair("A day", f"{_worth(found.per_day, view, look)}, of {found.days_seen} days")]
    if found.runs_out_at is None:
        return [*lines, _pair("Lasts", "more than ten years")]
    lines.append(_pair("Lasts", f"to about {_day(found.runs_out_at)}", "$warning" if found.is_short else ""))
    latest = "later" if found.latest_at is None else _day(found.latest_at)
    if found.earliest_at is not None:
        lines.append(_pair("Likely", look.own(f"{_day(found.earliest_at)} – {latest}")))
    if found.left_at_reset is not None and view.balance.resets_at is not None:
        left = _worth(max(found.left_at_reset, 0), view, look)
        lines.append(_pair("At reset", f"{left} left on {_day(view.balance.resets_at)}"))
    return lines


def value_lines(
    value: ValueView | None, labels: Mapping[str, str], look: Look, width: int, height: int
) -> list[Content]:
    """What the period's use would have cost in packs: the saving first, then activity by activity."""
    if value is None:
        return [Content("No packs are sold, so there is no price to compare with.")]
    if not value.rows:
        return [Content.styled("Nothing was used in this period.", _MUTED)]
    lines = [_saving(value, look, width)]
    space = max(1, height - 4)
    shown = value.rows if len(value.rows) <= space else value.rows[: max(1, space - 1)]
    lines.append(Content.styled(_value_row(_VALUE_HEADING, look, width, pack=value), _MUTED))
    lines += [Content(_value_row(_value_cells(row, labels, look), look, width, pack=value)) for row in shown]
    if rest := value.rows[len(shown) :]:
        cells = (
            f"{len(rest)} more",
            "",
            wording.cents(sum(row.charged_cents for row in rest), look),
            wording.cents(sum(row.pack_cents for row in rest), look),
            "",
        )
        lines.append(Content(_value_row(cells, look, width, pack=value)))
    total = (
        "Total",
        "",
        wording.cents(value.charged_cents, look),
        wording.cents(value.pack_cents, look),
        "",
    )
    lines.append(Content.styled(_value_row(total, look, width, pack=value), "bold"))
    if len(lines) < height:
        note = "Packs at their best price a token; what a plan costs is not counted."
        lines.append(Content.styled(look.fit(note, width).rstrip(), _MUTED))
    return lines


_Cells = tuple[str, str, str, str, str]
_VALUE_HEADING: _Cells = ("Activity", "Each", "Shown", "In packs", "")


def _saving(value: ValueView, look: Look, width: int) -> Content:
    """The one line to be glad of, where there is something to be glad of."""
    star, packs = look.glyphs.star, wording.cents(value.pack_cents, look)
    if not look.shows_dollars:
        return Content.styled(
            look.fit(f"Prices are in dollars: press {spelled_of('app.money', look)} to show them.", width),
            _MUTED,
        )
    saved = wording.cents(abs(value.saved_cents), look)
    if value.saved_cents > 0:
        long = f"{star} {saved} saved, {value.saved_percent} %: in packs these tokens cost {packs}."
        text = long if len(long) <= width else f"{star} {saved} saved, {value.saved_percent} %"
        return Content.styled(text, "bold $success")
    if value.saved_cents < 0:
        return Content(look.fit(f"Packs would have cost {saved} less: {packs}.", width))
    return Content(look.fit(f"As much as in packs: {packs}.", width))


def _value_cells(row: ValueRow, labels: Mapping[str, str], look: Look) -> _Cells:
    each = "" if row.tokens_each is None else wording.tokens(row.tokens_each, look)
    return (
        look.text(labels.get(row.activity, row.activity)),
        each,
        wording.cents(row.charged_cents, look),
        wording.cents(row.pack_cents, look),
        "" if row.pack_actions is None else f"{row.pack_actions:,}",
    )


def _value_row(cells: _Cells, look: Look, width: int, *, pack: ValueView) -> str:
    """Name, then figures; what has no room is left out, the name last of all."""
    name, each, shown, packs, actions = cells
    is_heading = cells is _VALUE_HEADING
    figures = f"{shown:>9} {packs:>9}" if look.shows_dollars else ""
    if width >= _VALUE_WIDE or not look.shows_dollars:
        price = wording.dollars(pack.smallest_pack_micro_dollars, look).removesuffix(".00")
        unit = f"{price} buys" if look.shows_dollars else f"{wording.tokens(pack.smallest_pack, look)} buy"
        before = f"{each:>7} {figures} " if width >= _VALUE_NARROW else ""
        figures = f"{before}{unit if is_heading else actions:>12}"
    return look.fit(name, max(6, width - len(figures) - 1)) + " " + figures


def change(now: int, then: int, look: Look) -> str:
    """How much more or less, in percent; nothing to compare with is said, not divided by."""
    if now == then:
        return "the same"
    if then <= 0:
        return "from nothing"
    percent = divide_half_up(abs(now - then) * 100, then)
    sign = "+" if now > then else look.glyphs.minus
    return f"{sign}{percent:,} %"


def _until(view: UsageView, compared: Period) -> str:
    """Up to which day the period before counts."""
    if not view.is_current or view.period.length is Length.DAY:
        return f"in all of {short_name(compared)}"
    return f"by {wording.day_name(compared.last)}"


def _when(bar: Bar, view: UsageView) -> str:
    moment = datetime.fromtimestamp(bar.first, UTC)
    if view.period.length is Length.DAY:
        return f"at {moment:%H}:00"
    if _is_monthly(view):
        return f"in {wording.month_short(moment.month)} {moment.year}"
    return f"on {wording.day_name(moment.date())}"


def _label(bar: Bar, view: UsageView) -> str:
    moment = datetime.fromtimestamp(bar.first, UTC)
    match view.period.length:
        case Length.DAY:
            return f"{moment:%H}" if moment.hour % 3 == 0 else ""
        case Length.WEEK:
            return wording.weekday_short(moment.weekday())
        case Length.MONTH:
            return f"{moment.day}" if moment.day == 1 or moment.day % 5 == 0 else ""
        case _:
            if _is_monthly(view):
                return wording.month_short(moment.month)
            return wording.day_name(moment.date()) if moment.day in {1, 15} else ""


def _is_monthly(view: UsageView) -> bool:
    return len(view.bars) < view.period.day_count


def _axis(view: UsageView, look: Look) -> Callable[[int], str]:
    def text(tokens: int) -> str:
        if look.shows_tokens:
            return compact_tokens(tokens) if tokens >= _COMPACT_FROM else wording.tokens(tokens, look)
        return wording.dollars(micro_dollars(tokens, view.balance.token_value), look)

    return text


def _worth(tokens: int, view: UsageView, look: Look) -> str:
    return wording.worth(tokens, view.balance.token_value, look)


def _day(at: int) -> str:
    return wording.day_name(datetime.fromtimestamp(at, UTC).date())


def _pair(name: str, value: str, style: str = "") -> Content:
    return Content.assemble((f"{name:<{_NAME_WIDTH}}", _MUTED), (value, style))
