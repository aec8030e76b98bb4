"""Keys of the balance and of the usage screen."""

from __future__ import annotations

from tui.keys.key import Key

BALANCE_KEYS = (
    Key(
        id="balance.enough",
        where="balance",
        keys="l",
        action="app.enough",
        help="Show what the balance is enough for, and what could be bought.",
        label="Enough for",
    ),
    Key(
        id="balance.why",
        where="balance",
        keys="w",
        action="app.why",
        help="Show the lots and sums that the balance is made of.",
        label="Why",
    ),
    Key(
        id="balance.renewal",
        where="balance",
        keys="m",
        action="app.renewal",
        help="Show what the last reset brought, and what the month before used.",
    ),
    Key(
        id="balance.past",
        where="balance",
        keys="b",
        action="app.past",
        help="Show the balance as it was after the entry under the cursor.",
    ),
)

USAGE_KEYS = (
    Key(
        id="usage.earlier",
        where="usage",
        keys="left_square_bracket,left",
        action="earlier",
        help="The period before.",
        label="Earlier",
        shown="[",
    ),
    Key(
        id="usage.later",
        where="usage",
        keys="right_square_bracket,right",
        action="later",
        help="The period after.",
        label="Later",
        shown="]",
    ),
    Key(
        id="usage.shorter",
        where="usage",
        keys="minus",
        action="shorter",
        help="A shorter period: all, year, month, week, day.",
    ),
    Key(
        id="usage.longer",
        where="usage",
        keys="equals_sign,plus",
        action="longer",
        help="A longer period: day, week, month, year, all.",
        label="Longer",
        shown="=",
    ),
    Key(
        id="usage.today",
        where="usage",
        keys="t",
        action="today",
        help="Back to the period that today lies in.",
    ),
    Key(
        id="usage.by",
        where="usage",
        keys="b",
        action="by",
        help="By activity, by model, by member, or by what models reported: input, output, cache.",
        label="By",
    ),
    Key(
        id="usage.picture",
        where="usage",
        keys="v",
        action="picture",
        help="The next picture below: use, balance with forecast, days, value, dearest actions.",
        label="View",
    ),
    Key(
        id="usage.report",
        where="usage",
        keys="e",
        action="app.report",
        help="Write the month as a report: PDF, HTML or CSV.",
        label="Report",
    ),
    Key(
        id="usage.open",
        where="usage",
        keys="o",
        action="app.open_written",
        help="Open the file that was written last in the pager ($PAGER).",
    ),
)
