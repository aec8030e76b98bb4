"""Views as lines of text with styles of ours: what the panels of the first screen show, in a given width."""

from __future__ import annotations

from textual.content import Content

from nostr_usage.amount import format_tokens
from nostr_usage.ledger.state import Lifetime
from nostr_usage.reporting.outlook import Level, OutlookView
from nostr_usage.reporting.trends import BurnView
from nostr_usage.views import BalanceView, LotView, MonthView
from tui import wording
from tui.keys import spelled_of
from tui.look import Look
from tui.snapshot import Proved, Snapshot

_MUTED = "$text-muted"
_NAME_WIDTH = 10
_SHARE_BAR_MIN, _SHARE_BAR_MAX = 3, 20
_ACTIVITY_WIDTH = 19
_BURN_SHOWN = 14
_PROBLEMS_SHOWN = 20


def proved_style(proved: Proved) -> str:
    """The colour of a state; a glyph and a word say the same."""
    match proved:
        case Proved.VERIFIED | Proved.OWN | Proved.PROVISIONAL:
            return "$success"
        case Proved.CONFLICT:
            return "bold $error"
        case Proved.INCOMPLETE | Proved.STALE:
            return "$warning"


def figure_line(view: BalanceView, proved: Proved, look: Look, width: int) -> Content:
    """The balance, what it is worth, and how much of it is proved."""
    style = "bold $error" if view.tokens <= 0 else "bold $primary"
    parts: list[tuple[str, str]] = []
    if look.shows_tokens:
        parts += [(wording.tokens(view.tokens, look), style), (f" {look.text(view.meter)}", "bold")]
    if look.shows_dollars:
        parts += [("  ", "")] if parts else []
        parts.append(
            (wording.dollars(view.micro_dollars, look), "$foreground" if look.shows_tokens else style)
        )
    left = Content.assemble(*parts)
    proof = f"{wording.proved_glyph(proved, look)} {wording.proved_word(proved)}"
    gap = max(1, width - left.cell_length - len(proof))
    return Content.assemble(left, " " * gap, (proof, proved_style(proved)))


def bar_line(view: BalanceView, look: Look, width: int) -> Content:
    """The bar, with its percent."""
    whole = max(view.tokens, 0) + view.used_this_cycle
    share = f"{view.percent:3d} %"
    full, empty = look.bar(max(view.tokens, 0), whole, max(4, width - len(share) - 1))
    return Content.assemble((full, _level_style(view)), (empty, _MUTED), f" {share}")


def balance_lines(snapshot: Snapshot, view: BalanceView, look: Look, width: int) -> list[Content]:
    """The balance panel."""
    whole = max(view.tokens, 0) + view.used_this_cycle
    used = f"{_worth(view.used_this_cycle, view, look)} used of {_worth(whole, view, look)} this cycle"
    allowance, purchased, other, debt = wording.worths_that_add(
        (view.allowance, view.purchased, view.other, -view.debt), view.token_value, look
    )
    lines = [
        figure_line(view, snapshot.proved, look, width),
        bar_line(view, look, width),
        Content.styled(used, _MUTED),
    ]
    if view.debt:
        lines.append(_field("Debt", f"{debt}, paid first", "$error"))
    granted = _worth(view.allowance_granted, view, look)
    lines.append(_field("Allowance", f"{allowance} of {granted}"))
    lines.append(_field("Purchased", f"{purchased} never expire"))
    if view.other:
        lines.append(_field("Other", other))
    if view.held:
        lines.append(_field("Reserved", _worth(view.held, view, look)))
    reset = wording.reset_sentence(view, now=snapshot.taken_at, look=look)
    lines.append(_field("Reset", reset, "$warning" if view.is_reset_due else ""))
    if snapshot.burn is not None:
        lines += burn_lines(snapshot.burn, view, look, now=snapshot.taken_at)
    lines.append(_field("Rate", f"{wording.rate(view.token_value)} a token"))
    if len(sources := tuple(dict.fromkeys(wording.source_name(lot.source) for lot in view.lots))) > 1:
        lines.append(_field("Spends", look.own(" → ").join(sources)))
    as_of = f"#{view.as_of_seq:,} {look.glyphs.dot} {wording.reset_time(view.as_of, look)}"
    lines.append(_field("As of", as_of))
    return lines


def burn_lines(burn: BurnView, view: BalanceView, look: Look, *, now: int) -> list[Content]:
    """The use of the last days as a curve, and when the balance runs out at that rate."""
    curve = Content.assemble(
        (f"{'Burn':<{_NAME_WIDTH}}", _MUTED),
        (look.spark(burn.days[-_BURN_SHOWN:]), "$primary"),
        f" {_worth(burn.per_day, view, look)}/day",
    )
    return [curve, _field("Runs out", wording.runs_out(burn, view, now=now, look=look))]


def lot_lines(lots: tuple[LotView, ...], look: Look) -> list[Content]:
    """The lots in the order in which they are spent."""
    lines: list[Content] = []
    for number, lot in enumerate(lots, start=1):
        until = (
            "never expires" if lot.expires_at is None else f"until {wording.full_time(lot.expires_at, look)}"
        )
        left = f"{format_tokens(lot.remaining)} of {format_tokens(lot.granted)}"
        lines.append(_field(f"{number} {wording.source_name(lot.source)}", f"{left}, {until}", width=14))
    return lines


def month_lines(month: MonthView, snapshot: Snapshot, look: Look, size: tuple[int, int]) -> list[Content]:
    """The month by activity; shares add to 100 and cents to the total. What has no room is summed up."""
    width, height = size
    if not month.rows:
        return [Content.styled(f"Nothing used in {wording.month_name(month.month)} yet.", _MUTED)]
    space = max(1, height - 3)
    shown = month.rows if len(month.rows) <= space else month.rows[: space - 1]
    rest = month.rows[len(shown) :]
    figures = [
        (look.text(snapshot.labels.get(row.activity, row.activity)), row.tokens, row.cents, row.share)
        for row in shown
    ]
    if rest:
        sums = [
            sum(column) for column in zip(*((row.tokens, row.cents, row.share) for row in rest), strict=True)
        ]
        figures.append((f"{len(rest)} more", sums[0], sums[1], sums[2]))
    total = ("Total", month.tokens, month.cents, sum(row.share for row in month.rows))
    view = snapshot.balance
    left = (max(view.tokens, 0), max(round_cents(view.micro_dollars), 0)) if view is not None else (0, 0)
    widths = (
        max(len(wording.tokens(number, look)) for number in (month.tokens, left[0])),
        max(len(wording.cents(number, look)) for number in (month.cents, left[1])),
    )
    lines = [_share_line(row, widths, look, width) for row in figures]
    lines.append(Content.styled(look.glyphs.rule * width, "$border"))
    lines.append(_share_line(total, widths, look, width, has_bar=False).stylize("bold"))
    lines.append(_share_line(("Left now", left[0], left[1], None), widths, look, width, has_bar=False))
    return lines


def round_cents(micro: int) -> int:
    """Micro-dollars as cents, halves up, as `format_dollars` shows them."""
    return (abs(micro) + 5_000) // 10_000 * (-1 if micro < 0 else 1)


def notice_line(snapshot: Snapshot, look: Look) -> Content | None:
    """What the owner should know: conflict, debt, nothing left, low; None if there is nothing to say."""
    view, outlook = snapshot.balance, snapshot.outlook
    if view is None or outlook is None:
        return None
    if snapshot.proved is Proved.CONFLICT:
        evidence = f"{spelled_of('balance.why', look)} shows the evidence."
        sentence = f"{wording.proved_sentence(snapshot.proved)} {evidence}"
        return Content.styled(f" {look.glyphs.bad} {sentence}", "bold $error")
    if outlook.level is Level.ENOUGH:
        return None
    parts = [wording.level_sentence(view, outlook, look)]
    if outlook.level is Level.LOW:
        parts.append(wording.enough_sentence(outlook, look))
        parts += [missing] if (missing := wording.not_enough_sentence(outlook, look)) else []
    else:
        if view.resets_at is not None:
            reset = wording.reset_sentence(view, now=snapshot.taken_at, look=look)
            parts.append(f"allowance again {reset}")
        parts.append(f"{spelled_of('balance.enough', look)} shows packs")
    text = f" {look.glyphs.warning} " + look.own(" · ").join(parts)
    return Content.styled(text, "$warning" if outlook.level is Level.LOW else "$error")


def enough_lines(outlook: OutlookView, view: BalanceView, look: Look, *, now: int) -> list[Content]:
    """The panel of what a balance is enough for, and of the packs; `now` is unix seconds."""
    held = wording.amount(view.tokens, view.micro_dollars, look)
    lines = [Content.styled(f"You have {held}", "bold" if view.tokens > 0 else "bold $error")]
    if view.tokens < 0:
        debt = wording.amount(-view.tokens, -view.micro_dollars, look)
        lines.append(Content.styled(f"Whatever comes in pays the debt of {debt} first.", "$error"))
    if view.resets_at is not None:
        reset = wording.reset_sentence(view, now=now, look=look)
        lines.append(Content.styled(f"Next allowance {reset}", _MUTED))
    lines.append(Content(""))
    enough = outlook.affordable
    lines.append(Content.styled("Enough for", "bold $success"))
    lines += [
        Content(f"  {item.count:>6,} {look.text(item.label)}, about {_worth(item.tokens, view, look)} each")
        for item in enough.enough_for
    ]
    if not enough.enough_for:
        lines.append(Content("  nothing on the price list"))
    if enough.mix:
        mix = " + ".join(f"{item.count:,} {look.text(item.label)}" for item in enough.mix)
        lines.append(Content(f"  or {mix}"))
    if enough.not_enough_for:
        lines += [Content(""), Content.styled("Not enough for", "bold $warning")]
        for item in enough.not_enough_for:
            missing = _worth(item.missing, view, look)
            unit = " tokens" if look.shows_tokens else ""
            lines.append(Content(f"  {look.text(item.label)}: {missing} more{unit} needed"))
    if outlook.packs:
        lines += [Content(""), Content.styled("Packs; their tokens never expire", "bold $primary")]
    for pack in outlook.packs:
        price = wording.dollars(pack.price_micro_dollars, look)
        best = f"  {look.glyphs.good} best value" if pack.is_best else ""
        lines.append(
            Content(f"  {price:>8}  {pack.tokens:>8,} tokens  {pack.tokens_per_dollar:,} a dollar{best}")
        )
    return lines


def why_lines(view: BalanceView, lifetime: Lifetime, look: Look) -> list[Content]:
    """The lots that make the balance, and the sums over all entries that give the same."""
    lines = [Content.styled("Lots, in the order in which they are spent", "bold $primary")]
    lines += lot_lines(view.lots, look) or [Content("  none")]
    if view.debt:
        lines.append(amount_line("Debt", -view.debt, look))
    lines += [amount_line("Balance", view.tokens, look).stylize("bold"), Content("")]
    lines.append(Content.styled(look.own(f"All {view.as_of_seq:,} entries added up"), "bold $primary"))
    lines += lifetime_lines(lifetime, look)
    total = _lifetime_sum(lifetime)
    if total != view.tokens:
        lapsed = f"{look.glyphs.doubt} {total - view.tokens:,} lapsed since the last entry, not written yet."
        lines.append(Content.styled(lapsed, "$warning"))
    else:
        lines.append(Content.styled(f"{look.glyphs.good} Both give the balance.", "$success"))
    return [*lines, *problem_lines(view, look)]


def problem_lines(view: BalanceView, look: Look) -> list[Content]:
    """What speaks against the balance: every finding, with the entry it is about."""
    if not view.problems:
        return []
    lines = [Content(""), Content.styled(f"What speaks against it: {len(view.problems):,}", "bold $error")]
    for problem in view.problems[:_PROBLEMS_SHOWN]:
        lines.append(Content(f"{look.glyphs.bad} {look.text(problem.message)}"))
        if problem.entry_id is not None:
            lines.append(Content.styled(f"  entry {problem.entry_id}", _MUTED))
    if len(view.problems) > _PROBLEMS_SHOWN:
        lines.append(Content.styled(f"  and {len(view.problems) - _PROBLEMS_SHOWN:,} more", _MUTED))
    return lines


def lifetime_lines(lifetime: Lifetime, look: Look) -> list[Content]:
    """What came in and went out, and its sum."""
    lines = [amount_line(name, tokens, look) for name, tokens in _moves(lifetime) if tokens]
    return [*lines, amount_line("Sum", _lifetime_sum(lifetime), look).stylize("bold")]


def _moves(lifetime: Lifetime) -> tuple[tuple[str, int], ...]:
    return (
        ("Granted", lifetime.granted),
        ("Purchased", lifetime.purchased),
        ("Used", -lifetime.used),
        ("Refunded", lifetime.refunded),
        ("Lapsed", -lifetime.expired),
        ("Reversed", -lifetime.reversed),
    )


def _lifetime_sum(lifetime: Lifetime) -> int:
    return sum(tokens for _, tokens in _moves(lifetime))


def amount_line(name: str, tokens: int, look: Look) -> Content:
    """A name and tokens with their sign."""
    return Content(f"  {name:<14}{wording.signed_tokens(tokens, look):>16}")


def _worth(tokens: int, view: BalanceView, look: Look) -> str:
    return wording.worth(tokens, view.token_value, look)


def _level_style(view: BalanceView) -> str:
    return "$primary" if view.percent >= 25 else "$warning"


def _field(name: str, value: str, style: str = "", *, width: int = _NAME_WIDTH) -> Content:
    return Content.assemble((f"{name:<{width}}", _MUTED), (value, style))


def _share_line(
    row: tuple[str, int, int, int | None],
    widths: tuple[int, int],
    look: Look,
    width: int,
    *,
    has_bar: bool = True,
) -> Content:
    """Name, tokens, dollars, share; a bar where the name leaves room for one."""
    name, tokens, cents, share = row
    share_text = " " * 4 if share is None else f"{share:>3}%"
    usd = wording.cents(cents, look)
    shown = [f"{wording.tokens(tokens, look):>{widths[0]}}"] if look.shows_tokens else []
    shown += [f"{usd:>{widths[1]}}"] if look.shows_dollars else []
    numbers = f" {' '.join(shown)} {share_text}"
    bar_width = min(_SHARE_BAR_MAX, width - _ACTIVITY_WIDTH - len(numbers) - 2)
    bar_cells = bar_width + 2 if bar_width >= _SHARE_BAR_MIN else 0
    parts: list[tuple[str, str]] = [
        (look.fit(name, width - len(numbers) - bar_cells), ""),
        (numbers, ""),
    ]
    if bar_cells:
        full = look.bar(share or 0, 100, bar_width)[0] if has_bar else ""
        parts.append((f"  {full:<{bar_width}}", "$primary"))
    return Content.assemble(*parts)
