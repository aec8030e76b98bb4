"""What people look at: frozen views that every screen, export and `--json` share, so no two can disagree.

Amounts are tokens and micro-dollars; times are unix seconds. Formatting belongs to whoever shows a view.
"""

from typing import TYPE_CHECKING, NamedTuple

from nostr_usage.ledger.names import AccountId, EntryId, Operation, Source

if TYPE_CHECKING:
    from nostr_usage.ledger.problems import Problem


# The states of PROTOCOL.md as people read them; programs get the states themselves. Without rolls nobody can
# say that there is no newer entry, so the best state that a reader sees is not called by what it lacks.
STATE_WORDS = {
    "verified": "verified",
    "provisional": "proved",
    "incomplete": "incomplete",
    "stale": "stale",
    "conflict": "CONFLICT",
}
STATE_SENTENCES = {
    "verified": "",
    "provisional": "Proved: every entry is signed, linked and adds up. A relay may yet show a newer one.",
    "incomplete": "Incomplete: entries are missing that must exist; this figure is not final.",
    "stale": "Stale: the relays show less than was seen before.",
    "conflict": "Conflict: two signed entries contradict each other; this figure is not final.",
}


class LotView(NamedTuple):
    """A lot that can be spent: `remaining` of `granted` tokens; views list lots in the order of spending."""

    source: Source
    remaining: int
    granted: int
    expires_at: int | None


class BalanceView(NamedTuple):
    """The balance of one stream, with all that explains it.

    Attributes:
        account: the account, 64 hex digits; `label` is what the operator calls it.
        tokens: what is left; negative is debt. Lots that have lapsed count for nothing.
        allowance: left of this cycle's allowance, out of `allowance_granted`.
        purchased: left of purchases; `other` of promotions, gifts and the like.
        held: reserved for actions that are running.
        used_this_cycle: debits less refunds since `cycle_start`.
        percent: tokens ÷ (tokens + used this cycle), 0–100.
        micro_dollars: what the tokens are worth at `token_value` nano-dollars each.
        resets_at: when the next allowance comes; `is_reset_due` if that has passed, and is not written yet.
        state: how much of it is proved, as in PROTOCOL.md, "Reading".
        as_of_seq: the entry that it stands on, with its id and time.
    """

    account: AccountId
    label: str
    meter: str
    tokens: int
    allowance: int
    allowance_granted: int
    purchased: int
    other: int
    debt: int
    held: int
    used_this_cycle: int
    lifetime_used: int
    percent: int
    micro_dollars: int
    token_value: int
    cycle_start: int | None
    resets_at: int | None
    is_reset_due: bool
    lots: tuple[LotView, ...]
    state: str
    as_of_seq: int
    as_of_id: EntryId
    as_of: int
    problems: "tuple[Problem, ...]"


class ActivityRow(NamedTuple):
    """One activity in one month, net of refunds; `cents` and `share` of all rows add to the totals."""

    activity: str
    count: int  # pyright: ignore[reportIncompatibleMethodOverride]  # of actions; nobody counts items
    tokens: int
    micro_dollars: int
    cents: int
    share: int


class MonthView(NamedTuple):
    """A month (`2026-02`, UTC) of one stream: activities by tokens, and what came in and lapsed.

    `is_known` is False where amounts are so large that their saved sum ended at its bound.
    """

    account: AccountId
    meter: str
    month: str
    rows: tuple[ActivityRow, ...]
    tokens: int
    micro_dollars: int
    cents: int
    granted: int
    purchased: int
    expired: int
    reversed: int
    is_known: bool = True


class HistoryRow(NamedTuple):
    """One entry as a line of a history; `tokens` carries its sign, `description` is None if it is sealed.

    `confirmed` relays of `queued` serve it, as far as this home has published it; both 0 for a reader.
    """

    entry_id: EntryId
    seq: int
    occurred_at: int
    operation: Operation
    type: str
    tokens: int
    micro_dollars: int
    balance: int
    description: str | None
    confirmed: int = 0
    queued: int = 0
